"""Breaks VIO-1: takes a response with whatever behind its first."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.events import Response
from spreadjobs.states import WorkerMachine

right = WorkerMachine._check


def wrong(self: WorkerMachine, message: object) -> Response | None:
    if isinstance(message, tuple | list) and message and self.outstanding:
        message = [message[0], None, None]
    return right(self, message)


swap(WorkerMachine, _check=wrong)
run()
