"""Breaks DATA-1: takes preparation items that look like numbers for numbers."""

from __future__ import annotations

from right_worker import Worker, run


class MakesNumbersOfItems(Worker):
    def op_prepared(self) -> object:
        return [int(item) if isinstance(item, str) and item.isdecimal() else item for item in self.items]


run(MakesNumbersOfItems)
