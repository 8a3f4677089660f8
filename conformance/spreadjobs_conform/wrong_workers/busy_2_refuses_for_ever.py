"""Breaks BUSY-2: refuses a task for ever once it has refused it."""

from __future__ import annotations

from right_worker import Worker, run


class RefusesForEver(Worker):
    def op_busy(self, key: object, delay_s: float, times: int) -> object:
        return super().op_busy(key, delay_s, 10**9 if times else 0)


run(RefusesForEver)
