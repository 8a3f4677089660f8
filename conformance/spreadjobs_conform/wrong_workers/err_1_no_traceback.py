"""Breaks ERR-1: leaves the traceback out."""

from __future__ import annotations

from right_worker import Worker, run


class NoTraceback(Worker):
    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        del traceback_text
        return ("RemoteException", task_id, type_name, message)


run(NoTraceback)
