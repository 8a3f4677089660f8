"""Breaks SHUT-10: waits without limit for the end of a worker's output."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.events import Order
from spreadjobs.plan import Plan
from spreadjobs.slots import WorkerState

right = Plan._limit


def wrong(self: Plan, worker: WorkerState, now_s: float) -> list[Order]:
    if worker.exit is not None and not worker.stdout_ended and worker.fault is None:
        worker.since_s = now_s
        return []
    return right(self, worker, now_s)


swap(Plan, _limit=wrong)
run()
