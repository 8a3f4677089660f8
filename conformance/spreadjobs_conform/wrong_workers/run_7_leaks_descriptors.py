"""Breaks RUN-7: opens a file for each task and never closes it, until the system gives it no more."""

from __future__ import annotations

import os
import resource

from right_worker import Worker, run

MOST_OPEN = 200


class LeaksDescriptors(Worker):
    def begin(self) -> None:
        # Where the limit is higher, a thousand tasks would not be enough.
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_OPEN, MOST_OPEN))

    def respond(self, request: object) -> object:
        os.open(os.devnull, os.O_RDONLY)
        return super().respond(request)


run(LeaksDescriptors)
