"""Breaks WIRE-3: leaves each response in its buffer until the next request has been read."""

from __future__ import annotations

from right_worker import Worker, run


class NeverFlushes(Worker):
    def read(self) -> object:
        message = super().read()
        self.stdout.flush()
        return message

    def write(self, message: bytes) -> None:
        self.stdout.write(message)

    def at_end(self) -> None:
        self.stdout.flush()


run(NeverFlushes)
