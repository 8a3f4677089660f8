"""Breaks WIRE-6: expects no second message in what it reads at once, but for a whole one."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.pickle_codec import PickleDecoder

right = PickleDecoder.feed


def wrong(self: PickleDecoder, data: bytes, /, *, limit: int | None = None) -> list[object]:
    messages = right(self, data, limit=limit)
    if messages and self.buffered() and limit is None:
        self._buffer = b""
        self._walk = None
    return messages


swap(PickleDecoder, feed=wrong)
run()
