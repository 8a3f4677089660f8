"""Breaks BUSY-2: exits after a refusal, with status 1."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class Leaves(Worker):
    def handle(self, request: object) -> None:
        self.busy = False
        super().handle(request)
        if self.busy:
            sys.exit("too busy")

    def refusal(self, task_id: int, delay_s: float) -> object:
        self.busy = True
        return super().refusal(task_id, delay_s)


run(Leaves)
