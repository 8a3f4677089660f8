"""Breaks RUN-12: does not restart the time limit of a task at Alive."""

from __future__ import annotations

from collections.abc import Sequence

from wronging import run, swap

from spreadjobs.errors import WorkerViolation
from spreadjobs.events import Answers, Response
from spreadjobs.states import WorkerMachine

right = WorkerMachine.receive


def wrong(
    self: WorkerMachine, messages: Sequence[object]
) -> tuple[list[Answers | Response], bool, WorkerViolation | None]:
    responses, _, violation = right(self, messages)
    return responses, False, violation


swap(WorkerMachine, receive=wrong)
run()
