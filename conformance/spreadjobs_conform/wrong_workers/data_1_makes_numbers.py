"""Breaks DATA-1: answers a number for a text that looks like one."""

from __future__ import annotations

from right_worker import Worker, changed, run


def number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else value


class MakesNumbers(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, number)


run(MakesNumbers)
