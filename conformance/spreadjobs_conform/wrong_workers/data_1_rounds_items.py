"""Breaks DATA-1: keeps six digits of a float in a preparation item."""

from __future__ import annotations

from right_worker import Worker, changed, run


class RoundsItems(Worker):
    def prepare(self) -> None:
        super().prepare()
        self.items = [
            changed(item, lambda leaf: round(leaf, 6) if isinstance(leaf, float) else leaf) for item in self.items
        ]


run(RoundsItems)
