"""Breaks SHUT-5: exits with status 3 after the end of its standard input."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class Status3(Worker):
    def at_end(self) -> None:
        sys.exit(3)


run(Status3)
