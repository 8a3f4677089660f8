"""Breaks VIO-1: lets a worker write what it likes before its first request."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.channel import Channel
from spreadjobs.loop import Loop

right = Loop._take


def wrong(self: Loop, channel: Channel, data: bytes) -> None:
    if not data.startswith((b"ready", b"loading")):
        right(self, channel, data)


swap(Loop, _take=wrong)
run()
