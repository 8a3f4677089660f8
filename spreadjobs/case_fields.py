"""The fields of a case file, which may come from anybody: each is checked, and named where it is not what is due."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Sequence
from typing import TypeVar

from spreadjobs.errors import SpreadJobsError

T = TypeVar("T", bound=str)


class CaseError(SpreadJobsError):
    """A file is no case file, or a damaged one. The text says what came, what was due, and where."""


def check_passable(text: str, where: str) -> None:
    """
    Refuse what no operating system can pass to a program.

    Raises:
        CaseError: it has a NUL character, or cannot be encoded.
    """
    if "\0" in text:
        raise CaseError(f"{where} is {text!r:.80}: it has a NUL character, which no program can be given")
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise CaseError(f"{where} is {text!r:.80}: it cannot be encoded for the operating system") from error


class Fields:
    """
    The fields of one object, which are all there and no others.

    Args:
        value: The object.
        where: Its place in the file, such as ``worker``; "" for the file itself.
        names: The fields that are due.

    Raises:
        CaseError: it is no object, or has other fields; and each method, where the field is not what is due.
    """

    def __init__(self, value: object, where: str, names: Sequence[str]) -> None:
        if not isinstance(value, dict):
            raise _wrong(value, where, "an object")
        self._values: dict[str, object] = value
        self._where = where
        for name in names:
            if name not in self._values:
                raise CaseError(f"{self._place(name)} is missing")
        for name in self._values:
            if name not in names:
                raise CaseError(f"{self._place(name)[:80]!r} is no field of this format; {', '.join(names)} are")

    def _place(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def text(self, name: str) -> str:
        """A text."""
        return _text(self._values[name], self._place(name))

    def optional_text(self, name: str) -> str | None:
        """A text or null."""
        return None if self._values[name] is None else self.text(name)

    def choice(self, name: str, choices: tuple[T, ...]) -> T:
        """One of some texts."""
        value = self._values[name]
        for choice in choices:
            if value == choice:
                return choice
        raise _wrong(value, self._place(name), f"one of {', '.join(choices)}")

    def whole(self, name: str, least: int, most: int = sys.maxsize) -> int:
        """A whole number."""
        value = self._values[name]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _wrong(value, self._place(name), f"a whole number from {least} to {most}")
        return value

    def optional_whole(self, name: str) -> int | None:
        """A whole number or null."""
        return None if self._values[name] is None else self.whole(name, -sys.maxsize)

    def optional_seconds(self, name: str) -> float | None:
        """A number or null; its range is for others to check."""
        value = self._values[name]
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(value, self._place(name), "a number of seconds or null")
        try:
            return float(value)
        except OverflowError:
            raise _wrong(value, self._place(name), "a number of seconds or null") from None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        return _texts(self._values[name], self._place(name))

    def text_map(self, name: str) -> dict[str, str]:
        """An object of texts."""
        value = self._values[name]
        if not isinstance(value, dict):
            raise _wrong(value, self._place(name), "an object")
        return {key: _text(text, f"{self._place(name)}[{key!r:.80}]") for key, text in value.items()}

    def inner(self, name: str, names: Sequence[str]) -> Fields:
        """An object."""
        return Fields(self._values[name], self._place(name), names)

    def inners(self, name: str, names: Sequence[str]) -> list[Fields]:
        """A list of objects."""
        items = _list(self._values[name], self._place(name))
        return [Fields(item, f"{self._place(name)}[{number}]", names) for number, item in enumerate(items)]

    def some_bytes(self, name: str) -> bytes:
        """Bytes, as lines of base64."""
        return _bytes(self._values[name], self._place(name))

    def many_bytes(self, name: str) -> tuple[bytes, ...]:
        """A list of such."""
        items = _list(self._values[name], self._place(name))
        return tuple(_bytes(item, f"{self._place(name)}[{number}]") for number, item in enumerate(items))


def _wrong(value: object, where: str, due: str) -> CaseError:
    came = repr(value) if isinstance(value, bool | float | None) else f"of type {type(value).__name__}"
    if isinstance(value, str):
        came = f"{value[:40]!r}"
    elif isinstance(value, int) and not isinstance(value, bool):
        came = "another number"
    return CaseError(f"{where or 'the file'} is {came}: {due} is due")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(value, where, "a text")
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise _wrong(value, where, "a list")
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    return tuple(_text(item, f"{where}[{number}]") for number, item in enumerate(_list(value, where)))


def _bytes(value: object, where: str) -> bytes:
    text = "".join(_texts(value, where))
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise CaseError(f"{where} is damaged: lines of base64 are due ({error})") from error
