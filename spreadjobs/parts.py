"""
Messages whose large texts and bytes are kept apart from the opcodes around them. Spec SEC-2.

Each is collected in what it will be when the message is loaded, as its bytes arrive: nothing is reserved for what a
message only announces, and nothing of a gigabyte is copied twice. In the place of each the loader finds the opcode
NEXT_BUFFER, which takes the next one of a list. A walk refuses that opcode where a worker writes it, so that the list
and the opcodes always fit.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEXT_BUFFER: Final = b"\x97"
_BYTEARRAY8: Final = 0x96
_BYTES: Final = b"B\x8e"
_TEXT_OF_PYTHON_2: Final = 0x54
# Up to this size the pieces are kept as they came and joined at the end: that is faster, and takes the memory twice.
_JOINED_BYTES: Final = 4 * 1024 * 1024
_SMALL_PIECE_BYTES: Final = 4096


class _Large:
    """
    One argument that is kept apart.

    Args:
        head: Its opcode and its length, as they were written.
        size: The length, bytes.
    """

    __slots__ = ("_array", "_file", "_head", "_pieces", "left", "size")

    def __init__(self, head: bytes, size: int) -> None:
        self._head = head
        self.size = self.left = size
        self._array = bytearray()
        self._file = io.BytesIO() if size > _JOINED_BYTES and head[0] != _BYTEARRAY8 else None
        self._pieces: list[bytes | memoryview] = []

    def write(self, piece: bytes | memoryview) -> None:
        """Add bytes that came, of which none are beyond its end."""
        self.left -= len(piece)
        if self._head[0] == _BYTEARRAY8:
            self._array += piece
        elif self._file is not None:
            self._file.write(piece)
        elif len(piece) < _SMALL_PIECE_BYTES:
            self._array += piece
        else:
            self._collect()
            self._pieces.append(piece)

    def _collect(self) -> None:
        """Small pieces would take more memory for themselves than for what is in them."""
        if self._array:
            self._pieces.append(bytes(self._array))
            self._array.clear()

    def _content(self) -> bytes | bytearray:
        if self._head[0] == _BYTEARRAY8:
            return self._array
        if self._file is not None:
            return self._file.getvalue()  # That of a file that nobody else looks at is not copied.
        self._collect()
        return b"".join(self._pieces)

    def take(self, text: tuple[str, str]) -> object:
        """Give what the opcode stands for, and forget it."""
        content = self._content()
        self._array, self._file, self._pieces = bytearray(), None, []
        if self._head[0] == _BYTEARRAY8 or self._head[0] in _BYTES:
            return content
        if self._head[0] != _TEXT_OF_PYTHON_2:
            return str(content, "utf-8", "surrogatepass")
        return content if text[0] == "bytes" else str(content, *text)

    def beginning(self, count: int) -> bytes:
        """Give its first bytes as they were written, no more than so many of its content."""
        if self._file is not None:
            with self._file.getbuffer() as view:
                return self._head + bytes(view[:count])
        return b"".join([self._head, *(piece[:count] for piece in self._pieces[:count]), self._array[:count]])

    def written(self) -> Iterator[bytes | bytearray]:
        """Give its bytes as they were written."""
        yield self._head
        yield self._content()


class Parts:
    """The part of a message that was taken out of the buffer, since a large argument ends it."""

    def __init__(self) -> None:
        self.size = 0
        """So many bytes of the message are here, not in the buffer."""
        self._small: list[bytes] = []  # what stands before each of the large ones
        self._large: list[_Large] = []

    @property
    def left(self) -> int:
        """How many bytes of the last argument are still to come."""
        return self._large[-1].left if self._large else 0

    def add(self, small: bytes, head: bytes, size: int) -> None:
        """
        Add opcodes and the beginning of a large argument.

        Args:
            small: The bytes since the last one.
            head: The opcode and the length as they were written.
            size: The length, bytes.
        """
        self._small.append(small)
        self._large.append(_Large(head, size))
        self.size += len(small) + len(head)

    def write(self, piece: bytes | memoryview) -> None:
        """Add bytes of the last large argument, no more than there are left."""
        self._large[-1].write(piece)
        self.size += len(piece)

    def pieces(self, tail: bytes) -> list[bytes]:
        """Give what stands before, between and after the large arguments; the message ends with this tail."""
        return [*self._small, tail]

    def opcodes(self, tail: bytes) -> bytes:
        """Give a pickle that takes the large arguments from a list; the message ends with this tail."""
        return _NEXT_BUFFER.join(self.pieces(tail))

    def sizes(self) -> list[int]:
        """Give the sizes of the large arguments, bytes."""
        return [large.size for large in self._large]

    def take(self, text: tuple[str, str]) -> Iterator[object]:
        """Give what the large arguments are, one by one, and forget them."""
        for large in self._large:
            yield large.take(text)

    def forget(self) -> None:
        """Free the memory that it takes."""
        self._small, self._large = [], []

    def beginning(self, count: int) -> bytes:
        """Give the first bytes, no more than so many."""
        return (self._small[0][:count] + self._large[0].beginning(count))[:count]

    def joined(self, tail: bytes | bytearray) -> bytes:
        """Give all bytes as they were written; the message ends with this tail."""
        parts = zip(self._small, self._large, strict=True)
        return b"".join([*(part for small, large in parts for part in (small, *large.written())), tail])
