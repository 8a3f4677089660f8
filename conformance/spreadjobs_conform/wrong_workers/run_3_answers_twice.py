"""Breaks RUN-3: answers every third request twice."""

from __future__ import annotations

from right_worker import Worker, run


class AnswersTwice(Worker):
    def handle(self, request: object) -> None:
        response = self.respond(request)
        for _ in range(2 if self.requests % 3 == 0 else 1):
            self.send(response)


run(AnswersTwice)
