"""RESULTS.md, made of what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from speed.goals import ROWS
from speed.profiling import CALLS
from speed.values import Case, Contestant, Kind, Reading, Readings, Result, Spread, Verdict, result_of, spread_of

DASH: Final = "-"
PLOTS: Final = {
    "lengths.svg": "Tasks a second against the length of a task",
    "workers.svg": "Tasks a second against the number of workers",
}


@attrs.frozen
class Measured:
    """A case and what came of it."""

    case: Case
    readings: Readings

    @property
    def results(self) -> list[Result]:
        """Its figures."""
        return [result_of(figure, self.readings) for figure in self.case.figures]


@attrs.frozen
class Breakdown:
    """Where time goes: a heading, what the numbers mean, and the numbers by what they are of."""

    title: str
    text: str
    reading: Reading


@attrs.frozen
class Run:
    """
    All of a run.

    Attributes:
        head: What the run was, as pairs of a word and a value.
        quick: Whether it was a quick one.
    """

    head: Sequence[tuple[str, str]]
    measured: Sequence[Measured]
    breakdowns: Sequence[Breakdown] = ()
    quick: bool = False


def number(value: float) -> str:
    """Give three digits, in full where there are more before the point."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


UNITS: Final = {
    Kind.FASTER: "{} x",
    Kind.SHARE: "{} %",
    Kind.TIMES: "{} x",
    Kind.MORE_MS: "{} ms",
    Kind.PER_UNIT: "{} x",
    Kind.OVER: "{} %",
    Kind.MEGABYTES: "{} MB",
}


def _in_unit(kind: Kind, value: float) -> str:
    text = number(value)
    if kind in (Kind.MORE_MS, Kind.OVER) and value >= 0:
        text = f"+ {text}"
    return UNITS[kind].format(text)


def _bound(kind: Kind, value: float) -> str:
    side = "≥" if kind in (Kind.FASTER, Kind.SHARE) else "≤"
    return f"{side} {_in_unit(kind, value).replace('+ ', '')}"


def _range(kind: Kind, spread: Spread) -> str:
    return f"{_in_unit(kind, spread.least)} .. {_in_unit(kind, spread.greatest)}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Give the lines of a table, the first column to the left and the others to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def figures_table(results: Sequence[Result]) -> list[str]:
    """Give the figures to reach, in the order of the goals."""
    rows: list[list[str]] = []
    order = list(ROWS)
    for result in sorted(results, key=lambda result: order.index(result.figure.row)):
        figure, spread = result.figure, result.spread
        value = DASH if spread is None else f"**{_in_unit(figure.kind, spread.median)}**"
        span = DASH if spread is None else _range(figure.kind, spread)
        bounds = [_bound(figure.kind, figure.at_least), _bound(figure.kind, figure.aim)]
        rows.append([figure.what, *bounds, value, span, result.verdict.value])
    return table(["case", "at least", "aim", "median", "least .. greatest of the rounds", "verdict"], rows)


def _cell(readings: Sequence[Reading], key: str) -> str:
    spread = spread_of([reading.values[key] for reading in readings if key in reading.values])
    if spread is None:
        return DASH
    if len(readings) == 1:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.least)} .. {number(spread.greatest)})"


def _failed(readings: Sequence[Reading]) -> str:
    failures = [reading.failure for reading in readings if reading.failure]
    return f"failed {len(failures)} of {len(readings)} times: {failures[-1]}" if failures else ""


def _against(contestant: Contestant, measured: Measured) -> str:
    """How many times as fast as the case's reference: the median of the rounds."""
    case, key = measured.case, measured.case.shown[0][0]
    pairs = zip(measured.readings[case.against], measured.readings[contestant.name], strict=True)
    spread = spread_of(
        [theirs.values[key] / mine.values[key] for theirs, mine in pairs if key in theirs.values and key in mine.values]
    )
    if spread is None:
        return DASH
    return f"{number(spread.median)} ({number(spread.least)} .. {number(spread.greatest)})"


