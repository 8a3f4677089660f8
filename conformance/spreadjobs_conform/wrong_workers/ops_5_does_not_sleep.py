"""Breaks OPS-5: answers at once where it should sleep."""

from __future__ import annotations

from right_worker import Worker, run


class DoesNotSleep(Worker):
    def op_sleep(self, seconds: float) -> None:
        del seconds


run(DoesNotSleep)
