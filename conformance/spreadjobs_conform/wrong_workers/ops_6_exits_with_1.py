"""Breaks OPS-6: exits with status 1 where it was asked to leave with status 0."""

from __future__ import annotations

from right_worker import Worker, run


class ExitsWith1(Worker):
    def op_exit(self, status: int) -> object:
        return super().op_exit(status or 1)


run(ExitsWith1)
