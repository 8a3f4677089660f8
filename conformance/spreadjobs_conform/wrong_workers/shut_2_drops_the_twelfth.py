"""Breaks SHUT-2: answers eleven requests when its standard input has ended, and drops the others."""

from __future__ import annotations

import select

from right_worker import EndOfInputError, Worker, run

MOST_REQUESTS = 12


class DropsTheTwelfth(Worker):
    def read(self) -> object:
        poll = select.poll()
        poll.register(0, select.POLLHUP)
        if self.requests >= MOST_REQUESTS and any(event & select.POLLHUP for _, event in poll.poll(0)):
            raise EndOfInputError
        return super().read()


run(DropsTheTwelfth)
