"""``docs/faults.md``: the table of what was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from faults.registry import ANCESTOR, FURTHER
from faults.scenario import Scenario, Seen, cell
from spreadjobs.slots import GRACE_S, LINGER_S

PAGE: Final = Path(__file__).parents[2] / "docs" / "faults.md"
_HEAD: Final = f"""\
# Faults: what happens when

Made by `make faults` from runs of the scenarios in `tests/faults/`, with real processes. The tests run each of them
again and compare what they see with this page. In each, besides what its row says, no answer is lost or doubled, and no
process of a worker's group, zombie, thread or descriptor is left. What a worker does "for ever" it does there for
longer than any bound.

The bound is that of the whole run, on top of the work and the starts of processes. Seconds in it are fixed:
{GRACE_S:g} s between the end of input, TERM and KILL where a worker is ended for cause or a run is stopped, and
{LINGER_S:g} s for a worker that closed its output in a task. "At once": nothing has to run out first.
The tests give each a minute more, which is for loaded machines: a run that is not over a minute after its bound fails,
one that is late by less does not. So they show that nothing hangs, not how quick "at once" is.

A run says what it waits for when nothing has been answered for 60 s, or for 10 s where nothing ever was. The tests of
the two rows that have "here 0.5 s" shorten that.

What is quoted is the text of the exception or, where there was none, of `.workers`: how each worker ended. Where it
differs from run to run it has "…". `1.1` is the first worker of the first argument list, `1.2` its replacement.
"""
_COLUMNS: Final = "| situation | gmisclib 0.73.0 | this project | bound |\n|---|---|---|---|\n"
_SECTIONS: Final[Sequence[tuple[str, Sequence[Scenario]]]] = (
    ("The 46 situations in which gmisclib 0.73.0 hangs, freezes or never lets its process end", ANCESTOR),
    ("Further situations", FURTHER),
)


def row(scenario: Scenario, seen: Seen) -> str:
    """The line of one scenario."""
    return f"| {scenario.situation} | {scenario.ancestor} | {cell(scenario, seen)} | {scenario.bound} |\n"


def page(rows: Mapping[str, str]) -> str:
    """
    The whole page.

    Args:
        rows: The line of each scenario, by its id.
    """
    parts = [_HEAD]
    for title, scenarios in _SECTIONS:
        parts += [f"\n## {title}\n\n", _COLUMNS, *(rows[scenario.id] for scenario in scenarios)]
    return "".join(parts)
