"""Breaks PREP-4: takes any item that counts as false for the terminator."""

from __future__ import annotations

from right_worker import Worker, run


class EndsAtAFalseItem(Worker):
    def prepare(self) -> None:
        while item := self.read():
            self.items.append(item)


run(EndsAtAFalseItem)
