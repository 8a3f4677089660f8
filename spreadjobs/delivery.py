"""How outcomes are given to the caller one by one: in which order, and how far ahead of the caller work is done."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Final, TypeVar

from spreadjobs.engine import Engine
from spreadjobs.outcomes import Outcome

A = TypeVar("A")

STREAM_BOUND: Final = 1024
"""A stream holds at most so many tasks, and 16 more a worker, that were taken from todo and not delivered."""
STREAM_BOUND_A_WORKER: Final = 16


def stream_bound(workers: int) -> int:
    """Most tasks that may be taken and not delivered, with so many workers."""
    return STREAM_BOUND + STREAM_BOUND_A_WORKER * workers


def deliver(outcomes: Iterable[Outcome[A]], engine: Engine, *, ordered: bool) -> Generator[Outcome[A]]:
    """
    Give outcomes to the caller, so that the engine knows how many the caller has.

    Args:
        outcomes: In the order of completion.
        engine: It looks after the workers whenever the caller's code has run.
        ordered: Whether to give them in todo order.
    """
    early: dict[int, Outcome[A]] = {}
    due = 0
    for outcome in outcomes:
        early[outcome.task_index if ordered else due] = outcome
        while due in early:
            engine.note_delivered(early[due].task_index)
            yield early.pop(due)
            engine.attend()
            due += 1
