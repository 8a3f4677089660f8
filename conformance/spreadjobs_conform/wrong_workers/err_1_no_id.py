"""Breaks ERR-1: leaves the task id out."""

from __future__ import annotations

from right_worker import Worker, run


class NoId(Worker):
    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        del task_id
        return ("RemoteException", type_name, message, traceback_text)


run(NoId)
