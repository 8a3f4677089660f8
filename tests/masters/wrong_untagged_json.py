"""Breaks UNT-1: does a job in JSON with the untagged dialect, in pickle."""

from __future__ import annotations

import ours
from wronging import run, swap

from spreadjobs import Settings

right = ours.settings_of


def wrong(job: ours.Job) -> Settings:
    return right({**job, "codec": "pickle"} if job["dialect"] == "untagged" else job)


swap(ours, settings_of=wrong)
run()
