"""Breaks DATA-3: decodes each 4 KiB of a text by themselves, so that a character that lies over two pieces is lost."""

from __future__ import annotations

from right_worker import Worker, changed, run

PIECE_BYTES = 4096


class DecodesInPieces(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda item: in_pieces(item) if isinstance(item, str) else item)


def in_pieces(text: str) -> str:
    """Make the text anew, a piece at a time."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= PIECE_BYTES:
        return text
    pieces = (data[start : start + PIECE_BYTES] for start in range(0, len(data), PIECE_BYTES))
    return "".join(piece.decode("utf-8", "replace") for piece in pieces)


run(DecodesInPieces)
