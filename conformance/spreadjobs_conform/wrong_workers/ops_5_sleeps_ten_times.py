"""Breaks OPS-5: sleeps ten times as long as asked."""

from __future__ import annotations

import time

from right_worker import Worker, run


class SleepsTenTimes(Worker):
    def op_sleep(self, seconds: float) -> None:
        time.sleep(10 * seconds)


run(SleepsTenTimes)
