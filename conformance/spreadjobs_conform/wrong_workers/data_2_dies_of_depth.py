"""Breaks DATA-2: dies of values nested more than 50 levels deep."""

from __future__ import annotations

import sys

from right_worker import Worker, run

DEEPEST = 50


def depth(value: object) -> int:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else None
    return 0 if items is None else 1 + max(map(depth, items), default=0)


class DiesOfDepth(Worker):
    def op_echo(self, value: object) -> object:
        if depth(value) > DEEPEST:
            sys.exit("stack overflow")
        return value


run(DiesOfDepth)
