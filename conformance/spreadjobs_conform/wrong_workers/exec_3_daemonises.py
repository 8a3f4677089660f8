"""Breaks EXEC-3: goes to the background, as a daemon does; the process that was executed exits at once."""

from __future__ import annotations

import os

from right_worker import Worker, run


class Daemon(Worker):
    def begin(self) -> None:
        if os.fork():
            os._exit(0)


run(Daemon)
