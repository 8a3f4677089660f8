"""Breaks WIRE-2: takes one request out of the piece that it has read and throws the rest of the piece away."""

from __future__ import annotations

from right_worker import Worker, run


class DropsTheRest(Worker):
    def handle(self, request: object) -> None:
        self.stdin.read(len(self.waiting()))
        super().handle(request)


run(DropsTheRest)
