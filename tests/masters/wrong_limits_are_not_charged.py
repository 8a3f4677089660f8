"""Breaks JOB-2: charges nobody where a time limit has run out."""

from __future__ import annotations

from collections.abc import Sequence

from wronging import run, swap

from spreadjobs import endings
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Cause
from spreadjobs.slots import WorkerState

right = endings.release


def wrong(worker: WorkerState, ledger: Ledger, cause: Cause, detail: str, stderr: Sequence[str]) -> int:
    return right(worker, ledger, "departed" if cause == "timed out" else cause, detail, stderr)


swap(endings, release=wrong)
swap(Ledger, departed=lambda self, task_id, _: self.requeue([task_id], solo=True))
run()
