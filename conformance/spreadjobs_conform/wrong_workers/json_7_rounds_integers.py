"""Breaks JSON-7: keeps 14 digits of an integer, as programs do whose only number is a float."""

from __future__ import annotations

from right_worker import Worker, changed, run


class RoundsIntegers(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: int(float(f"{leaf:.14g}")) if type(leaf) is int else leaf)


run(RoundsIntegers)
