"""Breaks DATA-1: makes a frozenset of a set."""

from __future__ import annotations

from right_worker import Worker, changed, run


class SetsBecomeFrozen(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: frozenset(leaf) if isinstance(leaf, set) else leaf)


run(SetsBecomeFrozen)
