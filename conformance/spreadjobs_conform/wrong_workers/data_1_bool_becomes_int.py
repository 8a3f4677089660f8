"""Breaks DATA-1: makes 0 and 1 of False and True."""

from __future__ import annotations

from right_worker import Worker, changed, run


class BoolBecomesInt(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: int(leaf) if isinstance(leaf, bool) else leaf)


run(BoolBecomesInt)
