"""
Where a bare pickle ends, without building anything of it, and whether it may be loaded at all. Spec WIRE-6, SEC-2.

Two ways, which agree on every pickle that both can read:

- ``PLAIN``: one regular expression for small messages of plain data, which runs in C. Where it matches, the message
  is complete, ends where the match ends, names no class and refers to few things twice: nothing more to check.
- ``Walk``: a loop over the opcodes for all others. It keeps its place between two pieces of a message, so that each
  byte is looked at once however the bytes are cut, and notes what the loader must be protected from.

Frames (opcode FRAME) are hints: CPython's own pickler makes frames that end in a byte that looks like STOP, and a
writer may leave them out. Only STOP, found where an opcode is due, ends a message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from spreadjobs import runs
from spreadjobs.runs import sized

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN_BYTES: Final = 8192
"""``PLAIN`` is for messages up to this size: too small to nest dangerously deep."""
FEW_REFERENCES: Final = 8
"""So many references to earlier values multiply the cost of hashing by 2**8 at most."""
MANY_BUILDS: Final = 1000
"""So many tuples and objects in a message cannot nest dangerously deep, nor collide dangerously often as keys."""
MAX_SAME_HASH: Final = 200
"""So many different values of one hash: as keys of one dict they cost their number squared."""
MAX_NUMBER_BYTES: Final = 4300
"""The longest number in text form; Python's own limit, since turning text into an int costs its length squared."""
LARGE_BYTES: Final = 64 * 1024
"""Texts and bytes of this size are kept apart from the rest of their message; picklers write them outside of frames."""
_MAX_NAME_BYTES: Final = 1000
_MAX_PROTOCOL: Final = 5
_INT_HASH_BITS: Final = 61  # integers of fewer bits have hashes of their own
_SHORT_NUMBER_BYTES: Final = 18
# From these sizes on a value that is referred to again and again costs more than the references' bytes.
_LARGE_NUMBER_BYTES: Final = 1024
_LARGE_TEXT_BYTES: Final = 4096
# The greatest memo index that PLAIN lets pass wherever it stands.
_SMALL_INDEX: Final = 4095

_ARGUMENT: Final = {
    b"K": 1, b"M": 2, b"J": 4, b"G": 8, b"q": 1, b"r": 4, b"h": 1, b"j": 4, b"\x80": 1, b"\x95": 8,
}  # fmt: skip
_COUNTED: Final = {
    b"\x8c": 1, b"U": 1, b"C": 1, b"\x8a": 1, b"X": 4, b"B": 4, b"T": 4, b"\x8b": 4, b"\x8d": 8, b"\x8e": 8, b"\x96": 8,
}  # fmt: skip
_SEPARABLE: Final = b"BX\x8d\x8e\x96T"
_SIGNED: Final = b"T\x8b"
_LINES: Final = {b"I": 1, b"F": 1, b"L": 1, b"V": 1, b"S": 1, b"g": 1, b"p": 1, b"c": 2, b"i": 2}
_BARE: Final = b".N\x88\x89()]}tlaeusd01\x94\x85\x86\x87\x8f\x90\x912Rbo\x81\x92\x93"
_BUILDS: Final = b"t\x85\x86\x87\x91Roi\x81\x92"
_GETS: Final = b"hjg2"
_HASHING: Final = b"sud\x90\x91Rbo\x81\x92i"
_NAMES: Final = b"ci\x93"
_BUILDERS: Final = b"bo\x81\x92i"
_REFUSED: Final = {
    b"P": "a persistent id", b"Q": "a persistent id",
    b"\x82": "an extension code", b"\x83": "an extension code", b"\x84": "an extension code",
    b"\x97": "an out-of-band buffer", b"\x98": "an out-of-band buffer",
}  # fmt: skip
_LONG_LINES: Final = {
    b"I": MAX_NUMBER_BYTES, b"L": MAX_NUMBER_BYTES, b"F": MAX_NUMBER_BYTES, b"g": 20, b"p": 20,
    b"c": _MAX_NAME_BYTES, b"i": _MAX_NAME_BYTES,
}  # fmt: skip

_KIND_BARE, _KIND_FIXED, _KIND_COUNTED, _KIND_LINES = range(4)


