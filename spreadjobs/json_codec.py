"""
The codec json: one RFC 8259 text a line, in UTF-8. Spec JSON-1 to JSON-7.

Nothing changes silently: what JSON cannot carry exactly is an error on the sending side, which names the place, and a
line that could be understood in two ways is refused on the receiving side.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final, NoReturn

from spreadjobs.cures import likely_cure
from spreadjobs.errors import CannotEncode
from spreadjobs.messages import Undecodable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spreadjobs.settings import Settings

_GREATEST_INT: Final = 2**53 - 1
_INT_CHARACTERS: Final = 17
_QUOTE_BYTES: Final = 80
_REASON_CHARACTERS: Final = 300
_FIRST_BYTES: Final = b' \t\r\n[{"-0123456789tfn'
_HALF_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_ENCODER: Final = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))
_CURES: Final = {
    bytes: "send text, such as base64, or use codec='pickle'",
    bytearray: "send text, such as base64, or use codec='pickle'",
    set: "send a sorted list, or use codec='pickle'",
    frozenset: "send a sorted list, or use codec='pickle'",
    complex: "send a list of two numbers, or use codec='pickle'",
}


class JsonEncoder:
    """Writes messages as JSON lines. Spec JSON-1, JSON-5."""

    def encode(self, message: object, /) -> bytes:
        """Make one line; raise CannotEncode where JSON cannot carry something in the message unchanged."""
        try:
            _check(message, "value")
            return _ENCODER.encode(message).encode() + b"\n"
        except RecursionError as error:
            raise CannotEncode("value is nested too deep for JSON, or contains itself (spec JSON-5)") from error


def _refuse(path: str, what: str, cure: str) -> NoReturn:
    raise CannotEncode(f"{path} is {what}, which JSON cannot carry unchanged; {cure} (spec JSON-5)")


def _check(value: object, path: str) -> None:
    """Refuse what JSON would change. Exact types only: a subclass would come back as its base."""
    kind = type(value)
    if value is None or kind is bool:
        return
    if kind is str and isinstance(value, str):
        _check_text(value, path)
    elif kind is int and isinstance(value, int):
        if abs(value) > _GREATEST_INT:
            _refuse(path, "an int beyond 2**53-1", "send it as text, or use codec='pickle'")
    elif kind is float and isinstance(value, float):
        if not math.isfinite(value):
            _refuse(path, repr(value), "send None or text in its place, or use codec='pickle'")
    elif kind in (list, tuple) and isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{path}[{index}]")
    elif kind is dict and isinstance(value, dict):
        for key, item in value.items():
            if type(key) is not str:
                _refuse(path, f"a dict with the key {key!a:.40}", "use str keys, or use codec='pickle'")
            _check_text(key, f"the key {key!a:.40} of {path}")
            _check(item, f"{path}[{key!a:.40}]")
    else:
        _refuse(path, f"of type {kind.__qualname__}", _CURES.get(kind, "send plain data, or use codec='pickle'"))


def _check_text(text: str, path: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            _refuse(path, "a str with a lone surrogate", "repair the text, or use codec='pickle'")


class _Refused(Exception):
    """Why a line is refused."""


def _whole(digits: str) -> int:
    value = int(digits) if len(digits) <= _INT_CHARACTERS else _GREATEST_INT + 1
    if abs(value) > _GREATEST_INT:
        raise _Refused(f"the integer {digits:.40} is beyond 2**53-1")
    return value


def _real(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _Refused(f"the number {digits:.40} is beyond what a binary64 number can hold")
    return value


def _constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is no JSON")


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        repeated, _ = counts.most_common(1)[0]
        raise _Refused(f"the key {repeated!a:.40} is repeated")
    return value


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_real, parse_constant=_constant
)


class JsonDecoder:
    """Reads the JSON lines of one worker. See ``codec.Decoder``."""

    def __init__(self, settings: Settings) -> None:
        self._max_bytes = settings.max_message_bytes
        self._buffer = bytearray()
        self._scanned = 0  # no LF stands before here
        self._broken: Undecodable | None = None

    def feed(self, data: bytes, /, *, limit: int | None = None) -> list[object]:
        """Take bytes and give the messages whose lines are complete."""
        if self._broken is not None:
            raise Undecodable(self._broken.reason, self._broken.quote, self._broken.cure)
        self._buffer += data
        messages: list[object] = []
        start = 0
        try:
            while start < len(self._buffer) and (limit is None or len(messages) < limit):
                line = self._line(start)
                if line is None:
                    break
                messages.append(_decode(line))
                start += len(line) + 1
        except (_Refused, ValueError, RecursionError, MemoryError) as error:
            quote = bytes(self._buffer[start : start + _QUOTE_BYTES])
            name = "" if isinstance(error, _Refused) else f"{type(error).__name__}: "
            reason = f"no JSON line: {name}{error!s:.{_REASON_CHARACTERS}} (spec JSON-6)"
            self._broken = Undecodable(reason, quote, likely_cure(quote, "json"), messages)
            raise self._broken from error
        finally:
            del self._buffer[:start]
        return messages

    def _line(self, start: int) -> bytes | None:
        """Give the line that begins there without its LF, or None while it is not complete."""
        buffer = self._buffer
        if buffer[start] not in _FIRST_BYTES:
            raise _Refused(f"0x{buffer[start]:02x} came where a JSON text is due")
        end = buffer.find(b"\n", start + self._scanned)
        if (len(buffer) if end < 0 else end) - start > self._max_bytes:
            raise _Refused(f"the line is longer than max_message_bytes={self._max_bytes}")
        if end < 0:
            self._scanned = len(buffer) - start
            return None
        self._scanned = 0
        return bytes(buffer[start:end])

    def buffered(self) -> int:
        """How many bytes belong to no message yet."""
        return len(self._buffer)

    def rest(self) -> bytes:
        """Take what is buffered. The LF after a message belongs to that message."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._scanned = 0
        return rest


def _decode(line: bytes) -> object:
    value: object = _DECODER.decode(line.decode())
    if _HALF_ESCAPE.search(line):
        try:
            _ENCODER.encode(value).encode()
        except UnicodeEncodeError:
            raise _Refused("a text has a lone surrogate") from None
    return value
