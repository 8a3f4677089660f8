"""Breaks PREP-4: takes an item that has a None in it for the terminator."""

from __future__ import annotations

from right_worker import Worker, run


class EndsInsideAnItem(Worker):
    def prepare(self) -> None:
        while (item := self.read()) is not None:
            if "None" in repr(item):
                break
            self.items.append(item)


run(EndsInsideAnItem)
