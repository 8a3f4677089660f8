"""Breaks OPS-2: cuts the name of a type after 24 characters, and messages that are longer than a pipe."""

from __future__ import annotations

from right_worker import Worker, run


class CutsLongTypes(Worker):
    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        return super().failure(task_id, type_name[:24], message[:66_000], traceback_text)


run(CutsLongTypes)
