"""Breaks WIRE-2: reads the preparation through a buffer of its own and loses what stands behind it there."""

from __future__ import annotations

from right_worker import Worker, run


class LosesReadAhead(Worker):
    def prepare(self) -> None:
        super().prepare()
        self.stdin.read(len(self.waiting()))


run(LosesReadAhead)
