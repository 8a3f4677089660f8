"""Breaks OPS-4: leaves empty lines out."""

from __future__ import annotations

from collections.abc import Sequence

from right_worker import Worker, run


class LosesEmptyLines(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        self.out, self.err = [line for line in out if line.strip()], list(err)


run(LosesEmptyLines)
