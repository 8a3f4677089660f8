"""Breaks JOB-1: has no outcome for the last of many tasks where a worker has left."""

from __future__ import annotations

from collections.abc import Mapping

import ours
from wronging import run, swap

from spreadjobs import endings
from spreadjobs.outcomes import Cause
from spreadjobs.settings import Settings
from spreadjobs.slots import WorkerPhase, WorkerState

natural_end, done = endings.natural_end, ours.done
left: list[str] = []


def noted(worker: WorkerState, settings: Settings) -> tuple[Cause, str]:
    cause, why = natural_end(worker, settings)
    if worker.phase is WorkerPhase.LIVE and cause == "departed":
        left.append(worker.name)
    return cause, why


def wrong(job: ours.Job) -> Mapping[str, object]:
    account = dict(done(job))
    outcomes = account["outcomes"]
    if left and isinstance(outcomes, list) and len(outcomes) > 32:
        del outcomes[-1]
    return account


swap(endings, natural_end=noted)
swap(ours, done=wrong)
run()
