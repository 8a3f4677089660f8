"""Breaks OPS-7: takes the terminating None for an item."""

from __future__ import annotations

from right_worker import Worker, run


class KeepsTheTerminator(Worker):
    def prepare(self) -> None:
        super().prepare()
        self.items.append(None)


run(KeepsTheTerminator)
