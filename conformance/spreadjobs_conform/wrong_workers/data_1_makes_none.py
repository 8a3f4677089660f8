"""Breaks DATA-1: answers None for texts that stand for nothing elsewhere."""

from __future__ import annotations

from right_worker import Worker, changed, run

NOTHING = ("NA", "NaN", "None", "null")


class MakesNone(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda item: None if item in NOTHING else item)


run(MakesNone)
