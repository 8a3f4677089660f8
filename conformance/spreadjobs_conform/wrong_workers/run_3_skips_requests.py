"""Breaks RUN-3: never answers a tenth request."""

from __future__ import annotations

from right_worker import Worker, run


class SkipsRequests(Worker):
    def handle(self, request: object) -> None:
        if self.requests % 10:
            super().handle(request)


run(SkipsRequests)
