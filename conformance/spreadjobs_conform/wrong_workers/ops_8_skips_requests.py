"""Breaks OPS-8: leaves out of its preparation what looks like a request."""

from __future__ import annotations

from right_worker import Worker, run


class SkipsRequests(Worker):
    def prepare(self) -> None:
        super().prepare()
        self.items = [item for item in self.items if not (isinstance(item, dict) and "op" in item)]


run(SkipsRequests)
