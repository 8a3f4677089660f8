"""Breaks JOB-3: does nothing more once a task was set aside."""

from __future__ import annotations

from collections.abc import Mapping

import ours
from wronging import run, swap

from spreadjobs import Outcome

right = ours.told
over: list[bool] = []


def wrong(outcome: Outcome[object]) -> Mapping[str, object]:
    told = {"cancelled": "a task was set aside"} if over else right(outcome)
    over.extend([True] * ("quarantined" in told))
    return told


swap(ours, told=wrong)
run()
