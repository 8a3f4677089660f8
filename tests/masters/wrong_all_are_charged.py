"""Breaks JOB-2: charges all tasks that a worker held when it died."""

from __future__ import annotations

from collections.abc import Sequence

from wronging import run, swap

from spreadjobs.events import TaskId
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Attempt

right = Ledger.requeue


def wrong(self: Ledger, task_ids: Sequence[TaskId], *, solo: bool) -> None:
    if not solo or len(task_ids) < 2:
        return right(self, task_ids, solo=solo)
    for task_id in task_ids:
        self.charge(task_id, -1, Attempt(worker="", cause="died", detail="its worker died"))
    return None


swap(Ledger, requeue=wrong)
run()
