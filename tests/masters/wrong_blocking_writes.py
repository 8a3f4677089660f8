"""Breaks EXEC-8: waits until a worker has read what it is sent."""

from __future__ import annotations

import os

from wronging import run, swap

from spreadjobs.channel import Channel

right = Channel.write


def wrong(self: Channel) -> bool:
    if self.stdin_open:
        os.set_blocking(self.connection.stdin_fd, True)
    return right(self)


swap(Channel, write=wrong)
run()
