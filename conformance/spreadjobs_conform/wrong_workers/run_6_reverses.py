"""Breaks RUN-6: answers requests that are waiting in its input in reverse order."""

from __future__ import annotations

from right_worker import Worker, run


class Reverses(Worker):
    def handle(self, request: object) -> None:
        requests = [request]
        while self.waiting():
            requests.append(self.read())
        for each in reversed(requests):
            super().handle(each)


run(Reverses)
