"""Breaks EXEC-4: refuses to work without SPREAD_JOBS_PROTOCOL in its environment."""

from __future__ import annotations

import os
import sys

from right_worker import Worker, run


class NeedsEnvironment(Worker):
    def begin(self) -> None:
        if "SPREAD_JOBS_PROTOCOL" not in os.environ:
            sys.exit("SPREAD_JOBS_PROTOCOL is not set: was this started by a master?")


run(NeedsEnvironment)
