"""Breaks RUN-7: fails when there is no further request within a moment."""

from __future__ import annotations

import select
import sys

from right_worker import Worker, run


class DiesOfIdleness(Worker):
    def read(self) -> object:
        if self.requests and not select.select([0], [], [], 0.2)[0]:
            sys.exit("no work")
        return super().read()


run(DiesOfIdleness)
