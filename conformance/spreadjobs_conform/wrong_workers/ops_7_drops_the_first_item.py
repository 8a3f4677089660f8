"""Breaks OPS-7: loses the first preparation item."""

from __future__ import annotations

from right_worker import Worker, run


class DropsTheFirstItem(Worker):
    def prepare(self) -> None:
        super().prepare()
        del self.items[:1]


run(DropsTheFirstItem)
