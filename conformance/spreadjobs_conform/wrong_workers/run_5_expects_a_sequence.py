"""Breaks RUN-5: counts task ids up from the first one, and does not look at the later ones."""

from __future__ import annotations

from right_worker import Worker, run


class ExpectsASequence(Worker):
    def answer(self, task_id: int, value: object) -> object:
        if self.requests == 1:
            self.first_id = task_id
        return (self.first_id + self.requests - 1, value)


run(ExpectsASequence)
