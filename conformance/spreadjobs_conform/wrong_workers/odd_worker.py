"""Breaks nothing: the control that does whatever a worker MAY do."""

from __future__ import annotations

import sys

from right_worker import TooBusy, Worker, run


class Odd(Worker):
    protocol = 0

    def begin(self) -> None:
        sys.stderr.write("noise on standard error \xff\n")
        sys.stderr.flush()

    def handle(self, request: object) -> None:
        response = self.respond(request)
        if self.dialect == "tagged":
            for _ in range(2):
                self.send([["Alive", self.task_id], None, None])
        self.send(response)

    def answer(self, task_id: int, value: object) -> object:
        if self.dialect == "untagged":
            return value
        return [float(task_id) if self.codec == "json" else task_id, value]

    def refusal(self, task_id: int, delay_s: float) -> object:
        return TooBusy(delay_s) if self.codec == "pickle" else ["TooBusy", task_id, delay_s]

    def response(self, first: object, out: object, err: object) -> object:
        return [first, "" if out is None else out, () if err is None else err]

    def write(self, message: bytes) -> None:
        super().write(message)
        if self.codec == "pickle":
            super().write(b"\n")

    def at_end(self) -> None:
        super().write(b"last words\n\nwithout a line end \xff")


run(Odd)
