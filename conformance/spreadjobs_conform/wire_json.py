"""Reading and writing the JSON codec, from the specification alone. Spec JSON-1 to JSON-7."""

from __future__ import annotations

import json
import math
from typing import Final

from spreadjobs_conform.cures import GREAT_FLOAT
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.messages import MAX_HEAD_BYTES, Message, unreadable

MAX_INT: Final = 2**53 - 1
MAX_INT_TEXT: Final = len(str(-MAX_INT))
MAX_MESSAGE_BYTES: Final = 1 << 28


def write_json(value: object) -> bytes:
    """One message of the kit: one line, ASCII alone. Spec JSON-5."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


class JsonReader:
    """The bytes of one worker's standard output, taken apart into lines."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, data: bytes, /) -> None:
        """Takes bytes as they come from the pipe."""
        self._buffer += data

    def pending(self) -> bytes:
        """The first of the bytes that belong to no complete line yet."""
        return bytes(self._buffer[:MAX_HEAD_BYTES])

    def pending_bytes(self) -> int:
        """How many they are."""
        return len(self._buffer)

    def rest(self) -> bytes:
        """All of them."""
        return bytes(self._buffer)

    def next(self) -> Message | None:
        """
        The next complete message, or None until more bytes come.

        Raises:
            Finding: The bytes are no message.
        """
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            if self._searched > MAX_MESSAGE_BYTES:
                raise unreadable("JSON-1", bytes(self._buffer[:MAX_HEAD_BYTES]), "a line that ends", "json")
            # A response is an array: anything else is known at its first byte, without a line end to wait for.
            first = bytes(self._buffer[:80]).lstrip(b" \t\r")
            if first and first[:1] != b"[":
                raise unreadable("JSON-1", bytes(self._buffer[:MAX_HEAD_BYTES]), "a JSON array on one line", "json")
            return None
        line = bytes(self._buffer[:end])
        message = Message(parse_line(line), end + 1, line[:MAX_HEAD_BYTES])
        del self._buffer[: end + 1]
        self._searched = 0
        return message


def parse_line(line: bytes) -> object:
    """
    The value of one line.

    Raises:
        Finding: It is no RFC 8259 text in UTF-8, or holds what may not travel. Spec JSON-1, JSON-4.
    """
    due = "one RFC 8259 text in UTF-8, on one line, ended by LF"
    if line.startswith(b"\xef\xbb\xbf"):
        raise unreadable("JSON-1", line, "UTF-8 without a byte order mark", "json")
    try:
        text = line.decode("utf-8")
        value: object = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
        _check_text(text, value)
    except (ValueError, RecursionError):
        raise unreadable("JSON-1", line, due, "json") from None
    return value


def _may_not_travel(what: str, cure: str = "") -> Finding:
    return Finding("JSON-4", f"the response holds {what}", "a value that can travel, or a RemoteException", cure)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _may_not_travel("a repeated key")
    return made


def _constant(text: str) -> float:
    raise _may_not_travel(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _may_not_travel(f"{text[:40]}, which is no finite number")
    return number


def _int(text: str) -> int:
    if len(text) > MAX_INT_TEXT or abs(int(text)) > MAX_INT:
        raise _may_not_travel(f"the integer {text[:40]}, beyond 2**53-1", GREAT_FLOAT)
    return int(text)


def _check_text(text: str, value: object) -> None:
    # A lone surrogate can only come from an escape: UTF-8 has none.
    if "\\u" not in text and "\\U" not in text:
        return
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            if any("\ud800" <= character <= "\udfff" for character in node):
                raise _may_not_travel("a lone surrogate")
        elif isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            waiting.extend(node.keys())
            waiting.extend(node.values())
