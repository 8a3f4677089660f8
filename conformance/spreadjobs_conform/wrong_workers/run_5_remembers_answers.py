"""Breaks RUN-5: remembers an answer by its payload, and the old task id with it."""

from __future__ import annotations

from right_worker import Worker, run


class RemembersAnswers(Worker):
    def respond(self, request: object) -> object:
        self.memory = getattr(self, "memory", {})
        payload = repr(self.payload_of(request))
        if payload not in self.memory or "echo" not in payload:
            self.memory[payload] = super().respond(request)
        return self.memory[payload]


run(RemembersAnswers)
