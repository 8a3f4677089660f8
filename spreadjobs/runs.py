"""
Runs of opcodes that a ``Walk`` has nothing to note about, as regular expressions: they are skipped in C.

No two alternatives begin with the same byte, and all are of one length for given first bytes: a match can be found in
one way only, and one that fails costs no more than one that succeeds. What is skipped takes memory: so, in pieces.

No group may be possessive, ``(?:...)*+``: before 3.11.5 Python forgets to go back to where a turn of such a group began
that fails (gh-106052), so a walk went on in the middle of a text, and took what a worker put there for opcodes. Single
bytes may be: ``[...]++``.
"""

from __future__ import annotations

import functools
import re
from typing import Final

RUN_BYTES: Final = 4096
"""So much is skipped at once."""
ROW_NUMBERS: Final = 1024
"""So many of them at once: picklers write a thousand in a row."""
STEPS: Final = {0x47: 9, 0x4A: 5, 0x4B: 2, 0x4D: 3}
"""Opcodes of numbers, which often come many in a row, and their sizes with the argument: G, J, K, M."""
ROWS: Final = {op: re.compile(rb"%c*" % op) for op in STEPS}
"""How many of the same stand at the beginning of bytes. That takes a third of the time of ``bytes.lstrip``."""
COUNTED_BYTES: Final = 4096
"""Tuples are counted in pieces of this size."""
TEXTS: Final = (b"X", b"B")
"""Opcodes of texts and bytes that may be too long for a run, with a length of four bytes."""
MOST_TEXTS: Final = 1000
"""So many of them at once."""
FEW_HASHES_BYTES: Final = 8
"""Of the integers up to this size no more than nine have the same hash, so that they make no crowd."""
# Numbers of one kind in a row: more than this, and they are left to the steps.
_ROW: Final = 16
_LONGEST_TUPLE: Final = 32
# The longest texts in a run, and in a tuple that is skipped: to compile the expressions takes time for each length.
_LONG_TEXT: Final = 255
_SHORT_TEXT: Final = 31
# The bounds for memo indices are these powers of two.
_BOUND_BITS: Final = (12, 14, 16, 18, 20, 22, 24)


def sized(size_bytes: int, largest: int = 255) -> bytes:
    """Make a pattern for a length of so many bytes and the argument of that length, up to the largest."""
    alternatives = (
        re.escape(size.to_bytes(size_bytes, "little")) + (b".{%d}" % size if size else b"")
        for size in range(largest + 1)
    )
    return b"(?:" + b"|".join(alternatives) + b")"


def index_bits(at: int) -> int:
    """Give the bits of a bound for memo indices that holds from there on. A ``Walk`` lets 4095 pass anywhere."""
    return max(bits for bits in _BOUND_BITS if bits == _BOUND_BITS[0] or at >= 1 << bits)


def _long_put(bits: int) -> bytes:
    """Make a pattern for LONG_BINPUT with an index of so many bits."""
    whole, rest = divmod(bits, 8)
    return (
        b"r"
        + b"." * whole
        + (b"[\\0-%b]" % re.escape(bytes([2**rest - 1])) if rest else b"")
        + b"\\0" * (4 - whole - (rest > 0))
    )


def _put(bits: int) -> bytes:
    # An empty alternative, not a question mark, which would be a loop to the matcher and take twice as long.
    return rb"(?:\x94|q.|" + _long_put(bits) + rb"|)"


def _atoms(bits: int, longest: int, *, rows: bool = False) -> bytes:
    """
    Make a pattern for a value that is nothing but itself, with the opcode that puts it into the memo.

    Args:
        bits: The bound of memo indices.
        longest: The longest text, bytes.
        rows: Leave numbers in a row to the steps. Two side by side are none, and a lookahead sees that at once.
    """
    # Each alternative begins with a byte of its own, which the matcher looks at before it tries the rest.
    row = rb"(?:%c.{%d}){0,%d}(?!%c)" if rows else b""
    numbers = [b"%c.{%d}" % (op, step - 1) + (row and row % (op, step - 1, _ROW, op)) for op, step in STEPS.items()]
    put = _put(bits)
    return b"|".join(
        [
            rb"\x8c" + sized(1, longest) + put,
            *numbers,
            rb"[N\x88\x89)]" + put,
            rb"X" + sized(4, longest) + put,
            rb"C" + sized(1, _SHORT_TEXT) + put,
            rb"\x8a" + sized(1, FEW_HASHES_BYTES),
            rb"U" + sized(1, longest) + put,
            rb"I[-+0-9]{1,20}\n",
            rb"F[-+.0-9a-z]{1,40}\n",
            rb"V[^\n]{0,255}\n" + put,
        ]
    )


@functools.cache
def run(bits: int, *, references: bool, hashing: bool, tuples: bool = False) -> re.Pattern[bytes]:
    """
    Give the expression for runs.

    Args:
        bits: The bound of memo indices in it.
        references: Whether they may refer to earlier values.
        hashing: Whether they may put keys into dicts and items into sets.
        tuples: Whether they may make tuples of anything.
    """
    others = [rb"[\](}lae01\x94\x8f]++|q.|" + _long_put(bits)]
    others += [rb"h.|j.{4}"] if references else []
    others += [rb"[sud\x90]++"] if hashing else []
    others += [rb"[t\x85\x86\x87]++"] if tuples else []
    return re.compile(b"(?:" + b"|".join([_atoms(bits, _LONG_TEXT, rows=True), *others]) + b")*", re.DOTALL)


@functools.cache
def flat_tuples(bits: int) -> re.Pattern[bytes]:
    """Give the expression for tuples one after another whose items are nothing but themselves."""
    atom = b"(?:" + _atoms(bits, _SHORT_TEXT) + b")"
    short = atom + rb"(?:\x85|" + atom + rb"(?:\x86|" + atom + rb"\x87))"
    long = rb"\((?:" + atom + rb"){0,%d}t" % _LONGEST_TUPLE
    # What comes first belongs to a tuple before that was not skipped.
    return re.compile(_put(bits) + rb"(?:(?:" + short + rb"|" + long + rb")" + _put(bits) + rb")+", re.DOTALL)
