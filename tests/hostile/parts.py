"""Building blocks of pickles that no pickler writes."""

from __future__ import annotations

import struct

HASH_PRIME = 2**61 - 1
"""CPython hashes numbers modulo this: numbers that differ by a multiple of it have one hash."""


def text(value: str | int) -> bytes:
    """Make BINUNICODE of a text, or of so many letters x."""
    data = b"x" * value if isinstance(value, int) else value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def raw(data: bytes) -> bytes:
    """Make BINBYTES."""
    return b"B" + struct.pack("<I", len(data)) + data


def long4(data: bytes) -> bytes:
    """Make LONG4 of an integer's bytes."""
    return b"\x8b" + struct.pack("<i", len(data)) + data


def name(dotted: str) -> bytes:
    """Make GLOBAL."""
    module, _, attribute = dotted.rpartition(".")
    return f"c{module}\n{attribute}\n".encode()


def message(*parts: bytes) -> bytes:
    """Make a tuple of what the parts leave on the stack."""
    return b"(" + b"".join(parts) + b"t."


def frame(size: int, body: bytes) -> bytes:
    """Make a pickle of protocol 4 that begins with a frame of that announced size."""
    return b"\x80\x04\x95" + struct.pack("<Q", size) + body
