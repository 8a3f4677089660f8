"""Breaks VIO-2: drops the answers that came in one read with a violation."""

from __future__ import annotations

import attrs
from wronging import run, swap

from spreadjobs.channel import Channel
from spreadjobs.events import Came, Fact
from spreadjobs.loop import Loop

right = Loop._tell


def wrong(self: Loop, channel: Channel, fact: Fact) -> None:
    right(self, channel, attrs.evolve(fact, messages=()) if isinstance(fact, Came) and fact.fault else fact)


swap(Loop, _tell=wrong)
run()
