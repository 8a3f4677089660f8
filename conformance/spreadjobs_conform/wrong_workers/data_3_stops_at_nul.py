"""Breaks DATA-3: ends a str at the first NUL, as C does."""

from __future__ import annotations

from right_worker import Worker, changed, run


class StopsAtNul(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: leaf.split("\0")[0] if isinstance(leaf, str) else leaf)


run(StopsAtNul)
