"""Values that a run hands to its caller: outcomes, attempts, reports and the marker for what has no answer."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, Generic, Literal, TypeAlias, TypeVar

import attrs

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)


class NotComputed(Enum):
    """The type of ``notComputed``."""

    notComputed = "notComputed"  # noqa: N815 - the seed's name

    def __repr__(self) -> str:
        """The seed's name, bare."""
        return "notComputed"


notComputed: Final = NotComputed.notComputed  # noqa: N816 - the seed's name
"""Stands in partial results where there is no answer."""

Cause: TypeAlias = Literal["died", "killed", "departed", "timed out", "violation", "refused answer"]


@attrs.frozen(kw_only=True)
class Attempt:
    """One try of one task that was charged to the task."""

    worker: str
    """Name of the worker, such as ``3.1``."""
    cause: Cause
    """Why the try failed."""
    detail: str
    """What happened, in words: exit status or signal name, what was violated, how long was waited."""
    stderr: Sequence[str] = ()
    """The last lines that the worker wrote on stderr."""
    status: int | None = None
    """Exit status of the worker, if it ended by itself with one."""
    signal: str | None = None
    """Name of the signal that ended it, such as ``SIGSEGV``, if one did that the master had not sent."""


@attrs.frozen  # Not keywords only: one is made for every task, and passing names costs a third of that.
class Answered(Generic[A_co]):
    """The task was answered."""

    task_index: int
    value: A_co
    worker: str
    attempts: Sequence[Attempt] = ()
    """Failed tries before the answer."""


@attrs.frozen(kw_only=True)
class Failed:
    """The task raised, or its payload could not be encoded, or its answer could not be converted."""

    task_index: int
    error: Exception = attrs.field(eq=False)
    worker: str = ""
    attempts: Sequence[Attempt] = ()
    case: str = ""
    """Path of its case file, where ``cases=`` had one written."""


@attrs.frozen(kw_only=True)
class Quarantined:
    """The task was charged ``max_attempts`` attempts, or its workers were killed ``max_kills`` times; set aside."""

    task_index: int
    attempts: Sequence[Attempt]
    case: str = ""
    """Path of its case file, where ``cases=`` had one written."""


@attrs.frozen(kw_only=True)
class Cancelled:
    """The run ended before the task did."""

    task_index: int
    reason: str
    attempts: Sequence[Attempt] = ()
    case: str = ""
    """Path of its case file, where ``cases=`` had one written: its worker had ended, and none was left."""


Outcome: TypeAlias = Answered[A] | Failed | Quarantined | Cancelled


@attrs.frozen(kw_only=True)
class WorkerReport:
    """How one worker process ended."""

    name: str
    """Slot and incarnation, such as ``3.1``; slots count from 1 in the order of ``list_of_args``."""
    arguments: Sequence[str]
    status: int | None
    """Exit status, or None if it was ended by a signal or never started."""
    signal: str | None
    """Name of the signal that ended it, such as ``SIGKILL``, or None."""
    reason: str
    """In words, why it ended."""
    answered: int
    """Tasks it answered."""
    busy_s: float
    """Seconds during which it held a task."""
    stderr: Sequence[str] = ()
    """The last lines that it wrote on stderr."""


class Spread(tuple[list[A], list[list[str]]]):
    """
    What ``main()`` returns: the pair ``(results, outputs)``, and the workers' reports beside it.

    ``results`` are in todo order; ``outputs`` has one list of lines an argument list, in the order of ``list_of_args``.
    """

    workers: Sequence[WorkerReport]

    def __new__(cls, results: list[A], outputs: list[list[str]], workers: Sequence[WorkerReport] = ()) -> Spread[A]:
        """Make the pair."""
        self = super().__new__(cls, (results, outputs))
        self.workers = workers
        return self

    def __reduce__(self) -> tuple[type[Spread[A]], tuple[list[A], list[list[str]], Sequence[WorkerReport]]]:
        """Copies and pickles have the reports too."""
        return type(self), (self[0], self[1], self.workers)

    @property
    def results(self) -> list[A]:
        """Answers in todo order."""
        return self[0]

    @property
    def outputs(self) -> list[list[str]]:
        """Lines written after the last answer, one list an argument list."""
        return self[1]
