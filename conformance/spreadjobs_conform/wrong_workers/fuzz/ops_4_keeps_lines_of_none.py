"""Breaks OPS-4: where a task prints nothing to one of the two, the lines that were printed there last stay."""

from __future__ import annotations

from collections.abc import Sequence

import above  # noqa: F401 - it makes the next import work
from right_worker import Worker, run


class KeepsLinesOfNone(Worker):
    last: tuple[Sequence[str], Sequence[str]] = ((), ())

    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        self.last = (out or self.last[0], err or self.last[1])
        super().op_print(*self.last)


run(KeepsLinesOfNone)
