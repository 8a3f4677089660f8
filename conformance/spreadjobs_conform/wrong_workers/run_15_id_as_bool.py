"""Breaks RUN-15: answers in pickle with True where the task id is 1."""

from __future__ import annotations

from right_worker import Worker, run


class IdAsBool(Worker):
    def answer(self, task_id: int, value: object) -> object:
        return super().answer(True if task_id == 1 else task_id, value)


run(IdAsBool)
