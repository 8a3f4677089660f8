"""Breaks WIRE-1: writes a space behind each failure."""

from __future__ import annotations

from right_worker import Worker, run


class TrailingSpace(Worker):
    def write(self, message: bytes) -> None:
        super().write(message + b" " if self.failed else message)

    failed = False

    def respond(self, request: object) -> object:
        self.failed = False
        return super().respond(request)

    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        self.failed = True
        return super().failure(task_id, type_name, message, traceback_text)


run(TrailingSpace)
