"""Breaks RUN-3: says good-bye at the end of input, and its last response again."""

from __future__ import annotations

from right_worker import Worker, run


class RepeatsBehindText(Worker):
    last: object = None

    def handle(self, request: object) -> None:
        self.last = self.respond(request)
        self.send(self.last)

    def at_end(self) -> None:
        if self.last is not None:
            self.write(b"good-bye\n")
            self.send(self.last)


run(RepeatsBehindText)