def case_lines(measured: Measured) -> list[str]:
    """Give the section of one case."""
    case = measured.case
    head = ["contestant", "tasks", *(heading for _, heading in case.shown)]
    head += [f"times as fast as {case.against}"] if case.against else []
    rows: list[list[str]] = []
    notes: list[str] = []
    for contestant in case.contestants:
        readings = measured.readings[contestant.name]
        cells = [_cell(readings, key) for key, _ in case.shown]
        cells += [_against(contestant, measured)] if case.against else []
        rows.append([contestant.name, f"{contestant.load.tasks:,}" if contestant.load.tasks else DASH, *cells])
        if failed := _failed(readings):
            notes += ["", f"{contestant.name}: {failed}"]
    rounds = max((len(readings) for readings in measured.readings.values()), default=0)
    said = f"Rounds: {rounds}. " + ("Median (least .. greatest) of the rounds." if rounds > 1 else "")
    return [f"### {case.title}", "", case.text, "", said.strip(), "", *table(head, rows), *notes, ""]


def breakdown_lines(breakdown: Breakdown) -> list[str]:
    """Give the section of one profile."""
    values: Mapping[str, float] = breakdown.reading.values
    lines = [f"### {breakdown.title}", "", breakdown.text, ""]
    if breakdown.reading.failure:
        return [*lines, f"Failed: {breakdown.reading.failure}", ""]
    names = [name for name in values if not name.endswith(CALLS)]
    with_calls = any(name.endswith(CALLS) for name in values)
    rows = [
        [
            f"`{name}`" if with_calls else name,
            f"{values[name]:.2f}",
            *([f"{values.get(name + CALLS, 0):.3f}"] if with_calls else []),
        ]
        for name in names
    ]
    head = ["what", "µs a task", *(["calls a task"] if with_calls else [])]
    return [*lines, *table(head, rows), ""]


HOW: Final = """\
Each measurement is a process of its own under a time limit. A case is measured in rounds: every contestant once a
round, each round beginning with another one. Ratios are taken within a round; their median is the result, and the
least and the greatest of them are given beside it. Pools and workers are warm where nothing else is said. All answers
are checked, ours and the peers': none missing, none wrong, all in order; the time for that is on nobody's clock,
except where answers come one by one. `PYTHONUNBUFFERED` is not set. The workers called *template* are
`workers/python/worker.py` as it is shipped, with its part after the mark replaced; those called *serve()* are a
function and `spreadjobs.worker.serve`. Nothing is set in `Settings` but what is said."""


def page(run: Run) -> str:
    """Give all of it."""
    results = [result for measured in run.measured for result in measured.results]
    counts = {verdict: sum(result.verdict is verdict for result in results) for verdict in Verdict}
    lines = ["# Speed: this project and its peers", "", "Made by `make bench`. Do not edit."]
    if run.quick:
        lines += ["", "**A quick run**: few tasks and few rounds. Good for seeing that all works, not for quoting."]
    lines += ["", *table(["", ""], [[word, value] for word, value in run.head]), ""]
    lines += ["## Figures to reach", ""]
    lines += [", ".join(f"{verdict.value}: {count}" for verdict, count in counts.items() if count) + ".", ""]
    lines += [*figures_table(results), "", "What is asked, in words:", ""]
    lines += [f"- {text}" for text in ROWS.values()]
    lines += ["", "## How it is measured", "", HOW, "", "## Plots", ""]
    lines += [f"![{text}]({name})\n" for name, text in PLOTS.items()]
    lines += ["## All that was measured", ""]
    for measured in run.measured:
        lines += case_lines(measured)
    lines += ["## Where the time of a noop task goes", ""]
    for breakdown in run.breakdowns:
        lines += breakdown_lines(breakdown)
    return "\n".join(lines).rstrip("\n") + "\n"
