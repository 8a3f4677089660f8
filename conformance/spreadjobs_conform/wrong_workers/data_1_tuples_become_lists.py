"""Breaks DATA-1: makes lists of tuples."""

from __future__ import annotations

from right_worker import Worker, run


def as_list(value: object) -> object:
    if isinstance(value, list | tuple):
        return [as_list(item) for item in value]
    return value


class TuplesBecomeLists(Worker):
    def op_echo(self, value: object) -> object:
        return as_list(value)


run(TuplesBecomeLists)
