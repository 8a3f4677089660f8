"""Breaks SHUT-1: closes the input of a worker as soon as no task waits for it."""

from __future__ import annotations

import time

from wronging import run, swap

from spreadjobs.loop import Loop
from spreadjobs.slots import WorkerPhase

right = Loop.hand_out


def wrong(self: Loop) -> None:
    right(self)
    plan = self.plan
    for worker in list(plan.workers.values()):
        idle = worker.phase is WorkerPhase.LIVE and worker.answered and not worker.machine.outstanding
        if idle and plan.exhausted and not plan.ledger.waiting and not plan.closing:
            self.obey(plan._close(worker, time.monotonic(), hurried=False))


swap(Loop, hand_out=wrong)
run()
