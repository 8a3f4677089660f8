"""Breaks SHUT-2: drops a large response when its standard input has ended."""

from __future__ import annotations

import select

from right_worker import Worker, run

LARGE_BYTES = 60_000


class LosesLargeResponses(Worker):
    def write(self, message: bytes) -> None:
        poll = select.poll()
        poll.register(0, select.POLLHUP)
        if len(message) < LARGE_BYTES or not poll.poll(0):
            super().write(message)


run(LosesLargeResponses)
