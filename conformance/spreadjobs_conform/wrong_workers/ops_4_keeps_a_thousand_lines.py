"""Breaks OPS-4: keeps the first thousand lines."""

from __future__ import annotations

from collections.abc import Sequence

from right_worker import Worker, run


class KeepsAThousandLines(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        super().op_print(out[:1000], err[:1000])


run(KeepsAThousandLines)
