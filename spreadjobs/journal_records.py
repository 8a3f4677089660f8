r"""
The content of a journal's file: records that are found again whatever happened to the others. No input, no output.

    file:   a head of 128 bytes, then records
    record: the bytes F1 53 4A 31, a crc of the record's head, one of all of it, the length of the body; the body

The first crc (zlib's crc-32) is that of the record's place in the file and the length, the second one goes on over the
body. Numbers are little endian; a crc has 4 bytes, place and length have 8. So zeros, a cut, a block at a wrong place
or a record inside the body of another one is not taken for a record, and what only looks like the head of one is not
read. Who reads goes on behind damage at the next record that is whole.

Nothing but records, and no database: of a database a damaged page can cost all that is found by way of that page.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

import attrs

HEAD_BYTES: Final = 128
MARK: Final = b"\xf1SJ1"
BLOCK_BYTES: Final = 1 << 20
"""So much is read at once."""
_RECORD: Final = struct.Struct("<4sIIQ")
_SEALED: Final = struct.Struct("<QQ")
RECORD_BYTES: Final = _RECORD.size
"""What a record has besides its body."""


@attrs.frozen
class Piece:
    """A part of the file: the body of a record, or what is damaged."""

    start: int
    size_bytes: int
    whole: bool
    """Whether it is the body of a record."""

    @property
    def end(self) -> int:
        """Where the next piece can begin."""
        return self.start + self.size_bytes


class Content:
    """
    What a file has, read in blocks.

    Args:
        size_bytes: How much there is.
        read: Gives so many bytes from a place on.
    """

    def __init__(self, size_bytes: int, read: Callable[[int, int], bytes]) -> None:
        self.size_bytes = size_bytes
        self._read = read
        self._start = 0
        self._block = b""

    def get(self, start: int, size_bytes: int) -> bytes:
        """Give so many bytes from a place on, or as many as there are."""
        if start < self._start or start + size_bytes > self._start + len(self._block):
            self._load(start, size_bytes)
        at = start - self._start
        return self._block[at : at + size_bytes]

    def find(self, text: bytes, start: int) -> int:
        """Where a text of some bytes is found next; -1 if nowhere."""
        while start + len(text) <= self.size_bytes:
            if start < self._start or start + len(text) > self._start + len(self._block):
                self._load(start, len(text))
            at = self._block.find(text, start - self._start)
            if at >= 0:
                return self._start + at
            start = self._start + len(self._block) - len(text) + 1
        return -1

    def _load(self, start: int, least_bytes: int) -> None:
        self._start = start
        self._block = self._read(start, min(max(least_bytes, BLOCK_BYTES), self.size_bytes - start))


def record(place: int, body: bytes) -> bytes:
    """Make the record that stands there, but for its body, which follows."""
    head_crc = _head_crc(place, len(body))
    return _RECORD.pack(MARK, head_crc, zlib.crc32(body, head_crc), len(body))


def body_bytes(place: int, head: bytes) -> int | None:
    """The length of the body of the record of a place, by its head; None if that is none."""
    if len(head) < RECORD_BYTES:
        return None
    mark, head_crc, _, length = _RECORD.unpack_from(head)
    return int(length) if mark == MARK and head_crc == _head_crc(place, length) else None


def is_whole(head: bytes, body: bytes) -> bool:
    """Whether a body is the one that a head, which is one, was made for."""
    _, head_crc, crc, length = _RECORD.unpack_from(head)
    return bool(len(body) == length and zlib.crc32(body, head_crc) == crc)


def pieces(content: Content, start: int = HEAD_BYTES) -> Iterator[Piece]:
    """
    Find the records of a journal.

    Args:
        content: All that it has.
        start: Where the records begin.

    Yields:
        The body of each record that is whole, in order, and what lies between them and is none.
    """
    place, size = start, content.size_bytes
    damaged_from: int | None = None
    while place < size:
        length = _body_at(content, place)
        if length is None:
            damaged_from = place if damaged_from is None else damaged_from
            place = content.find(MARK, place + 1)
            if place < 0:
                break
            continue
        if damaged_from is not None:
            yield Piece(damaged_from, place - damaged_from, whole=False)
            damaged_from = None
        yield Piece(place + RECORD_BYTES, length, whole=True)
        place += RECORD_BYTES + length
    if damaged_from is not None:
        yield Piece(damaged_from, size - damaged_from, whole=False)


def _body_at(content: Content, place: int) -> int | None:
    """The length of the body of the record of a place; None if there is no whole one."""
    head = content.get(place, RECORD_BYTES)
    length = body_bytes(place, head)
    if length is None or length > content.size_bytes - place - RECORD_BYTES:
        return None
    return length if is_whole(head, content.get(place + RECORD_BYTES, length)) else None


def _head_crc(place: int, length: int) -> int:
    return zlib.crc32(_SEALED.pack(place, length))
