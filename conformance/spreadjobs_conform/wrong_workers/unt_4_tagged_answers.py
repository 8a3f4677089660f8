"""Breaks UNT-4: puts a task id of its own into the answers of the untagged dialect."""

from __future__ import annotations

from right_worker import Worker, run


class TaggedAnswers(Worker):
    def answer(self, task_id: int, value: object) -> object:
        return (task_id, value)


run(TaggedAnswers)
