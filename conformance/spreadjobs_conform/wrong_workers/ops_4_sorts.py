"""Breaks OPS-4: sorts the lines."""

from __future__ import annotations

from collections.abc import Sequence

from right_worker import Worker, run


class Sorts(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        self.out, self.err = sorted(out), list(err)


run(Sorts)
