"""Breaks RUN-5: answers with the value alone, without the task id."""

from __future__ import annotations

from right_worker import Worker, run


class ValueAlone(Worker):
    def answer(self, task_id: int, value: object) -> object:
        del task_id
        return value


run(ValueAlone)
