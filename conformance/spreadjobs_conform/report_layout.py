"""Lines for a screen: as wide as it is, and no more of them than the first screen has room for."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Final

PIPED_COLUMNS: Final = 100
"""How wide lines are where there is no terminal."""
LEAST_COLUMNS: Final = 40
SHOWN_EVENTS: Final = 7
SHOWN_EVENTS_OF_A_MASTER: Final = 13
"""With several workers, and an end for each."""
SHOWN_ROWS: Final = 3
SHOWN_OPCODES: Final = 6
MOST_LINES: Final = 2
"""So many lines one event, or one line of standard error, may take."""
_ROW: Final = re.compile(r" *\d+  [0-9a-f]{2} [0-9a-f ]{44}  .*|.*\.\.\. and more")
"""A row of bytes as ``diagnosis.bytes_lines`` writes it."""


def wrapped(text: str, columns: int, *, indent: int, first: str = "", most: int | None = None) -> list[str]:
    """
    A text in lines of a width.

    Args:
        text: One line or more.
        columns: The width.
        indent: Spaces before each line but the first.
        first: What stands before the first line.
        most: How many lines may come of it; dots say that there were more.
    """
    lines = textwrap.wrap(
        text,
        max(columns, LEAST_COLUMNS),
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
        replace_whitespace=False,
        drop_whitespace=True,
        max_lines=most,
        placeholder=" ...",
    )
    # What a worker wrote may hold line ends of its own.
    return [piece for line in lines or [first.rstrip()] for piece in line.split("\n")]


def events_shown(lines: Sequence[str], *, of_master: bool = False) -> list[str]:
    """
    The first event and the last ones: how the worker was started, and what went wrong.

    Args:
        lines: All.
        of_master: Whether they are of a master, whose workers are started and prepared, each, before anything is asked.
    """
    most, first = (SHOWN_EVENTS_OF_A_MASTER, SHOWN_EVENTS_OF_A_MASTER // 2) if of_master else (SHOWN_EVENTS, 1)
    if len(lines) <= most:
        return list(lines)
    last = most - first - 1
    gap = f"{'...':>8}   {len(lines) - last - first} events are left out here; --report FILE has all"
    return [*lines[:first], gap, *lines[-last:]]


def evidence_title(*, of_master: bool) -> str:
    """What stands above the bytes that a failure is about."""
    stream = "all that it wrote to this worker" if of_master else "its standard output"
    return f"its bytes, from their places in {stream} on, and what they say"


def evidence_shown(lines: Sequence[str]) -> list[str]:
    """The first rows of bytes, and the first opcodes with the last one, which says where they break off."""
    rows = [line for line in lines if _ROW.fullmatch(line)]
    opcodes = [line for line in lines if not _ROW.fullmatch(line)]
    more = f"{'':8}  ... and more"
    if len(rows) > SHOWN_ROWS:
        rows = [*rows[:SHOWN_ROWS], more]
    if len(opcodes) > SHOWN_OPCODES:
        opcodes = [*opcodes[: SHOWN_OPCODES - 1], more, opcodes[-1]]
    return [*rows, *opcodes]
