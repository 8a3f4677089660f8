"""Breaks DATA-1: keeps the first thousand items of a list."""

from __future__ import annotations

from right_worker import Worker, run


class KeepsAThousandItems(Worker):
    def op_echo(self, value: object) -> object:
        return value[:1000] if isinstance(value, list) else value


run(KeepsAThousandItems)
