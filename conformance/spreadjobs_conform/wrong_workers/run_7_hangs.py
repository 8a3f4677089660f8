"""Breaks RUN-7: takes no further request after 100 of them, and stays."""

from __future__ import annotations

import signal

from right_worker import Worker, run


class Hangs(Worker):
    def handle(self, request: object) -> None:
        super().handle(request)
        while self.requests == 100:
            signal.pause()


run(Hangs)
