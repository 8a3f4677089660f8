"""Breaks ERR-1: reports a failure under the id of the next request."""

from __future__ import annotations

from right_worker import Worker, run


class NextId(Worker):
    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        return ("RemoteException", task_id + 1, type_name, message, traceback_text)


run(NextId)
