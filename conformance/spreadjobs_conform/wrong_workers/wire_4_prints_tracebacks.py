"""Breaks WIRE-4: prints the traceback of a failure on standard output too."""

from __future__ import annotations

import traceback

from right_worker import Worker, run


class PrintsTracebacks(Worker):
    def fail(self, task_id: int, error: Exception) -> object:
        self.write(traceback.format_exc().encode())
        return super().fail(task_id, error)


run(PrintsTracebacks)
