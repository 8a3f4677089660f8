"""Breaks CMD-3: holds commands to the limit of shutdown."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.settings import Settings
from spreadjobs.slots import WorkerState

right = WorkerState.deadline_s


def wrong(self: WorkerState, settings: Settings, *, command: bool) -> float:  # noqa: ARG001
    return right(self, settings, command=False)


swap(WorkerState, deadline_s=wrong)
run()
