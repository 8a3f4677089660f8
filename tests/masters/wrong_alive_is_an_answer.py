"""Breaks RUN-12: takes Alive for the answer None."""

from __future__ import annotations

from collections.abc import Sequence

from wronging import run, swap

from spreadjobs.events import Answer, Failure, Refusal
from spreadjobs.states import WorkerMachine

right = WorkerMachine._named_first


def wrong(self: WorkerMachine, name: str, first: Sequence[object]) -> Answer | Refusal | Failure | None:
    return right(self, name, first) or Answer(self.outstanding[0], None, (), ())


swap(WorkerMachine, _named_first=wrong)
run()
