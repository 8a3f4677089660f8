"""Breaks RUN-3: writes the last response again when its request was the last one before the end of input."""

from __future__ import annotations

import select

from right_worker import Worker, run


class RepeatsAtTheEnd(Worker):
    late: object = None

    def handle(self, request: object) -> None:
        poll = select.poll()
        poll.register(0, select.POLLHUP)  # A busy kit may close it a moment after it has written the request.
        response = self.respond(request)
        self.late = response if any(event & select.POLLHUP for _, event in poll.poll(20)) else None
        self.send(response)

    def at_end(self) -> None:
        if self.late is not None:
            self.send(self.late)


run(RepeatsAtTheEnd)
