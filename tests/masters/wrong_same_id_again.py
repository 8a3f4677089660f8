"""Breaks RUN-2: sends a task again with the id that it had."""

from __future__ import annotations

from collections.abc import Sequence

from wronging import run, swap

from spreadjobs.events import TaskId
from spreadjobs.ledger import Ledger
from spreadjobs.tasks import Task

right = Ledger.send
ids: dict[int, TaskId] = {}


def wrong(self: Ledger, tasks: Sequence[Task]) -> list[tuple[TaskId, object]]:
    requests: list[tuple[TaskId, object]] = []
    for task, (task_id, payload) in zip(tasks, right(self, tasks), strict=True):
        old = ids.setdefault(task.index, task_id)
        self._at_workers[old] = self._at_workers.pop(task_id)
        requests.append((old, payload))
    return requests


swap(Ledger, send=wrong)
run()
