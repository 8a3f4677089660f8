"""Breaks OUT-3: shows no lines that come with a refusal or a failure."""

from __future__ import annotations

import attrs
from wronging import run, swap

from spreadjobs.events import Answer, Response
from spreadjobs.states import WorkerMachine

right = WorkerMachine._check


def wrong(self: WorkerMachine, message: object) -> Response | None:
    response = right(self, message)
    return response if response is None or isinstance(response, Answer) else attrs.evolve(response, out=(), err=())


swap(WorkerMachine, _check=wrong)
run()
