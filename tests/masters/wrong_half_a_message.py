"""Breaks SHUT-1: closes a worker's input within a message."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.channel import Channel
from spreadjobs.events import CloseStdin, Discard, Kill, Send, Terminate
from spreadjobs.loop import Loop

right = Loop._obey_for


def wrong(self: Loop, channel: Channel, order: Send | CloseStdin | Terminate | Kill | Discard) -> None:
    if isinstance(order, CloseStdin) and channel.key in self.plan.workers and not self.plan.workless:
        channel.put([b"\x80\x04"])
    right(self, channel, order)


swap(Loop, _obey_for=wrong)
run()
