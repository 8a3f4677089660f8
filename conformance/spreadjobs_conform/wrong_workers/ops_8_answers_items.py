"""Breaks OPS-8: answers a preparation item that looks like a request."""

from __future__ import annotations

from right_worker import Worker, run


class AnswersItems(Worker):
    def prepare(self) -> None:
        while (item := self.read()) is not None:
            self.items.append(item)
            if isinstance(item, list) and len(item) == 2 and isinstance(item[1], dict):
                self.handle(item)


run(AnswersItems)
