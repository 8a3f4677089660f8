"""Breaks RUN-5: keeps the low 32 bits of a task id."""

from __future__ import annotations

from right_worker import Worker, run


class IdOf32Bits(Worker):
    def answer(self, task_id: int, value: object) -> object:
        return (task_id % 2**32, value)


run(IdOf32Bits)