def _table() -> list[tuple[int, int] | None]:
    table: list[tuple[int, int] | None] = [None] * 256
    for op in _BARE:
        table[op] = (_KIND_BARE, 0)
    for kind, entries in ((_KIND_FIXED, _ARGUMENT), (_KIND_COUNTED, _COUNTED), (_KIND_LINES, _LINES)):
        for name, number in entries.items():
            table[name[0]] = (kind, number)
    return table


_TABLE: Final = _table()
_REASONS: Final = {op[0]: what for op, what in _REFUSED.items()}
_LINE_LIMITS: Final = {op[0]: limit for op, limit in _LONG_LINES.items()}


# No two alternatives begin with the same byte, and all are of one length for given first bytes: no match can be found
# in two ways, so a failing one costs no more than a succeeding one. The possessive ++ is a part of that.
_ATOMS: Final = (
    rb"K.|\x8c" + sized(1) + rb"|M..|G.{8}|[XT]" + sized(4) + rb"|[CU]" + sized(1) + rb"|\x8a" + sized(1, 7)
    + rb"|I[-+0-9]{1,20}\n|F[-+.0-9a-z]{1,40}\n|V[^\n]{0,255}\n"
)  # fmt: skip
PLAIN: Final = re.compile(
    rb"((?:\x80[\0-\5](?:\x95.{8})?|(?=[(\]]))(?:[N\x88\x89()\]}taesuld\x94\x85\x86\x87\x8f\x90]++|J.{4}|h.|q.|"
    + _ATOMS
    + rb"|r.[\0-\x0f]\0\0|p[0-9]{1,3}\n|\x95.{8})*\.)\n?",
    re.DOTALL,
)
"""
Group 1 is a whole message of plain data; a newline may follow it. Each reference to an earlier value has a
byte ``h``: where there are more than ``FEW_REFERENCES`` such bytes, ``Walk`` has to look.
"""


