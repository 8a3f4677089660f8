"""Breaks DATA-1: makes 0.0 of -0.0."""

from __future__ import annotations

from right_worker import Worker, changed, run


class LosesTheSignOfZero(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: 0.0 if leaf == 0 and isinstance(leaf, float) else leaf)


run(LosesTheSignOfZero)
