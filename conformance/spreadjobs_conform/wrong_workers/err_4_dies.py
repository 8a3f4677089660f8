"""Breaks ERR-4: dies of an exception in a task, without a response."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class Dies(Worker):
    def fail(self, task_id: int, error: Exception) -> object:
        del task_id
        sys.exit(f"uncaught: {error!r}")


run(Dies)
