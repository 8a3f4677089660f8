"""Breaks EXEC-10: says the number of the slot for the name of the worker."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.arglists import Slot
from spreadjobs.connection import Connection
from spreadjobs.means import Means

right = Means.start


def wrong(self: Means, slot: Slot, name: str) -> Connection:
    return right(self, slot, name.partition(".")[0])


swap(Means, start=wrong)
run()
