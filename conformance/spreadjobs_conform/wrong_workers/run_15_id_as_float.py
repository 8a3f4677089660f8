"""Breaks RUN-15: answers in pickle with a float that is equal to the task id."""

from __future__ import annotations

from right_worker import Worker, run


class IdAsFloat(Worker):
    def answer(self, task_id: int, value: object) -> object:
        return (float(task_id), value)


run(IdAsFloat)
