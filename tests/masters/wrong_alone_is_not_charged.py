"""Breaks JOB-2: charges nobody with a first death."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.events import TaskId
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Attempt

right = Ledger.charge
spared: set[int] = set()


def wrong(self: Ledger, task_id: TaskId, slot: int, attempt: Attempt) -> None:
    task = self.task(task_id)
    if self._max_attempts == 2 and task is not None and task.index not in spared:
        spared.add(task.index)
        return self.requeue([task_id], solo=True)
    return right(self, task_id, slot, attempt)


swap(Ledger, charge=wrong)
run()
