"""Breaks BUSY-1: refuses for ever where the delay is more than some days."""

from __future__ import annotations

import math

from right_worker import Worker, run


class GreatDelayIsInfinite(Worker):
    def refusal(self, task_id: int, delay_s: float) -> object:
        return super().refusal(task_id, math.inf if delay_s > 500_000 else delay_s)


run(GreatDelayIsInfinite)
