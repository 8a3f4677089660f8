"""Breaks ERR-2: dies once it has reported 50 failures."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class DiesOfTheFiftieth(Worker):
    failures = 0

    def handle(self, request: object) -> None:
        super().handle(request)
        if self.failures == 50:
            sys.exit("too many errors")

    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        self.failures += 1
        return super().failure(task_id, type_name, message, traceback_text)


run(DiesOfTheFiftieth)
