"""Breaks PREP-2: sends a replacement the first item alone, and what ends the preparation."""

from __future__ import annotations

import attrs
from wronging import run, swap

from spreadjobs.events import Launch
from spreadjobs.loop import Loop

right = Loop._launch


def wrong(self: Loop, order: Launch) -> None:
    means = self._means
    if not order.name.endswith(".1") and len(means.preparation) == 3:
        items = [means.preparation[0], means.preparation[0], means.preparation[2]]
        self._means = attrs.evolve(means, preparation=items)
    right(self, order)
    self._means = means


swap(Loop, _launch=wrong)
run()
