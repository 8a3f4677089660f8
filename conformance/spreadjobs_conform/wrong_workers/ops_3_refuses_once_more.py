"""Breaks OPS-3: refuses a task once more than it was asked to."""

from __future__ import annotations

from right_worker import Worker, run


class RefusesOnceMore(Worker):
    def op_busy(self, key: object, delay_s: float, times: int) -> object:
        return super().op_busy(key, delay_s, times + 1)


run(RefusesOnceMore)
