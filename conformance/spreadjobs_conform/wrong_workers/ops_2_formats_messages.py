"""Breaks OPS-2: takes the message of a failure for a format."""

from __future__ import annotations

from right_worker import Worker, run


class FormatsMessages(Worker):
    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        return super().failure(task_id, type_name, message.replace("%%", "%").replace("%d", "0"), traceback_text)


run(FormatsMessages)
