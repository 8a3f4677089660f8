"""Breaks JSON-6: takes a last line without its LF."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.channel import Channel
from spreadjobs.loop import Loop

right = Loop._end_of_stdout


def wrong(self: Loop, channel: Channel) -> None:
    if channel.stdout_open and channel.decoder.buffered() and self.plan.workers[channel.key].machine.outstanding:
        self._take(channel, b"\n")
    right(self, channel)


swap(Loop, _end_of_stdout=wrong)
run()
