"""A report as it lies in a file: JSON objects, a line each, of the kinds header, calibration, case and footer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from spreadjobs_conform.findings import UsageFault

Line: TypeAlias = Mapping[str, object]

SPEC: Final = "1.0"
"""The specification by which workers are judged."""
FORMAT: Final = 4
"""
What ``report_json`` writes: 2 added the records that ``verify`` needs, 3 how many cases were left out, 4 the baseline.
"""


@attrs.frozen
class Lines:
    """
    The lines of one report.

    Attributes:
        path: Where it lies.
        header: What was tested.
        calibration: What the first conversation showed; None if the run did not get so far.
        cases: A line a case.
        footer: None if the report was cut short.
        numbers: Where the lines stand in the file, counted from 1, by kind.
    """

    path: Path
    header: Line
    calibration: Line | None
    cases: Sequence[Line]
    footer: Line | None
    numbers: Mapping[str, Sequence[int]] = MappingProxyType({})


def read_lines(path: Path) -> Lines:
    """
    Reads a report.

    Raises:
        UsageFault: It cannot be read, or is no report; the text names file and line.
    """
    try:
        texts = path.read_text("utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise UsageFault(f"report {path}: {error}") from error
    if texts and texts[-1]:
        texts.pop()  # The run was ended while this line was written.
    return lines_of(texts, path)


def lines_of(texts: Sequence[str], path: Path) -> Lines:
    """
    Sorts the lines of a report.

    Args:
        texts: All of them, without their ends.
        path: What errors call it.

    Raises:
        UsageFault: It is no report; the text names file and line.
    """
    kinds: dict[str, list[Line]] = {"header": [], "calibration": [], "case": [], "footer": []}
    numbers: dict[str, list[int]] = {kind: [] for kind in kinds}
    for number, text in enumerate(texts, 1):
        if text:
            line = _line(text, f"report {path}, line {number}")
            kinds[str(line["kind"])].append(line)
            numbers[str(line["kind"])].append(number)
    if len(kinds["header"]) != 1 or len(kinds["calibration"]) > 1 or len(kinds["footer"]) > 1:
        counts = ", ".join(f"{len(lines)} of the kind {kind}" for kind, lines in kinds.items())
        raise UsageFault(f"report {path}: one header is due, and no more than one footer; it has {counts}")
    header = kinds["header"][0]
    if header.get("format") != FORMAT:
        raise UsageFault(f"report {path}: its format is {header.get('format')!r}, this kit reads {FORMAT}")
    calibration, footer = (next(iter(kinds[kind]), None) for kind in ("calibration", "footer"))
    return Lines(path, header, calibration, kinds["case"], footer, numbers)


def _line(text: str, where: str) -> Line:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageFault(f"{where}: no JSON: {error}") from error
    if not isinstance(value, dict) or value.get("kind") not in ("header", "calibration", "case", "footer"):
        raise UsageFault(f"{where}: an object with kind header, calibration, case or footer is due")
    return value