class Refused(Exception):
    """The bytes are no pickle, or one that is not loaded. The text says why; ``at`` is where, from its first byte."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.at = at


class TooLong(Refused):
    """The message is, or says that it will be, larger than the limit."""


class Walk:
    """
    Looks for the end of one message.

    Args:
        max_bytes: The largest message to take.

    Attributes:
        names: The message names classes or functions.
        builders: It has opcodes that make or change objects without calling them.
        crowded: It has many different integers of the same hash, which as keys would cost their number squared, or
            one so large that comparing it may cost the square of its length.
        large: The place of a large text or bytes object just found, the size of its head, its length; None once seen.
        framed: There is a frame around the beginning of a large one.
        tangled: It has so many references, or tuples and objects, that hashing it must be looked at before loading.
    """

    __slots__ = (
        "_at",
        "_bits",
        "_builds",
        "_flat",
        "_frames_end",
        "_gets",
        "_hashes",
        "_hashing",
        "_large",
        "_max_bytes",
        "_need",
        "_scanned",
        "builders",
        "crowded",
        "framed",
        "large",
        "names",
    )

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._at = 0  # the next opcode, from the first byte of the message
        self._need = 1  # bytes that must be there before looking again
        self._scanned = 0  # no line end that is looked for stands before here
        self._bits = runs.index_bits(0)  # the bound for memo indices in runs
        self._frames_end = 0  # of those so far
        self._builds = 0
        self._flat = 0  # tuples of simple values that were skipped; once there are many, no more of them are counted
        self._hashing = False  # something may have been hashed since the first of all builds
        self._gets = 0
        self._large = False  # there was a value that costs much to hash or compare
        self._hashes: dict[int, tuple[int, int]] = {}
        self.names = False
        self.builders = False
        self.crowded = False
        self.large: tuple[int, int, int] | None = None
        self.framed = False

    @property
    def tangled(self) -> bool:
        """Whether the cost of hashing, and the depth, must be looked at before the message is loaded."""
        many = self._builds + (self._flat if self._hashing else 0) > MANY_BUILDS
        return many or self._gets > FEW_REFERENCES

    def advance(self, buffer: bytes | bytearray, start: int) -> int:
        """
        Go on as far as the bytes reach, or until something large begins.

        Args:
            buffer: The bytes of the message that there are; only appended to between two calls, and cut at the front
                as far as the end of what was the last large one.
            start: Where the message begins in it, or would begin; may differ from call to call.

        Returns:
            The length of the message, or 0 while it is not complete, or while there is something large to be seen.

        Raises:
            Refused: it is no message to load.
        """
        have = len(buffer) - start
        if have >= self._need:
            while (at := self._at) < have:
                if self._skip(buffer, start):
                    continue
                size = self._opcode(buffer, start, have)
                if not size:
                    break
                self._at += size
                if self.large is not None:
                    return 0
                if buffer[start + at] == 0x2E:  # noqa: PLR2004 - STOP
                    self._check_size(self._at)
                    return self._at
        self._check_size(max(self._at, have))
        return 0

    def _skip(self, buffer: bytes | bytearray, start: int) -> bool:
        """Go on over many opcodes at once, if there is nothing to note about them. False if there are none."""
        tangled = self.tangled  # Then no more needs to be noted about tuples and references.
        plain, begin = self._builds == 0, start + self._at
        at = begin if plain or tangled else self._skip_tuples(buffer, begin)
        gets = tangled or (plain and not self._large)
        match = runs.run(self._bits, references=gets, hashing=plain or tangled or self._hashing, tuples=tangled).match
        for _ in range(runs.MOST_TEXTS):
            found = match(buffer, at, at + runs.RUN_BYTES)
            at = found.end() if found is not None else at
            if buffer[at : at + 1] not in runs.TEXTS:
                break
            size = 5 + int.from_bytes(buffer[at + 1 : at + 5], "little")
            if size > _LARGE_TEXT_BYTES or at + size > len(buffer):
                break
            at += size
        # Numbers of one kind one after another: only every ninth byte of floats, say, needs a look.
        step = runs.STEPS.get(buffer[at], 0) if at < len(buffer) else 0
        if step:
            count = min((len(buffer) - at) // step, runs.ROW_NUMBERS)
            row = runs.ROWS[buffer[at]].match(buffer[at : at + count * step : step])
            at += step * row.end() if row is not None else 0
        self._at = at - start
        return at > begin

    def _skip_tuples(self, buffer: bytes | bytearray, at: int) -> int:
        """Give where a run of tuples ends whose items are simple; they cannot nest. Counts them up to many."""
        counted = self._flat <= MANY_BUILDS
        found = runs.flat_tuples(self._bits).match(buffer, at, at + (runs.COUNTED_BYTES if counted else runs.RUN_BYTES))
        if found is None:
            return at
        if counted:
            self._flat += sum(op in _BUILDS for op, _, _ in tokens(bytes(found[0])))
        return found.end()

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise TooLong(f"the message is larger than max_message_bytes={self._max_bytes} (spec SEC-2)", self._at)

    def _opcode(self, buffer: bytes | bytearray, start: int, have: int) -> int:
        """Give the size of the opcode at hand with its argument, or 0 while it is not complete; note what it does."""
        op = buffer[start + self._at]
        entry = _TABLE[op]
        if entry is None:
            if op in _REASONS:
                raise Refused(f"the pickle has {_REASONS[op]} (spec PKL-9)", self._at)
            raise Refused(f"0x{op:02x} at byte {self._at} of the message is no opcode of pickle (spec PKL-4)", self._at)
        kind, number = entry
        if kind == _KIND_BARE:
            size = 1
        elif kind == _KIND_FIXED:
            size = 1 + number
        elif kind == _KIND_COUNTED:
            size = self._counted(buffer, start, have, number)
        else:
            size = self._lines(buffer, start, have, number)
        if size > LARGE_BYTES and op in _SEPARABLE:
            self.large = (self._at, 1 + number, size - 1 - number)
            self.framed = self.framed or self._frames_end > self._at
        elif not size or have < self._at + size:
            self._need = max(self._need, self._at + size, have + 1)
            return 0
        self._note(op, buffer, start + self._at, size)
        return size

    def _counted(self, buffer: bytes | bytearray, start: int, have: int, width: int) -> int:
        head = self._at + 1 + width
        if have < head:
            return 0
        raw = buffer[start + self._at + 1 : start + head]
        length = int.from_bytes(raw, "little", signed=buffer[start + self._at] in _SIGNED)
        if length < 0:
            raise Refused(f"a length of {length} at byte {self._at} of the message (spec PKL-4)", self._at)
        if head + length > self._max_bytes:
            raise TooLong(
                f"the message announces {length} bytes at its byte {self._at}; more than "
                f"max_message_bytes={self._max_bytes} (spec SEC-2)",
                self._at,
            )
        return 1 + width + length

    def _lines(self, buffer: bytes | bytearray, start: int, have: int, lines: int) -> int:
        op = buffer[start + self._at]
        at = max(self._at + 1, self._scanned)
        ends = buffer.count(b"\n", start + self._at + 1, start + at) if lines > 1 else 0
        limit = _LINE_LIMITS.get(op, self._max_bytes)
        while ends < lines:
            found = buffer.find(b"\n", start + at)
            reached = have if found < 0 else found - start
            if reached - self._at > limit:
                raise Refused(
                    f"a line of more than {limit} bytes at byte {self._at} of the message (spec SEC-2)", self._at
                )
            self._scanned = at = reached if found < 0 else reached + 1
            if found < 0:
                return 0
            ends += 1
        return at - self._at

    def _note(self, op: int, buffer: bytes | bytearray, at: int, size: int) -> None:
        """Note what an opcode means for the loader."""
        if op in _GETS:
            self._gets += self._builds > 0 or self._large  # until then there are only small texts to refer to
        elif op in _BUILDS:
            self._builds += 1
        elif op in b"IL\x8a\x8b":
            if size > _LARGE_NUMBER_BYTES:
                self._large = self.crowded = True
            self._note_int(op, bytes(buffer[at : at + size]))
        elif size > _LARGE_TEXT_BYTES:
            self._large = True
        elif op in b"rp":
            self._check_memo(op, bytes(buffer[at + 1 : at + size]))
            self._bits = runs.index_bits(self._at)
        elif op == 0x95:  # noqa: PLR2004 - FRAME
            end = self._at + size + int.from_bytes(buffer[at + 1 : at + size], "little")
            self._frames_end = max(self._frames_end, end)
        elif op == 0x80 and buffer[at + 1] > _MAX_PROTOCOL:  # noqa: PLR2004 - PROTO
            raise Refused(f"pickle protocol {buffer[at + 1]} came; 0 to {_MAX_PROTOCOL} are due (spec PKL-4)", self._at)
        if op in _HASHING:
            self._hashing = self._hashing or self._builds > 0
        if op in _NAMES:
            self.names = True
        if op in _BUILDERS:
            self.builders = True

    def _check_memo(self, op: int, argument: bytes) -> None:
        """Refuse a memo index that no pickler counts to: the loader would make a table of that length."""
        try:
            index = int(argument) if op == 0x70 else int.from_bytes(argument, "little")  # noqa: PLR2004 - PUT
        except ValueError:
            raise Refused(f"the memo index {argument!r} is no number", self._at) from None
        if not 0 <= index <= max(self._at, _SMALL_INDEX):
            raise Refused(f"the memo index {index} in a message of so far {self._at} bytes (spec SEC-2)", self._at)

    def _note_int(self, op: int, argument: bytes) -> None:
        if op in b"IL":
            if op == 0x49 and len(argument) <= _SHORT_NUMBER_BYTES:  # noqa: PLR2004 - INT
                return
            try:
                value = int(argument[1:].strip().rstrip(b"L"), 0)
            except ValueError:
                raise Refused(f"the number {argument[1:20]!r} at byte {self._at} is none", self._at) from None
        else:
            argument = argument[2 if op == 0x8A else 5 :]  # noqa: PLR2004 - LONG1
            if len(argument) <= runs.FEW_HASHES_BYTES:
                return
            value = int.from_bytes(argument, "little", signed=True)
        if value.bit_length() < _INT_HASH_BITS:
            return
        key = hash(value)
        last, count = self._hashes.get(key, (value, 0))
        count += last != value
        self._hashes[key] = (value, count)
        self.crowded = self.crowded or count > MAX_SAME_HASH


_INDEXED: Final = b"qrphjg"


def tokens(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """
    Give the opcodes of a pickle that a ``Walk`` has found complete, with the argument if that is a memo index, and its
    size in bytes.

    Args:
        data: The pickle, and nothing after it.
    """
    at = 0
    while at < len(data):
        op = data[at]
        entry = _TABLE[op]
        if entry is None:
            raise AssertionError("a walk lets no such opcode pass")
        kind, number = entry
        head = at + 1
        at = head
        if kind == _KIND_FIXED:
            at += number
        elif kind == _KIND_COUNTED:
            at += number + int.from_bytes(data[at : at + number], "little")
        elif kind == _KIND_LINES:
            for _ in range(number):
                at = data.index(b"\n", at) + 1
        yield op, data[head:at] if op in _INDEXED else b"", at - head
