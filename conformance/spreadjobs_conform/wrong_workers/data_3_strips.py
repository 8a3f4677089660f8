"""Breaks DATA-3: takes white space off both ends of a str."""

from __future__ import annotations

from right_worker import Worker, changed, run


class Strips(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: leaf.strip() if isinstance(leaf, str) else leaf)


run(Strips)
