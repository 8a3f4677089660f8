"""Breaks BUSY-1: gives the delay as a str."""

from __future__ import annotations

from right_worker import Worker, run


class DelayAsStr(Worker):
    def refusal(self, task_id: int, delay_s: float) -> object:
        return ("TooBusy", task_id, str(delay_s))


run(DelayAsStr)
