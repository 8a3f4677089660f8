"""Breaks SHUT-3: does not exit at the end of its input when several tasks have failed."""

from __future__ import annotations

import time

from right_worker import Worker, run


class SleepsAfterFailures(Worker):
    failures = 0

    def op_raise(self, **failure: str) -> object:
        self.failures += 1
        return super().op_raise(**failure)

    def at_end(self) -> None:
        if self.failures > 1:
            time.sleep(60)


run(SleepsAfterFailures)
