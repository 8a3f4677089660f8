"""Breaks PREP-4: takes exactly one item for its preparation, however many there are."""

from __future__ import annotations

from right_worker import Worker, run


class ExpectsOneItem(Worker):
    def prepare(self) -> None:
        item = self.read()
        if item is not None:
            self.items.append(item)


run(ExpectsOneItem)
