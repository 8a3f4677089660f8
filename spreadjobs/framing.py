"""
Where the messages of a worker end in its bytes, and what little a bystander must know of them, without loading any.

A decoder gives messages, for the master; this gives their places, for whoever stands between a worker and its master.
"""

from __future__ import annotations

import json
import pickle
import pickletools
from typing import TYPE_CHECKING, Final, Protocol

from spreadjobs.errors import TooBusy
from spreadjobs.opcodes import PLAIN, PLAIN_BYTES, Refused, Walk

if TYPE_CHECKING:
    from spreadjobs.settings import Codec, Dialect

_FIRST_BYTES: Final = b"\x80(]"
_JSON_SPACE: Final = b" \t\r"
_BRACKET: Final = 0x5B
HEAD_BYTES: Final = 128
"""The name and the task id of a response stand in its first bytes, whatever the pickler; an Alive is no longer."""
_MOST_BYTES: Final = 2 * 1024**3
"""What is longer is taken for no message: a master's own limit is to find it before the memory is full."""
_RESPONSE_ITEMS: Final = 3
_STRUCTURE: Final = frozenset(
    {"PROTO", "FRAME", "MARK", "EMPTY_LIST", "LIST", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"}
)
"""Opcodes that may stand before the first text or number of a response."""
_INTEGERS: Final = frozenset({"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"})
_TEXTS: Final = frozenset(
    {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING", "SHORT_BINSTRING"}
)


class Framing(Protocol):
    """Finds the messages of one worker, one after another. One framing a worker."""

    newline_follows: bool
    """Whether a newline may stand after a message, which is no part of it here. Spec PKL-6."""

    def size(self, buffer: bytearray, start: int) -> int:
        """
        How long the message is that begins there.

        Args:
            buffer: The bytes that there are, one or more from ``start``; while 0 is given, only appended to or cut
                before ``start``.
            start: Where the message begins.

        Returns:
            Bytes; 0 while it is not complete.

        Raises:
            Refused: what begins there is no message.
        """
        ...

    def is_alive(self, message: bytes) -> bool:
        """Whether a whole message, of no more than ``HEAD_BYTES``, is Alive, which is no response. Spec RUN-11."""
        ...

    def refusal(self, message: bytes, delay_s: float) -> bytes | None:
        """A TooBusy in place of a whole response; None where that does not say which request it is for. BUSY-1."""
        ...


def make_framing(codec: Codec, dialect: Dialect) -> Framing:
    """Give a new framing, for one worker."""
    return JsonFraming() if codec == "json" else PickleFraming(tagged=dialect == "tagged")


class PickleFraming:
    """
    Bare pickles, one after another. Spec WIRE-6.

    Args:
        tagged: Whether responses bear task ids.
    """

    newline_follows = True

    def __init__(self, *, tagged: bool) -> None:
        self._tagged = tagged
        self._walk: Walk | None = None

    def size(self, buffer: bytearray, start: int) -> int:
        """How long the pickle is that begins there."""
        if self._walk is None:
            found = PLAIN.match(buffer, start, start + PLAIN_BYTES)
            if found is not None:
                return found.end(1) - start
            if buffer[start] not in _FIRST_BYTES:
                raise Refused(f"0x{buffer[start]:02x} is no first byte of a message (spec PKL-4)", 0)
            self._walk = Walk(_MOST_BYTES)
        size = self._walk.advance(buffer, start)
        while self._walk.large is not None:  # It asks to have that put apart; here it stays where it is.
            self._walk.large = None
            size = self._walk.advance(buffer, start)
        if size:
            self._walk = None
        return size

    def is_alive(self, message: bytes) -> bool:
        """Whether a pickle is Alive."""
        return self._tagged and b"Alive" in message and _head(message)[0] == "Alive"

    def refusal(self, message: bytes, delay_s: float) -> bytes | None:
        """A pickle of TooBusy; in the untagged dialect of an instance, as there. Spec UNT-5."""
        if not self._tagged:
            return pickle.dumps((TooBusy(delay_s), None, None), 2)
        _, task_id = _head(message)
        return None if task_id is None else pickle.dumps((("TooBusy", task_id, delay_s), None, None), 2)


def _head(message: bytes) -> tuple[str, int | None]:
    """The name with which a response begins, "" where it has none, and the task id that follows."""
    name = ""
    try:
        for opcode, argument, _ in pickletools.genops(message[:HEAD_BYTES]):
            if opcode.name in _STRUCTURE:
                continue
            if opcode.name in _INTEGERS and isinstance(argument, int):
                return name, argument
            if name or opcode.name not in _TEXTS or not isinstance(argument, str):
                break
            name = argument
    except ValueError:  # A text that goes on beyond the head: no name of ours.
        pass
    return name, None


class JsonFraming:
    """One JSON text a line. Spec JSON-1."""

    newline_follows = False

    def __init__(self) -> None:
        self._scanned = 0  # no LF stands before here, from the first byte of the message

    def size(self, buffer: bytearray, start: int) -> int:
        """How long the line is that begins there, its LF included."""
        first = next((byte for byte in buffer[start : start + HEAD_BYTES] if byte not in _JSON_SPACE), None)
        if first is not None and first != _BRACKET:
            raise Refused(f"0x{first:02x} is no first byte of a message (spec JSON-1)", 0)
        end = buffer.find(b"\n", start + self._scanned)
        if (len(buffer) if end < 0 else end) - start > _MOST_BYTES:
            raise Refused(f"a line of more than {_MOST_BYTES} bytes (spec SEC-2)", 0)
        if end < 0:
            self._scanned = len(buffer) - start
            return 0
        self._scanned = 0
        try:
            json.loads(buffer[start:end])
        except (ValueError, RecursionError) as error:
            raise Refused(f"no JSON line: {error} (spec JSON-6)", 0) from error
        return end + 1 - start

    def is_alive(self, message: bytes) -> bool:
        """Whether a line is Alive."""
        return b"Alive" in message and _json_head(message)[0] == "Alive"

    def refusal(self, message: bytes, delay_s: float) -> bytes | None:
        """A line of TooBusy."""
        _, task_id = _json_head(message)
        if task_id is None:
            return None
        return json.dumps([["TooBusy", task_id, delay_s], None, None]).encode() + b"\n"


def _json_head(message: bytes) -> tuple[str, int | float | None]:
    """As ``_head``; a task id may be written as a number with a fraction. Spec JSON-3."""
    response: object = json.loads(message)
    if not isinstance(response, list) or len(response) != _RESPONSE_ITEMS:
        return "", None
    first: object = response[0]
    items: list[object] = first if isinstance(first, list) else []
    name = ""
    for item in items[:2]:
        if isinstance(item, int | float) and not isinstance(item, bool):
            return name, item
        if name or not isinstance(item, str):
            break
        name = item
    return name, None
