"""Breaks RUN-14: gives a task up that a worker held when it left."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.errors import SpreadJobsError
from spreadjobs.events import TaskId
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Attempt


def wrong(self: Ledger, task_id: TaskId, _attempt: Attempt) -> None:
    self.unsendable(task_id, SpreadJobsError("its worker has left"))


swap(Ledger, departed=wrong)
run()
