"""Breaks BUSY-1: gives a delay that is not a number."""

from __future__ import annotations

import math

from right_worker import Worker, run


class DelayIsNaN(Worker):
    def refusal(self, task_id: int, delay_s: float) -> object:
        return ("TooBusy", task_id, delay_s * math.nan)


run(DelayIsNaN)
