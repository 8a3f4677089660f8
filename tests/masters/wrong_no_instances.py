"""Breaks INST-2: takes no instances in the tagged dialect."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.events import Failure, Refusal
from spreadjobs.states import WorkerMachine

right = WorkerMachine._instance


def wrong(self: WorkerMachine, first: object) -> Refusal | Failure | None:
    return None if self._tagged else right(self, first)


swap(WorkerMachine, _instance=wrong)
run()
