"""Breaks WIRE-4: shows its progress on standard output while a task is running."""

from __future__ import annotations

from right_worker import Worker, run


class Progress(Worker):
    def op_sleep(self, seconds: float) -> None:
        self.write(b"[####    ] 50 %\r")
        super().op_sleep(seconds)


run(Progress)
