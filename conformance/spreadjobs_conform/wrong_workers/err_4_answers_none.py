"""Breaks ERR-4: catches an exception in a task and answers None."""

from __future__ import annotations

from right_worker import Worker, run


class AnswersNone(Worker):
    def fail(self, task_id: int, error: Exception) -> object:
        del error
        return self.answer(task_id, None)


run(AnswersNone)
