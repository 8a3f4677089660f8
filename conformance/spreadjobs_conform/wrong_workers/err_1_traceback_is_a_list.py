"""Breaks ERR-1: gives the traceback as a list of lines."""

from __future__ import annotations

from right_worker import Worker, run


class TracebackIsAList(Worker):
    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        return ("RemoteException", task_id, type_name, message, traceback_text.splitlines())


run(TracebackIsAList)
