"""Breaks SHUT-2: drops the requests that it has not answered when its standard input ends."""

from __future__ import annotations

import select
import sys

from right_worker import Worker, run


class DropsRequests(Worker):
    def handle(self, request: object) -> None:
        poll = select.poll()
        poll.register(0, select.POLLHUP)
        response = self.respond(request)
        if poll.poll(0):
            sys.exit(0)
        self.send(response)


run(DropsRequests)
