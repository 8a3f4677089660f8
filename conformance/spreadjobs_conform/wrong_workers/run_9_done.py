"""Breaks RUN-9: puts a word of its own in first place of an answer."""

from __future__ import annotations

from right_worker import Worker, run


class Done(Worker):
    def answer(self, task_id: int, value: object) -> object:
        return ("Done", task_id, value)


run(Done)
