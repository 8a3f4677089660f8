"""Breaks OPS-3: counts refusals for all keys together."""

from __future__ import annotations

from right_worker import Worker, run


class ForgetsKeys(Worker):
    def op_busy(self, key: object, delay_s: float, times: int) -> object:
        del key
        return super().op_busy("any", delay_s, times)


run(ForgetsKeys)
