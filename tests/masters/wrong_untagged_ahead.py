"""Breaks UNT-3: sends requests ahead in the untagged dialect."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wronging import run, swap

from spreadjobs.reception import Reception
from spreadjobs.settings import Settings
from spreadjobs.slots import SlotState

right = Reception.__init__


def wrong(
    self: Reception,
    places: Sequence[SlotState],
    settings: Settings,
    draw: Callable[[], float],
    last_words: Callable[[int], Sequence[str]],
) -> None:
    right(self, places, settings, draw, last_words)
    self._adapts = True


swap(Reception, __init__=wrong)
run()
