"""Breaks OPS-4: loses the last line that a task printed."""

from __future__ import annotations

from collections.abc import Sequence

from right_worker import Worker, run


class LosesTheLastLine(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        self.out, self.err = list(out)[:-1], list(err)


run(LosesTheLastLine)
