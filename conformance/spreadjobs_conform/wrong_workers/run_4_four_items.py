"""Breaks RUN-4: adds its own run time to a response as a fourth item."""

from __future__ import annotations

from right_worker import Worker, run


class FourItems(Worker):
    def response(self, first: object, out: object, err: object) -> object:
        return (first, out, err, 0.25)


run(FourItems)
