"""Reading the fields of a report's lines, with errors that say what came, what is due, and where."""

from __future__ import annotations

from typing import Final, TypeVar

import attrs

from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.report_lines import Line, Lines
from spreadjobs_conform.verdicts import Status

T = TypeVar("T")
MOST: Final = 2**53
"""Beyond it, not every reader of JSON has whole numbers."""
MOST_S: Final = 1e9
"""Thirty years."""


@attrs.frozen
class Fields:
    """
    The fields of one line, each of the type that is due, or a UsageFault that names file, line and field.

    Attributes:
        lines: The report.
        kind: Of the line.
        index: Which of its kind it is.
        line: What it says, or an object inside of it.
    """

    lines: Lines
    kind: str
    index: int
    line: Line

    def fault(self, text: str) -> UsageFault:
        """The error for what this line should not be."""
        numbers = self.lines.numbers.get(self.kind, ())
        number = numbers[self.index] if self.index < len(numbers) else "?"
        return UsageFault(f"{self.lines.path}:{number}: {self.kind}: {text}")

    def get(self, key: str, due: type[T]) -> T:
        """A value of this type."""
        value = self.line.get(key)
        # JSON's true is no number.
        if not isinstance(value, due) or (isinstance(value, bool) and due is not bool):
            came = f"{value!r:.80} came" if key in self.line else "it is missing"
            names = {str: "a string", int: "a whole number", bool: "true or false", list: "an array"}
            raise self.fault(f"{key}: {came}, {names.get(due, due.__name__)} is due")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A string; reports of earlier kits may lack one that has a default."""
        return default if default is not None and key not in self.line else self.get(key, str)

    def whole(self, key: str, default: int | None = None) -> int:
        """A number that counts something; reports of earlier kits may lack one that has a default."""
        number = default if default is not None and key not in self.line else self.get(key, int)
        if number < 0:
            raise self.fault(f"{key}: {number!r:.80} came, a number that is not negative is due")
        if number > MOST:
            raise self.fault(f"{key}: a number of {number.bit_length()} bits came, {MOST} is the most")
        return number

    def seconds(self, key: str) -> float:
        """A number from 0 to some thirty years."""
        value = self.line.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < MOST_S:
            raise self.fault(f"{key}: {value!r:.80} came, a number of seconds is due")
        return float(value)

    def texts(self, key: str, *, default: bool = False) -> tuple[str, ...]:
        """Strings; with ``default``, none if the line lacks them."""
        if default and key not in self.line:
            return ()
        found: list[str] = []
        for item in self.get(key, list):
            if not isinstance(item, str):
                raise self.fault(f"{key}: {item!r:.80} came, an array of strings is due")
            found.append(item)
        return tuple(found)

    def status(self) -> Status:
        """How a case ended."""
        text = self.text("status")
        for status in Status:
            if status.value == text:
                return status
        raise self.fault(f"status: {text!r:.80} came, one of {', '.join(each.value for each in Status)} is due")
