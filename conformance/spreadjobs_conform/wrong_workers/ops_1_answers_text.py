"""Breaks OPS-1: answers every value as text."""

from __future__ import annotations

from right_worker import Worker, run


class AnswersText(Worker):
    def op_echo(self, value: object) -> object:
        return value if isinstance(value, str) else repr(value)


run(AnswersText)
