"""Breaks OPS-2: takes what stands before a dot in a type's name for its module, and leaves it out."""

from __future__ import annotations

import above  # noqa: F401 - it makes the next import work
from right_worker import Worker, run


class CutsNamesAtDots(Worker):
    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        return super().failure(task_id, type_name.rpartition(".")[2], message, traceback_text)


run(CutsNamesAtDots)
