"""Breaks OPS-2: a task that fails right after one that was refused is refused as well."""

from __future__ import annotations

import above  # noqa: F401 - it makes the next import work
from right_worker import Worker, run


class FailsAsItRefused(Worker):
    delay_s: float | None = None

    def answer(self, task_id: int, value: object) -> object:
        self.delay_s = None
        return super().answer(task_id, value)

    def refusal(self, task_id: int, delay_s: float) -> object:
        self.delay_s = delay_s
        return super().refusal(task_id, delay_s)

    def fail(self, task_id: int, error: Exception) -> object:
        if self.delay_s is not None:
            return self.refusal(task_id, self.delay_s)
        return super().fail(task_id, error)


run(FailsAsItRefused)
