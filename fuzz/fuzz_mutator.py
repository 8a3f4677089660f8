"""
Changes inputs as one who knows pickle and JSON would: opcodes come, go, move and get other arguments.

Mutation of single bytes alone seldom makes a pickle that is read beyond its third opcode.
"""

from __future__ import annotations

import pickletools
import random
import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from fuzz_checks import HEADER_BYTES, JSON_LANE
from fuzz_seeds import JSON_PARTS, NAMES, fragments, json_lines, pickles

if TYPE_CHECKING:
    from collections.abc import Callable

_EDGES: Final = (0, 1, 2, 127, 128, 255, 256, 65535, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**61 - 1, 2**63, 2**64 - 1)
_OPCODES: Final = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
_WIDTHS: Final = {
    b"K": 1, b"M": 2, b"J": 4, b"G": 8, b"q": 1, b"r": 4, b"h": 1, b"j": 4, b"\x80": 1, b"\x95": 8, b"\x82": 1,
    b"\x83": 2, b"\x84": 4,
}  # fmt: skip
_COUNTS: Final = {
    b"\x8c": 1, b"U": 1, b"C": 1, b"\x8a": 1, b"X": 4, b"B": 4, b"T": 4, b"\x8b": 4, b"\x8d": 8, b"\x8e": 8, b"\x96": 8,
}  # fmt: skip
_LINES: Final = b"IFLVSgpP"
_TEXTS: Final = (
    b"",
    b"a",
    b"abc",
    b"latin1",
    b"delay",
    b"args",
    b"int",
    b"1/3",
    b"-1.5E+3",
    b"NaN",
    b"\xff",
    b"x" * 70,
)


def _opcode(dice: random.Random) -> bytes:
    """Make any opcode, with an argument of the right form and often a telling value."""
    op = dice.choice(_OPCODES)
    if op in _WIDTHS:
        width = _WIDTHS[op]
        return op + (dice.choice(_EDGES) % (1 << 8 * width)).to_bytes(width, "little")
    if op in _COUNTS:
        text = dice.choice(_TEXTS)
        announced = len(text) if dice.random() < 0.9 else dice.choice(_EDGES) % (1 << 8 * _COUNTS[op])
        return op + announced.to_bytes(_COUNTS[op], "little") + text
    if op in (b"c", b"i"):
        return op + dice.choice(NAMES)
    if op in (b"S",):
        return b"S'" + dice.choice(_TEXTS[:10]) + b"'\n"
    if op[0] in _LINES:
        return op + str(dice.choice((0, 1, -1, 3, dice.choice(_EDGES)))).encode() + b"\n"
    return op


def _tokens(payload: bytes) -> list[bytes]:
    """Take a stream of pickles apart into opcodes; what cannot be understood stays in one piece."""
    out: list[bytes] = []
    at = 0
    while at < len(payload):
        starts: list[int] = []
        try:
            for _, _, position in pickletools.genops(payload[at:]):
                starts.append(at + (position or 0))
        except Exception:  # noqa: BLE001, S110 - pickletools raises anything
            pass
        if not starts:
            break
        # The end of the last one is known only if it is STOP.
        out += [payload[start:end] for start, end in pairwise(starts)]
        at = starts[-1]
        if payload[at : at + 1] != b".":
            break
        out.append(b".")
        at += 1
        if payload[at : at + 1] == b"\n":
            out.append(b"\n")
            at += 1
    if at < len(payload):
        out.append(payload[at:])
    return out


def _change(parts: list[bytes], dice: random.Random, fresh: Callable[[], bytes], fragment: list[bytes]) -> None:
    """Make one change of structure, in place."""
    at = dice.randrange(len(parts) + 1)
    end = min(len(parts), at + dice.randint(1, 6))
    kind = dice.randrange(8)
    if kind <= 1:
        parts.insert(at, fresh())
    elif kind == 2:
        parts[at:end] = []
    elif kind == 3:
        parts[at:at] = parts[at:end] * dice.choice((1, 2, 9, 60))
    elif kind == 4:
        other = dice.randrange(len(parts) + 1)
        parts[other:other] = parts[at:end]
    elif kind == 5:
        parts[at:end] = [fresh()]
    elif kind == 6:
        parts.insert(at, dice.choice(fragment))
    else:
        parts.insert(end, b"t")
        parts.insert(at, b"(")


def _pickle(payload: bytes, dice: random.Random) -> bytes:
    if not payload or dice.random() < 0.03:
        return dice.choice(pickles())
    parts = _tokens(payload)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        _change(parts, dice, lambda: _opcode(dice), fragments())
    if parts and parts[-1] not in (b".", b"\n") and dice.random() < 0.7:
        parts.append(b".")
    if dice.random() < 0.02:
        size = dice.choice((1, 20, 2**16, 2**40))
        parts.insert(1, b"\x95" + struct.pack("<Q", size))
    if dice.random() < 0.02:
        parts += [b"\n"] * dice.randint(1, 2)
    if dice.random() < 0.02:
        parts.append(dice.choice(pickles()))
    return b"".join(parts)


def _json(payload: bytes, dice: random.Random) -> bytes:
    if not payload or dice.random() < 0.05:
        return dice.choice(json_lines())
    for _ in range(dice.choice((1, 1, 2, 4))):
        at = dice.randrange(len(payload) + 1)
        end = min(len(payload), at + dice.randint(0, 4))
        part = dice.choice(JSON_PARTS)
        if dice.random() < 0.1:
            part *= dice.choice((2, 30, 1100))
        payload = payload[:at] + part + payload[end:]
    return payload if payload.endswith(b"\n") or dice.random() < 0.2 else payload + b"\n"


def mutate(data: bytes, max_size: int, seed: int, bytewise: Callable[[bytes, int], bytes]) -> bytes:
    """
    Give a changed input.

    Args:
        data: The input.
        max_size: The most bytes to give.
        seed: Decides which change.
        bytewise: The fuzzer's own mutation, for every fifth time.
    """
    dice = random.Random(seed)  # noqa: S311 - the fuzzer decides
    header = bytearray(data[:HEADER_BYTES].ljust(HEADER_BYTES, b"\0"))
    payload = data[HEADER_BYTES:]
    if dice.random() < 0.1:
        header[dice.randrange(HEADER_BYTES)] = dice.randrange(256)
    if dice.random() < 0.2:
        payload = bytewise(payload or b"\0", max(1, max_size - HEADER_BYTES))
    elif header[0] % 8 == JSON_LANE:
        payload = _json(payload, dice)
    else:
        payload = _pickle(payload, dice)
    return bytes((header + payload)[:max_size])
