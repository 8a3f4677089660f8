"""Breaks BUSY-1: gives a delay below 0."""

from __future__ import annotations

from right_worker import Worker, run


class NegativeDelay(Worker):
    def refusal(self, task_id: int, delay_s: float) -> object:
        return ("TooBusy", task_id, -1.0 - delay_s)


run(NegativeDelay)
