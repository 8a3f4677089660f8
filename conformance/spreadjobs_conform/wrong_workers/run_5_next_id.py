"""Breaks RUN-5: answers with the id of the next request."""

from __future__ import annotations

from right_worker import Worker, run


class NextId(Worker):
    def answer(self, task_id: int, value: object) -> object:
        return (task_id + 1, value)


run(NextId)
