"""Breaks SHUT-10: ends the process of a worker, and not its group."""

from __future__ import annotations

import os
from contextlib import suppress

from wronging import run, swap

from spreadjobs.connection import SubprocessConnection


def wrong(self: SubprocessConnection, number: int, /) -> None:
    if not self._discarded:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


swap(SubprocessConnection, signal_group=wrong)
run()
