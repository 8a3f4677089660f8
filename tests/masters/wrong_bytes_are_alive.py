"""Breaks RUN-12: takes whatever comes from a worker for a sign of life."""

from __future__ import annotations

import time

from wronging import run, swap

from spreadjobs.channel import Channel
from spreadjobs.loop import Loop

right = Loop._take


def wrong(self: Loop, channel: Channel, data: bytes) -> None:
    right(self, channel, data)
    worker = self.plan.workers.get(channel.key)
    if worker is not None:
        worker.oldest_since_s = time.monotonic()


swap(Loop, _take=wrong)
run()
