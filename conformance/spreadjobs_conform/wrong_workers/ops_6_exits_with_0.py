"""Breaks OPS-6: exits with status 0, whatever status was asked for."""

from __future__ import annotations

from right_worker import Worker, run


class ExitsWith0(Worker):
    def op_exit(self, status: int) -> object:
        return super().op_exit(status * 0)


run(ExitsWith0)
