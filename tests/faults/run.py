"""
Runs one scenario in this process and writes what was seen: ``python -m faults.run ID FILE``.

The process makes itself the one to which orphans go, so that whatever a worker left behind shows up as its child.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs

from faults.calls import run_once
from faults.processes import children
from faults.registry import ON_PURPOSE, SCENARIOS, SENT_AHEAD
from faults.scenario import Scenario, Seen
from spreadjobs import SubprocessConnection

PR_SET_CHILD_SUBREAPER: Final = 36
SETTLE_S: Final = 10.0
"""So long what was killed may take to be gone."""


def descriptors() -> int:
    """How many are open."""
    return len(list(Path("/proc/self/fd").iterdir()))


class Factory:
    """Starts workers and remembers them."""

    def __init__(self) -> None:
        self.started: list[SubprocessConnection] = []

    def __call__(self, arguments: Sequence[str]) -> SubprocessConnection:
        """Start one."""
        connection = SubprocessConnection(arguments)
        self.started.append(connection)
        return connection


def survivors(expected: int) -> set[int]:
    """Living processes below this one, once what was killed is gone; the dead are reaped."""
    until_s = time.monotonic() + SETTLE_S
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        left = children(os.getpid())
        if len(left) <= expected or time.monotonic() > until_s:
            return left
        time.sleep(0.01)


def observe(scenario: Scenario) -> Seen:
    """Do it, and look at what came and what is left."""
    factory = Factory()
    before = threading.active_count(), descriptors()
    begun_s = time.monotonic()
    report = (scenario.call or run_once)(scenario, factory)
    took_s = time.monotonic() - begun_s
    after = threading.active_count(), descriptors()
    unreaped = sum(connection.process.returncode is None for connection in factory.started)
    left = survivors(scenario.lives_on)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    survivors(0)
    return Seen(
        raised=None if report.error is None else type(report.error).__name__,
        text="" if report.error is None else str(report.error),
        answers=[repr(answer) for answer in report.answers],
        outputs=report.outputs,
        ends=report.ends,
        unreaped=unreaped,
        living=len(left),
        threads=after[0] - before[0],
        descriptors=after[1] - before[1],
        took_s=took_s,
    )


def main() -> None:
    """Do the one that is asked for."""
    name, file = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # Who was started in the background has it ignored.
    seen = observe({**SCENARIOS, **SENT_AHEAD, **ON_PURPOSE}[name])
    Path(file).write_text(json.dumps(attrs.asdict(seen)), encoding="utf-8")


if __name__ == "__main__":
    main()
