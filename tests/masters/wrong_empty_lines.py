"""Breaks VIO-1: passes over empty lines."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.json_codec import JsonDecoder

right = JsonDecoder.feed


def wrong(self: JsonDecoder, data: bytes, /, *, limit: int | None = None) -> list[object]:
    return right(self, data.lstrip(b"\n") if not self.buffered() else data, limit=limit)


swap(JsonDecoder, feed=wrong)
run()
