"""Breaks OPS-2: ends the name of a type at its first NUL, as strings of C do."""

from __future__ import annotations

from right_worker import Worker, run


class CutsTypesAtNul(Worker):
    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        return super().failure(task_id, type_name.partition("\0")[0], message, traceback_text)


run(CutsTypesAtNul)
