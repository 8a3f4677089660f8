"""Breaks ERR-2: dies once it has reported a failure."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class DiesAfterwards(Worker):
    def handle(self, request: object) -> None:
        self.failed = False
        super().handle(request)
        if self.failed:
            sys.exit("fatal error")

    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        self.failed = True
        return super().failure(task_id, type_name, message, traceback_text)


run(DiesAfterwards)
