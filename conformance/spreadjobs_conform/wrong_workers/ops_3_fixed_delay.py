"""Breaks OPS-3: refuses with a delay of its own."""

from __future__ import annotations

from right_worker import Worker, run


class FixedDelay(Worker):
    def refusal(self, task_id: int, delay_s: float) -> object:
        return super().refusal(task_id, delay_s + 1.0)


run(FixedDelay)
