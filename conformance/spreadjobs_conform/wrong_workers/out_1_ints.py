"""Breaks OUT-1: gives the number of lines as out."""

from __future__ import annotations

from collections.abc import Sequence

from right_worker import Worker, run


class Ints(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        self.out, self.err = len(out), list(err)


run(Ints)
