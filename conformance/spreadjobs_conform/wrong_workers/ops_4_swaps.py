"""Breaks OPS-4: swaps out and err."""

from __future__ import annotations

from collections.abc import Sequence

from right_worker import Worker, run


class Swaps(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        self.out, self.err = list(err), list(out)


run(Swaps)
