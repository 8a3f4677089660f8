"""Breaks OUT-1: gives the number of failures so far as err of a failure."""

from __future__ import annotations

from right_worker import Worker, run


class CountsFailures(Worker):
    failures = 0

    def fail(self, task_id: int, error: Exception) -> object:
        self.failures += 1
        self.err = self.failures
        return super().fail(task_id, error)


run(CountsFailures)
