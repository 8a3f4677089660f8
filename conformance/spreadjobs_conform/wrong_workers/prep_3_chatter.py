"""Breaks PREP-3: acknowledges each preparation item with a message shaped like an answer."""

from __future__ import annotations

from right_worker import Worker, run


class Chatter(Worker):
    def prepare(self) -> None:
        while (item := self.read()) is not None:
            self.items.append(item)
            self.send(((0, "loaded"), None, None))


run(Chatter)
