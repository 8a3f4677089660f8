"""Breaks OUT-2: hands the lines of an earlier task on with later ones."""

from __future__ import annotations

from right_worker import Worker, run


class KeepsOldLines(Worker):
    def response(self, first: object, out: object, err: object) -> object:
        self.old = out or getattr(self, "old", None)
        return super().response(first, self.old, err)


run(KeepsOldLines)
