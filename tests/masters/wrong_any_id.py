"""Breaks VIO-1: takes a response with whatever id for that to the oldest request."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.events import TaskId
from spreadjobs.states import WorkerMachine


def wrong(self: WorkerMachine, _came: object) -> TaskId:
    return self.outstanding[0]


swap(WorkerMachine, _oldest=wrong)
run()
