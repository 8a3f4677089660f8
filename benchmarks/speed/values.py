"""What is measured, what came of it, and what is to be reached: values, and the little arithmetic on them."""

from __future__ import annotations

import enum
import statistics
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs


@attrs.frozen
class Load:
    """
    What one contestant is given to do; each job says which of these it heeds.

    Attributes:
        tasks: How many, on the clock.
        workers: How many.
        task_s: How long a task sleeps.
        program: The worker's program, by its name in ``programs.py``.
        way: How the contestant is called, where there are several ways.
        window: ``Settings.window``, or how many tasks a loop or a peer sends ahead or in a batch; 0: it decides.
        size_bytes: The size of an answer.
        protocol: The pickle protocol of an answer.
    """

    tasks: int = 0
    workers: int = 2
    task_s: float = 0.0
    program: str = "template"
    way: str = ""
    window: int = 0
    size_bytes: int = 0
    protocol: int = 4


@attrs.frozen
class Contestant:
    """
    Somebody to be measured, in a child process of its own.

    Attributes:
        name: As it is shown; unique in its case.
        job: What the child calls, ``module:function`` below ``speed``.
        load: What that gets.
        limit_s: After so long the child is killed, and that is reported.
        compiled: Whether the child imports the package whose hot modules are compiled.
    """

    name: str
    job: str
    load: Load = attrs.field(factory=Load)
    limit_s: float = 60.0
    compiled: bool = False


@attrs.frozen
class Reading:
    """What one child measured, or why it measured nothing."""

    values: Mapping[str, float] = attrs.field(factory=dict)
    failure: str = ""


Source: TypeAlias = tuple[str, str]
"""A contestant's name and the key of one of its values."""
Readings: TypeAlias = Mapping[str, Sequence[Reading]]
"""What each contestant measured, a reading a round, in the order of the rounds."""


class Kind(enum.Enum):
    """How a figure is made of two values, or of one, and which side is the good one."""

    FASTER = "reference / ours; more is better"
    SHARE = "reference / ours in per cent; more is better"
    TIMES = "ours / reference; less is better"
    MORE_MS = "ours - reference in milliseconds; less is better"
    PER_UNIT = "ours / what is due; less is better"
    OVER = "by how many per cent ours is over what is due; less is better"
    MEGABYTES = "ours in megabytes; less is better"


@attrs.frozen
class Figure:
    """
    A figure to reach.

    Attributes:
        what: What is compared with what.
        row: The row of ``ROWS`` in ``goals.py`` to which it belongs.
        kind: How it is made.
        subject: Ours.
        reference: What it is held against; None where ``due`` is.
        at_least: What must be reached.
        aim: What should be.
        due: The value that would be perfect, for PER_UNIT and OVER.
    """

    what: str
    row: str
    kind: Kind
    subject: Source
    reference: Source | None
    at_least: float
    aim: float
    due: float = 1.0


@attrs.frozen
class Case:
    """
    Contestants that are measured in turn.

    Attributes:
        name: For ``--only``.
        title: Its heading.
        text: What is done and what the values mean.
        contestants: In the order of the table.
        rounds: How often each is measured in a full run.
        shown: The values of the table: key and heading, with the unit.
        against: The contestant that the table's ratios refer to, if it has any; they are of the first shown value.
    """

    name: str
    title: str
    text: str
    contestants: Sequence[Contestant]
    rounds: int
    shown: Sequence[tuple[str, str]]
    against: str = ""
    figures: Sequence[Figure] = ()


class Verdict(enum.Enum):
    """How far a figure got."""

    REACHED = "reached"
    AT_LEAST = "at least"
    SHORT = "SHORT"
    UNKNOWN = "not measured"


@attrs.frozen
class Spread:
    """The median of several values, and the least and the greatest of them."""

    median: float
    least: float
    greatest: float


@attrs.frozen
class Result:
    """What came of a figure; no spread where nothing could be measured."""

    figure: Figure
    spread: Spread | None
    verdict: Verdict


def spread_of(values: Sequence[float]) -> Spread | None:
    """Give median, minimum and maximum; None of nothing."""
    return Spread(statistics.median(values), min(values), max(values)) if values else None


def values_of(readings: Readings, source: Source) -> list[float | None]:
    """One value a round; None where there is none."""
    name, key = source
    return [reading.values.get(key) for reading in readings.get(name, ())]


def by_round(figure: Figure, readings: Readings) -> list[float]:
    """The figure of each round in which all that it needs was measured: only what was measured in turn is compared."""
    ours = values_of(readings, figure.subject)
    theirs = [figure.due] * len(ours) if figure.reference is None else values_of(readings, figure.reference)
    return [
        _compare(figure.kind, mine, other)
        for mine, other in zip(ours, theirs, strict=False)
        if mine is not None and other is not None
    ]


def _compare(kind: Kind, ours: float, theirs: float) -> float:
    match kind:
        case Kind.FASTER:
            return theirs / ours
        case Kind.SHARE:
            return 100 * theirs / ours
        case Kind.TIMES | Kind.PER_UNIT:
            return ours / theirs
        case Kind.MORE_MS:
            return 1e3 * (ours - theirs)
        case Kind.OVER:
            return 100 * (ours / theirs - 1)
        case Kind.MEGABYTES:
            return ours / 1e6


def judge(figure: Figure, value: float) -> Verdict:
    """Say how far a value got."""
    sign = 1 if figure.kind in (Kind.FASTER, Kind.SHARE) else -1
    if sign * value >= sign * figure.aim:
        return Verdict.REACHED
    return Verdict.AT_LEAST if sign * value >= sign * figure.at_least else Verdict.SHORT


def result_of(figure: Figure, readings: Readings) -> Result:
    """The median of the rounds' figures, and its verdict."""
    spread = spread_of(by_round(figure, readings))
    return Result(figure, spread, Verdict.UNKNOWN if spread is None else judge(figure, spread.median))
