"""Breaks OPS-4: catches what a task prints in a pipe and reads it afterwards, so that a full pipe stops it for ever."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from right_worker import Worker, run

if TYPE_CHECKING:
    from collections.abc import Sequence


class Deadlocks(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        self.out, self.err = self.caught(out), self.caught(err)

    def caught(self, lines: Sequence[str]) -> list[str]:
        """Take lines through a pipe."""
        reading, writing = os.pipe()
        with os.fdopen(writing, "w", encoding="utf-8", newline="") as printed:
            printed.writelines(lines)
        with os.fdopen(reading, encoding="utf-8", newline="\n") as caught:
            return caught.readlines()


run(Deadlocks)
