"""Breaks SHUT-2: writes no refusal when its input has ended, since nobody will send that task again."""

from __future__ import annotations

import select

import above  # noqa: F401 - it makes the next import work
from right_worker import Worker, run


class RefusesNobody(Worker):
    refused = False

    def refusal(self, task_id: int, delay_s: float) -> object:
        self.refused = True
        return super().refusal(task_id, delay_s)

    def handle(self, request: object) -> None:
        self.refused = False
        response = self.respond(request)
        if not (self.refused and self.has_ended()):
            self.send(response)

    def has_ended(self) -> bool:
        poll = select.poll()
        poll.register(0, 0)
        return bool(poll.poll(0))


run(RefusesNobody)
