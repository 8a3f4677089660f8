"""Breaks RUN-7: fails when there is no further request within some seconds."""

from __future__ import annotations

import select
import sys

from right_worker import Worker, run


class DiesOfLongIdleness(Worker):
    def read(self) -> object:
        if not self.waiting() and not select.select([0], [], [], 3.0)[0]:
            sys.exit("no work")
        return super().read()


run(DiesOfLongIdleness)
