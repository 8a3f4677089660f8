"""Breaks RUN-7: fails after 100 requests, with status 1."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class Stops(Worker):
    def handle(self, request: object) -> None:
        super().handle(request)
        if self.requests == 100:
            sys.exit("out of memory")


run(Stops)
