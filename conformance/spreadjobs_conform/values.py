"""Values of the data model as a case sees them: comparing what came with what was due, and showing either."""

from __future__ import annotations

import math
import reprlib
import unicodedata
from typing import Final

MAX_SHOWN_BITS: Final = 400
"""Longer ints are shown by their size: their decimal digits cost more than linear time."""


class _Shower(reprlib.Repr):
    """``repr`` with bounds on width and depth, since what is shown may come from a hostile worker."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 6
        self.maxtuple = self.maxlist = self.maxdict = self.maxset = self.maxfrozenset = 6
        self.maxstring = self.maxother = self.maxlong = 120

    def repr_int(self, x: int, level: int) -> str:
        """An int, or its size when it is huge."""
        if x.bit_length() > MAX_SHOWN_BITS:
            return f"<an int of {x.bit_length()} bits>"
        return super().repr_int(x, level)

    def repr_bytes(self, x: bytes, _level: int) -> str:
        """The first bytes, without making the ``repr`` of all of them."""
        return repr(x) if len(x) <= self.maxother else f"{x[:60]!r}... ({len(x)} bytes)"

    def repr_bytearray(self, x: bytearray, level: int) -> str:
        """As bytes."""
        return f"bytearray({self.repr_bytes(bytes(x[:121]), level)})"


def show(value: object) -> str:
    """A short text for a value of any size and depth."""
    return _Shower().repr(value)


def difference(due: object, came: object, *, by_number: bool, where: str = "") -> str | None:  # noqa: PLR0911 - one row a type
    """
    The first difference between a value that was due and the one that came. Spec DATA-1.

    Args:
        due: What was due; its size and depth bound the work.
        came: What came.
        by_number: True for JSON: numbers are equal if they are equal as numbers, and a tuple is an array.
        where: The path to these values, for the text.

    Returns:
        A text for people, or None when the two are the same value of the same type.
    """
    if by_number:
        due = list(due) if isinstance(due, tuple) else due
        if _is_number(due) and _is_number(came):
            return None if due == came else _text(due, came, where)
    if type(due) is not type(came):
        return _text(due, came, where, types=True)
    if isinstance(due, float) and isinstance(came, float):
        return None if _same_float(due, came) else _text(due, came, where)
    if isinstance(due, complex) and isinstance(came, complex):
        same = _same_float(due.real, came.real) and _same_float(due.imag, came.imag)
        return None if same else _text(due, came, where)
    if isinstance(due, list | tuple) and isinstance(came, list | tuple):
        return _sequences(due, came, by_number=by_number, where=where)
    if isinstance(due, dict) and isinstance(came, dict):
        return _dicts(due, came, by_number=by_number, where=where)
    if isinstance(due, set | frozenset) and isinstance(came, set | frozenset):
        return None if _typed(due) == _typed(came) else _text(due, came, where)
    return None if due == came else _text(due, came, where)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same_float(due: float, came: float) -> bool:
    if math.isnan(due) or math.isnan(came):
        return math.isnan(due) and math.isnan(came)
    return due == came and math.copysign(1.0, due) == math.copysign(1.0, came)


def _typed(members: set[object] | frozenset[object]) -> set[tuple[str, object]]:
    return {(type(member).__name__, member) for member in members}


def _sequences(
    due: list[object] | tuple[object, ...], came: list[object] | tuple[object, ...], *, by_number: bool, where: str
) -> str | None:
    if len(due) != len(came):
        return f"{len(came)} items came{_at(where)}, {len(due)} were due: {show(came)} for {show(due)}"
    for index, (one, other) in enumerate(zip(due, came, strict=True)):
        found = difference(one, other, by_number=by_number, where=f"{where}[{index}]")
        if found is not None:
            return found
    return None


def _dicts(due: dict[object, object], came: dict[object, object], *, by_number: bool, where: str) -> str | None:
    if _typed(set(due)) != _typed(set(came)):
        said, wanted = told_apart(list(came), list(due))
        return f"the keys {said} came{_at(where)}, {wanted} were due"
    for key, one in due.items():
        found = difference(one, came[key], by_number=by_number, where=f"{where}[{show(key)}]")
        if found is not None:
            return found
    return None


def _at(where: str) -> str:
    return f" at {where}" if where else ""


def _text(due: object, came: object, where: str, *, types: bool = False) -> str:
    said, wanted = told_apart(came, due)
    if types:
        return f"{said} ({type(came).__name__}) came{_at(where)}, {wanted} ({type(due).__name__}) was due"
    return f"{said} came{_at(where)}, {wanted} was due"


def told_apart(one: object, other: object) -> tuple[str, str]:
    """Short texts for two values, with escapes where they would look the same."""
    shown, beside = show(one), show(other)
    if _looks(shown) == _looks(beside):
        shown, beside = (text.encode("ascii", "backslashreplace").decode("ascii") for text in (shown, beside))
    return shown, beside


def _looks(text: str) -> str:
    """The same text without what cannot be seen, and with what can in one form."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if unicodedata.category(part) not in ("Cf", "Cc", "Mn", "Zs", "Zl", "Zp"))
