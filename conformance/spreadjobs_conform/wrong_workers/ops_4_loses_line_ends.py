"""Breaks OPS-4: takes the line ends off."""

from __future__ import annotations

from collections.abc import Sequence

from right_worker import Worker, run


class LosesLineEnds(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        self.out, self.err = [line.rstrip("\n") for line in out], list(err)


run(LosesLineEnds)
