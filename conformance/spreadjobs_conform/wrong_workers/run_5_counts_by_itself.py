"""Breaks RUN-5: numbers its answers by itself, from 0."""

from __future__ import annotations

from right_worker import Worker, run


class CountsByItself(Worker):
    def answer(self, task_id: int, value: object) -> object:
        del task_id
        return (self.requests - 1, value)


run(CountsByItself)
