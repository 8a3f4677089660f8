"""Breaks EXEC-7: reads no more of a worker's standard error after 100 KiB."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.channel import Channel

right = Channel.read_stderr
lines: dict[int, int] = {}


def wrong(self: Channel) -> list[str] | None:
    read = right(self)
    lines[self.key] = lines.get(self.key, 0) + len(read or ())
    self.stderr_open = self.stderr_open and lines[self.key] < 2000
    return read


swap(Channel, read_stderr=wrong)
run()
