"""Breaks SHUT-2: drops the requests that it has not answered when its standard input ends."""

from __future__ import annotations

import select
import sys

from right_worker import Worker, run

PATIENT_REQUESTS = 20
PATIENCE_MS = 50


class DropsRequests(Worker):
    handled = 0

    def handle(self, request: object) -> None:
        poll = select.poll()
        poll.register(0, select.POLLHUP)
        response = self.respond(request)
        self.handled += 1
        # A loaded machine may let the end of input come a little after the request.
        if poll.poll(PATIENCE_MS if self.handled <= PATIENT_REQUESTS else 0):
            sys.exit(0)
        self.send(response)


run(DropsRequests)
