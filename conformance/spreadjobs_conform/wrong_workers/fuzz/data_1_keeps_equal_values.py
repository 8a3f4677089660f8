"""Breaks DATA-1: hands out one object for all equal ones that it has seen, and True equals 1."""

from __future__ import annotations

import above  # noqa: F401 - it makes the next import work
from right_worker import Worker, run


class KeepsEqualValues(Worker):
    def op_echo(self, value: object) -> object:
        if isinstance(value, list | dict | set | bytearray):
            return value
        self.known: dict[object, object] = getattr(self, "known", {})
        try:
            return self.known.setdefault(value, value)
        except TypeError:  # a tuple that holds a list
            return value


run(KeepsEqualValues)
