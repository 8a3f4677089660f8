"""Breaks DATA-3: makes one line feed of a carriage return and a line feed."""

from __future__ import annotations

from right_worker import Worker, changed, run


class TranslatesLineEnds(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: leaf.replace("\r\n", "\n") if isinstance(leaf, str) else leaf)


run(TranslatesLineEnds)
