"""Breaks RUN-4: writes a response as a dict with three keys."""

from __future__ import annotations

from right_worker import Worker, run


class Dict(Worker):
    def response(self, first: object, out: object, err: object) -> object:
        return {"first": first, "out": out, "err": err}


run(Dict)
