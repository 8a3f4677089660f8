"""Breaks UNT-2: takes tuples for failures in the untagged dialect."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.events import Failure, Response
from spreadjobs.states import WorkerMachine

right = WorkerMachine._untagged_first


def wrong(self: WorkerMachine, first: object) -> Response:
    if isinstance(first, tuple) and first[:1] == ("RemoteException",):
        return Failure(self.outstanding[0], first[2:])
    return right(self, first)


swap(WorkerMachine, _untagged_first=wrong)
run()
