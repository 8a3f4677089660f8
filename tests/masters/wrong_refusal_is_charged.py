"""Breaks BUSY-3: charges a task with each refusal."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.events import TaskId
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Attempt
from spreadjobs.tasks import Task


def wrong(self: Ledger, task_id: TaskId) -> Task | None:
    task = self.task(task_id)
    self.charge(task_id, -1, Attempt(worker="", cause="died", detail="refused"))
    return task


swap(Ledger, refused=wrong)
run()
