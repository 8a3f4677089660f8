"""Breaks EXEC-8: waits until a worker has read what it is sent."""

from __future__ import annotations

import os

import attrs
from wronging import run, swap, with_settings

from spreadjobs.channel import Channel

right = Channel.write


def wrong(self: Channel) -> bool:
    if self.stdin_open:
        os.set_blocking(self.connection.stdin_fd, True)
    return right(self)


swap(Channel, write=wrong)
# However slow the machine is, requests are sent ahead.
with_settings(lambda settings: settings if settings.dialect == "untagged" else attrs.evolve(settings, window=8))
run()
