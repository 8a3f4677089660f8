"""Breaks SHUT-5: exits with status 1 when a task has failed."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class Status1AfterFailures(Worker):
    status = 0

    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        self.status = 1
        return super().failure(task_id, type_name, message, traceback_text)

    def at_end(self) -> None:
        sys.exit(self.status)


run(Status1AfterFailures)
