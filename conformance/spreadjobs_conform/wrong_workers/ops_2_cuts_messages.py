"""Breaks OPS-2: keeps the first line of a message, and no more than 1000 characters."""

from __future__ import annotations

from right_worker import Worker, run


class CutsMessages(Worker):
    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        return super().failure(task_id, type_name, message.split("\n")[0][:1000], traceback_text)


run(CutsMessages)
