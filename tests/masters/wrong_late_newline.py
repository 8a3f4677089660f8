"""Breaks PKL-6: takes a newline that comes later than its message for noise."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.channel import Channel

right = Channel.read


def wrong(self: Channel) -> bytes | None:
    data = right(self)
    return b"?" if data == b"\n" and not self.closing else data


swap(Channel, read=wrong)
run()
