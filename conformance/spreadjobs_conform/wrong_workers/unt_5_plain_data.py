"""Breaks UNT-5: says refusals and failures by tuples of plain data in the untagged dialect."""

from __future__ import annotations

from right_worker import Worker, run


class PlainData(Worker):
    def refusal(self, task_id: int, delay_s: float) -> object:
        return ("TooBusy", task_id, delay_s)

    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        return ("RemoteException", task_id, type_name, message, traceback_text)


run(PlainData)
