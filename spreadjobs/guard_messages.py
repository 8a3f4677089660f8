"""
Whether a worker has a task to do, told from the bytes that pass between it and its master. No I/O, no clock.

Both streams are cut into messages; of each only the beginning is looked at, for its task id. In the dialect ``tagged``
no task runs if the last message that went to the worker is a request, its response has come, and no part of another
response has: responses come in the order of the requests (spec RUN-6), so none is unanswered then. A part of a further
request is no task: nobody can begin with it. In the
dialect ``untagged`` there are no ids, but no request is sent ahead (spec UNT-3): no task runs if the last message came
from the worker, and none is under way.

All else counts as a task: preparation, since nobody can tell an item from a request before a response comes; ids that
cannot be found, as in the ancestor's instances (spec INST-1); bytes that are no messages. A message's bytes are looked
at once, however they are cut, and not kept.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

HEAD_BYTES: Final = 128
"""So much of a message is kept: more than stands in front of its task id, and that."""
_STOP: Final = 0x2E
_NEWLINE: Final = 0x0A
_FIXED: Final = {b"K": 1, b"M": 2, b"J": 4, b"G": 8, b"q": 1, b"r": 4, b"h": 1, b"j": 4, b"\x80": 1, b"\x95": 8,
                 b"\x82": 1, b"\x83": 2, b"\x84": 4}  # fmt: skip
_COUNTED: Final = {
    b"\x8c": 1, b"U": 1, b"C": 1, b"\x8a": 1, b"X": 4, b"B": 4, b"T": 4, b"\x8b": 4, b"\x8d": 8, b"\x8e": 8, b"\x96": 8,
}  # fmt: skip
_LINES: Final = {b"I": 1, b"F": 1, b"L": 1, b"V": 1, b"S": 1, b"g": 1, b"p": 1, b"P": 1, b"c": 2, b"i": 2}
_BARE: Final = b"N\x88\x89()]}tlaeusd01\x94\x85\x86\x87\x8f\x90\x912Rbo\x81\x92\x93Q\x97\x98"
_SIGNED: Final = b"T\x8b"
_RUN_BYTES: Final = 4096
_SHORT_BYTES: Final = 31


def _sized(width: int) -> bytes:
    """Make a pattern for a length of so many bytes and a short argument of that length."""
    sizes = range(_SHORT_BYTES + 1)
    return b"(?:%b)" % b"|".join(b"%b.{%d}" % (re.escape(size.to_bytes(width, "little")), size) for size in sizes)


# No two alternatives begin with the same byte. No group is possessive: before 3.11.5 that goes wrong (gh-106052).
_RUN: Final = re.compile(
    rb"(?:[%b]++|[Kqh\x80\x82].|[M\x83]..|[Jrj\x84].{4}|[G\x95].{8}|[\x8cUC\x8a]%b|[XB]%b|[IFLVSgpP][^\n]{0,255}+\n)*"
    % (re.escape(_BARE), _sized(1), _sized(4)),
    re.DOTALL,
)
"""Opcodes with their arguments that need no look: skipped in C, in pieces, since a match takes memory."""


def _text(word: bytes) -> bytes:
    """Make a pattern for a str or, as Python 2 writes it, a byte string, in any opcode."""
    lengths = ((b"\x8c", 1), (b"X", 4), (b"\x8d", 8), (b"U", 1), (b"T", 4))
    counted = [re.escape(op + len(word).to_bytes(width, "little")) + word for op, width in lengths]
    return b"|".join([*counted, b"V%b\n" % word, b"S'%b'\n" % word])


# What may stand in front of a value that begins a list or a tuple, or behind it: lists and marks, the memo, frames.
_BETWEEN: Final = rb"(?:[(\]la\x94]|q.|r.{4}|p[0-9]{1,9}\n|\x95.{8})*"
_INT: Final = (
    rb"(?:K(?P<unsigned1>.)|M(?P<unsigned2>..)|J(?P<signed4>.{4})|"
    + b"|".join(rb"\x8a%b(?P<signed_%d>.{%d})" % (re.escape(bytes([size])), size, size) for size in range(1, 9))
    + rb"|I(?P<int_line>0|[1-9][0-9]{0,18})\n|L(?P<long_line>[0-9]{1,19})L?\n)"
)
_REFUSAL_OR_FAILURE: Final = b"(?:%b|%b)" % (_text(b"TooBusy"), _text(b"RemoteException"))
_PICKLE_REQUEST: Final = re.compile(rb"(?:\x80.)?" + _BETWEEN + _INT, re.DOTALL)
_PICKLE_RESPONSE: Final = re.compile(
    rb"(?:\x80.)?" + _BETWEEN + b"(?:" + _REFUSAL_OR_FAILURE + _BETWEEN + b")?" + _INT, re.DOTALL
)
_JSON_REQUEST: Final = re.compile(rb"\s*\[\s*(-?[0-9][-+.eE0-9]*)\s*,")
_JSON_RESPONSE: Final = re.compile(rb'\s*\[\s*\[\s*(?:"(?:TooBusy|RemoteException)"\s*,\s*)?(-?[0-9][-+.eE0-9]*)\s*,')


class Cutter(Protocol):
    """
    Cuts a stream into messages.

    Attributes:
        partial: Whether a message has begun and is not complete.
        lost: Whether the bytes are no messages of this codec.
    """

    partial: bool
    lost: bool

    def feed(self, data: bytes, /) -> list[bytes]:
        """Take bytes; returns the beginnings of the messages that they complete, at most ``HEAD_BYTES`` of each."""
        ...


class Lines:
    """Cuts JSON texts, one a line. Spec JSON-1."""

    def __init__(self) -> None:
        self.partial = self.lost = False  # Every line may be a message.
        self._head = b""

    def feed(self, data: bytes, /) -> list[bytes]:
        """As ``Cutter.feed``."""
        heads = []
        at = 0
        while (end := data.find(b"\n", at)) >= 0:
            heads.append(self._head + data[at : min(end, at + HEAD_BYTES - len(self._head))])
            self._head, at = b"", end + 1
        self._head += data[at : at + HEAD_BYTES - len(self._head)]
        self.partial = at < len(data) or (self.partial and not heads)
        return heads


class Pickles:
    """Cuts complete pickles, one after another, each of which one newline may follow. Spec PKL-4, PKL-5."""

    def __init__(self) -> None:
        self.partial = self.lost = False
        self._head = b""
        self._cut = b""  # an opcode and a part of its length
        self._skip = 0  # so many bytes of an argument are still to come
        self._lines = 0  # likewise, so many lines
        self._newline = False  # a newline would belong to the last message

    def feed(self, data: bytes, /) -> list[bytes]:
        """As ``Cutter.feed``."""
        heads: list[bytes] = []
        begin, at = len(self._cut), 0
        data, self._cut = self._cut + data, b""
        while at < len(data) and not self.lost:
            if self._skip or self._lines:
                at = self._pass(data, at)
                continue
            if not self.partial:
                begin = at
                if self._newline and data[at] == _NEWLINE:
                    self._newline = False
                    begin = at = at + 1
                    continue
                self.partial = True
            if data[at] == _STOP:
                at += 1
                heads.append(self._head + data[begin : min(at, begin + HEAD_BYTES - len(self._head))])
                self._head, self.partial, self._newline, begin = b"", False, True, at
            else:
                at = self._opcodes(data, at)
        self._head += data[begin : begin + HEAD_BYTES - len(self._head)]
        return heads

    def _pass(self, data: bytes, at: int) -> int:
        """Go on within an argument."""
        if self._skip:
            step = min(self._skip, len(data) - at)
            self._skip -= step
            return at + step
        end = data.find(b"\n", at)
        self._lines -= end >= 0
        return end + 1 if end >= 0 else len(data)

    def _opcodes(self, data: bytes, at: int) -> int:
        """Go over a run of opcodes, and over the first one behind it, which may be longer than the data; not STOP."""
        found = _RUN.match(data, at, at + _RUN_BYTES)
        at = found.end() if found is not None else at
        op = data[at : at + 1]
        if not op or op[0] == _STOP or op in _BARE:  # The run ended because it was long.
            pass
        elif op in _FIXED:
            self._skip = _FIXED[op]
            at += 1
        elif op in _LINES:
            self._lines = _LINES[op]
            at += 1
        elif op in _COUNTED:
            head = at + 1 + _COUNTED[op]
            if head > len(data):
                self._cut = data[at:]
                return len(data)
            self._skip = int.from_bytes(data[at + 1 : head], "little", signed=op in _SIGNED)
            self.lost = self._skip < 0
            at = head
        else:
            self.lost = True
        return at


def _pickle_id(form: re.Pattern[bytes], head: bytes) -> int | float | None:
    found = form.match(head)
    if found is None or (name := found.lastgroup) is None:
        return None
    raw: bytes = found[name]
    return int(raw) if name.endswith("line") else int.from_bytes(raw, "little", signed=name.startswith("signed"))


def _json_id(form: re.Pattern[bytes], head: bytes) -> int | float | None:
    """Any number that is equal to the id will do. Spec JSON-3."""
    found = form.match(head)
    if found is None:
        return None
    try:
        return float(found[1])  # Exact for every id, none of which is above 2**53-1.
    except ValueError:
        return None


class Exchange:
    """
    The bytes between a worker and its master, as far as to know whether a task runs.

    Args:
        codec: ``"pickle"`` or ``"json"``.
        dialect: ``"tagged"`` or ``"untagged"``.
    """

    def __init__(self, codec: str, dialect: str) -> None:
        self._tagged = dialect == "tagged"
        cutter: type[Lines | Pickles] = Lines if codec == "json" else Pickles
        self._requests: Cutter = cutter()
        self._responses: Cutter = cutter()
        self._id_of = _json_id if codec == "json" else _pickle_id
        self._request, self._response = (
            (_JSON_REQUEST, _JSON_RESPONSE) if codec == "json" else (_PICKLE_REQUEST, _PICKLE_RESPONSE)
        )
        self._last_id: int | float | None = None
        self._sent = self._answered = False

    @property
    def idle(self) -> bool:
        """Whether surely no task runs."""
        lost = self._requests.lost or self._responses.lost
        return self._answered and not self._responses.partial and not lost

    def to_worker(self, data: bytes) -> None:
        """Note what went to the worker."""
        heads = self._requests.feed(data)
        if heads:
            self._sent = True
            self._answered = False
            self._last_id = self._id_of(self._request, heads[-1]) if self._tagged else None

    def from_worker(self, data: bytes) -> None:
        """Note what the worker wrote."""
        heads = self._responses.feed(data)
        if not self._tagged:
            self._answered = self._answered or (self._sent and bool(heads))
        elif self._last_id is not None and not self._answered:
            self._answered = any(self._id_of(self._response, head) == self._last_id for head in heads)
