"""Breaks WIRE-6: takes a message for noise that comes in more than ten small pieces."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.channel import Channel

right = Channel.read
pieces: dict[int, int] = {}


def wrong(self: Channel) -> bytes | None:
    data = right(self)
    if data is None or not self.decoder.buffered() or len(data) > 1000:
        pieces[self.key] = 0
    pieces[self.key] += 1
    return b"?" * 100 if pieces[self.key] > 10 else data


swap(Channel, read=wrong)
run()
