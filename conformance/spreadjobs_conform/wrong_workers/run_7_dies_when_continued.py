"""Breaks RUN-7: takes being continued after a stop for being told to end."""

from __future__ import annotations

import os
import signal

from right_worker import Worker, run


class DiesWhenContinued(Worker):
    def begin(self) -> None:
        signal.signal(signal.SIGCONT, lambda _number, _frame: os._exit(0))


run(DiesWhenContinued)
