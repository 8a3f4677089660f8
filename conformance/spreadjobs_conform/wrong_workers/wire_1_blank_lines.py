"""Breaks WIRE-1: sets its messages apart by blank lines."""

from __future__ import annotations

from right_worker import Worker, run


class BlankLines(Worker):
    def encode(self, response: object) -> bytes:
        return super().encode(response) + b"\n\n"


run(BlankLines)
