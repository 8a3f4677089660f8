"""Breaks WIRE-2: takes a single byte that came with the end of a request for a line end behind it."""

from __future__ import annotations

import above  # noqa: F401 - it makes the next import work
from right_worker import Worker, run


class SkipsALoneByte(Worker):
    def read(self) -> object:
        message = super().read()
        if self.requests and len(self.waiting()) == 1:
            self.stdin.read(1)
        return message


run(SkipsALoneByte)
