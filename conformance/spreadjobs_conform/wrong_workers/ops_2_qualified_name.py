"""Breaks OPS-2: puts the name of a module before the type's name."""

from __future__ import annotations

from right_worker import Worker, run


class QualifiedName(Worker):
    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        return ("RemoteException", task_id, f"builtins.{type_name}", message, traceback_text)


run(QualifiedName)
