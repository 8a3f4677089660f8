"""Breaks RUN-7: opens a file for each task that fails and never closes it."""

from __future__ import annotations

import os

from right_worker import Worker, run


class LeaksFilesOfFailures(Worker):
    def op_raise(self, **failure: str) -> object:
        os.open(os.devnull, os.O_RDONLY)
        return super().op_raise(**failure)


run(LeaksFilesOfFailures)
