"""Breaks BUSY-1: adds a reason to a refusal as a fourth item."""

from __future__ import annotations

from right_worker import Worker, run


class AddsAReason(Worker):
    def refusal(self, task_id: int, delay_s: float) -> object:
        return ("TooBusy", task_id, delay_s, "load is 17")


run(AddsAReason)
