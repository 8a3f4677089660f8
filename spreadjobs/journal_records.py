r"""
The content of a journal's file: records that are found again whatever happened to the others. No input, no output.

    file:   a head of 128 bytes, then records
    record: the bytes F1 53 4A 31, a crc-32, the length of the body; the body

The crc (zlib's) is that of the record's place in the file, the length and the body, in this order. Numbers are little
endian; the crc has 4 bytes, place and length have 8. So zeros, a cut, a block at a wrong place or a record inside the
body of another one is not taken for a record. Who reads goes on behind damage at the next record that is whole.

Nothing but records, and no database: of a database a damaged page can cost all that is found by way of that page.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator
from typing import Final

import attrs

HEAD_BYTES: Final = 128
MARK: Final = b"\xf1SJ1"
_RECORD: Final = struct.Struct("<4sIQ")
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


def record(place: int, body: bytes) -> bytes:
    """Make the record that stands there, but for its body, which follows."""
    return _RECORD.pack(MARK, _crc(place, body), len(body))


def is_whole(place: int, data: bytes | mmap.mmap, at: int = 0) -> int | None:
    """
    Look for the record of a place.

    Args:
        place: Where in the file it stands.
        data: What is there, and perhaps more.
        at: Where in the data it begins.

    Returns:
        The length of its body; None if there is no whole record.
    """
    begin = at + RECORD_BYTES
    if begin > len(data):
        return None
    mark, crc, length = _RECORD.unpack_from(data, at)
    if mark != MARK or length > len(data) - begin:
        return None
    # Released at once: a file in memory cannot be closed while a view of it is left.
    with memoryview(data) as view, view[begin : begin + length] as body:
        return int(length) if crc == _crc(place, body) else None


def body_bytes(data: bytes) -> int:
    """What a record says of the length of its body, which is true if the record is whole; 0 if it says nothing."""
    return int(_RECORD.unpack_from(data)[2]) if len(data) >= RECORD_BYTES else 0


def pieces(data: bytes | mmap.mmap, start: int = HEAD_BYTES) -> Iterator[Piece]:
    """
    Find the records of a journal.

    Args:
        data: The whole content.
        start: Where the records begin.

    Yields:
        The body of each record that is whole, in order, and what lies between them and is none.
    """
    place, size = start, len(data)
    damaged_from: int | None = None
    while place < size:
        length = is_whole(place, data, place)
        if length is None:
            damaged_from = place if damaged_from is None else damaged_from
            place = data.find(MARK, place + 1)
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


def _crc(place: int, body: bytes | memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(_SEALED.pack(place, len(body))))
