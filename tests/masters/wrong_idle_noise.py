"""Breaks VIO-1: lets a worker write what it likes while it has no task."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.channel import Channel
from spreadjobs.loop import Loop
from spreadjobs.states import State

right = Loop._take


def wrong(self: Loop, channel: Channel, data: bytes) -> None:
    machine = self.plan.workers[channel.key].machine
    if not data or machine.state is not State.RUNNING or machine.outstanding:
        right(self, channel, data)


swap(Loop, _take=wrong)
run()
