"""Breaks OPS-6: exits with status 7 whatever other status than 0 is asked for."""

from __future__ import annotations

from right_worker import Worker, run


class ExitsWith7(Worker):
    def op_exit(self, status: int) -> object:
        return super().op_exit(7 if status else 0)


run(ExitsWith7)
