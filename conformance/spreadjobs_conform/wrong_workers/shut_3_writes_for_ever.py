"""Breaks SHUT-3: writes text without end after the end of its standard input."""

from __future__ import annotations

from right_worker import Worker, run


class WritesForEver(Worker):
    def at_end(self) -> None:
        while True:
            self.write(b"and another thing\n" * 1000)


run(WritesForEver)
