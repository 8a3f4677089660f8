"""Breaks OPS-3: keeps the number of refusals in a byte."""

from __future__ import annotations

import above  # noqa: F401 - it makes the next import work
from right_worker import Worker, run


class CountsInAByte(Worker):
    def op_busy(self, key: object, delay_s: float, times: int) -> object:
        return super().op_busy(key, delay_s, times % 256)


run(CountsInAByte)
