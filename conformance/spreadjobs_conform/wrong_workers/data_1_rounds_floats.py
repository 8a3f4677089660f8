"""Breaks DATA-1: keeps twelve digits of a float."""

from __future__ import annotations

from right_worker import Worker, changed, run


class RoundsFloats(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: float(f"{leaf:.12g}") if isinstance(leaf, float) else leaf)


run(RoundsFloats)
