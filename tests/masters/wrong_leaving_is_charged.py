"""Breaks RUN-14: charges a task with a worker that left as with one that died."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs import endings
from spreadjobs.outcomes import Cause
from spreadjobs.settings import Settings
from spreadjobs.slots import WorkerState

right = endings.natural_end


def wrong(worker: WorkerState, settings: Settings) -> tuple[Cause, str]:
    cause, why = right(worker, settings)
    if cause == "departed" and worker.machine.outstanding:
        worker.place.ever_answered = True
        return "died", why
    return cause, why


swap(endings, natural_end=wrong)
run()
