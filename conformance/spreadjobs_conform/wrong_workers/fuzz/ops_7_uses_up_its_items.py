"""Breaks OPS-7: reads its items from an iterator, and has none when it is asked a second time."""

from __future__ import annotations

from collections.abc import Iterator

import above  # noqa: F401 - it makes the next import work
from right_worker import Worker, run


class UsesUpItsItems(Worker):
    left: Iterator[object] | None = None

    def op_prepared(self) -> object:
        self.left = iter(self.items) if self.left is None else self.left
        return list(self.left)


run(UsesUpItsItems)
