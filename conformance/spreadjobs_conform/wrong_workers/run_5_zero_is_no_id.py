"""Breaks RUN-5: takes the task id 0 for a missing one, and answers 1."""

from __future__ import annotations

from right_worker import Worker, run


class ZeroIsNoId(Worker):
    def answer(self, task_id: int, value: object) -> object:
        return (task_id or 1, value)


run(ZeroIsNoId)
