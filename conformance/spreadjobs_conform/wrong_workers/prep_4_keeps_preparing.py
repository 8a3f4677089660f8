"""Breaks PREP-4: takes a None that comes later, as a payload, for one more preparation."""

from __future__ import annotations

from right_worker import Worker, run


class KeepsPreparing(Worker):
    def perform(self, payload: object) -> object:
        if payload is None:
            self.prepare()
        return super().perform(payload)


run(KeepsPreparing)
