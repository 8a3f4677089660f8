"""Breaks ERR-3: sends the exception object in place of its message."""

from __future__ import annotations

from right_worker import Worker, run


class ExceptionObject(Worker):
    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        return ("RemoteException", task_id, type_name, ValueError(message), traceback_text)


run(ExceptionObject)
