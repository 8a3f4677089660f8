"""Breaks JOB-2: charges all tasks that a worker held when it died."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from wronging import run, swap, with_settings

from spreadjobs.events import TaskId
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Attempt

right = Ledger.requeue


def wrong(self: Ledger, task_ids: Sequence[TaskId], *, solo: bool) -> None:
    if not solo or len(task_ids) < 2:
        return right(self, task_ids, solo=solo)
    for task_id in task_ids:
        self.charge(task_id, -1, Attempt(worker="", cause="died", detail="its worker died"))
    return None


swap(Ledger, requeue=wrong)
# However slow the machine is, requests are sent ahead.
with_settings(lambda settings: settings if settings.dialect == "untagged" else attrs.evolve(settings, window=8))
run()
