"""Breaks PREP-3: says hello on standard output when it starts, as a C library does."""

from __future__ import annotations

from right_worker import Worker, run


class Banner(Worker):
    def begin(self) -> None:
        self.write(b"ready.\n")


run(Banner)
