"""Breaks JOB-4: does nothing more once a program cannot be started."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs import endings
from spreadjobs.errors import NoResponse
from spreadjobs.events import NotStarted
from spreadjobs.settings import Settings
from spreadjobs.slots import SlotState


def wrong(_place: SlotState, _settings: Settings, fact: NotStarted, _now_s: float, *, factor: float = 1.0) -> None:
    raise NoResponse(f"{fact.reason} {factor:.0f}")


swap(endings, not_started=wrong)
run()
