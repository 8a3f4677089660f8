"""Breaks DATA-4: takes a list that it meets a second time for a circle, and puts None there."""

from __future__ import annotations

from right_worker import Worker, run


class DropsSecondReferences(Worker):
    def op_echo(self, value: object) -> object:
        seen: set[int] = set()

        def once(item: object) -> object:
            if not isinstance(item, list | tuple) or not item:
                return item
            if id(item) in seen:
                return None
            seen.add(id(item))
            return type(item)(once(each) for each in item)

        return once(value)


run(DropsSecondReferences)
