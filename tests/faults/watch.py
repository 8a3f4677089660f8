"""Runs a scenario in a process of its own, which is ended if it hangs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from faults.processes import children
from faults.scenario import SLACK_S, Scenario, Seen

TESTS: Final = Path(__file__).parents[1]
EXIT_S: Final = 20.0
"""So much longer the process may take to be gone when its scenario is over."""


class Hung(Exception):
    """
    A scenario was not over within its bound; all of it was killed.

    Attributes:
        killed: The processes below the one that ran it.
    """

    def __init__(self, reason: str, killed: Sequence[int]) -> None:
        super().__init__(reason, killed)
        self.killed = killed


def watch(scenario: Scenario, *, slack_s: float = SLACK_S + EXIT_S) -> Seen:
    """
    Run a scenario.

    Args:
        scenario: It is found by its id in the process that runs it.
        slack_s: So much longer than its bound it may take until it is ended.

    Raises:
        Hung: it was not over, or its process not gone, in that time.
        ChildProcessError: its process failed.
    """
    path = os.pathsep.join([str(TESTS), *filter(None, sys.path)])
    limit_s = scenario.bound_s + slack_s
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "seen.json"
        with subprocess.Popen(
            [sys.executable, "-m", "faults.run", scenario.id, str(file)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=limit_s)
            except subprocess.TimeoutExpired:
                killed = _kill(process)
                raise Hung(f"{scenario.id} was not over within {limit_s:.0f} s", killed) from None
        if process.returncode:
            raise ChildProcessError(f"{scenario.id}: status {process.returncode}\n{output.decode(errors='replace')}")
        return Seen(**json.loads(file.read_text(encoding="utf-8")))


def _kill(process: subprocess.Popen[bytes]) -> list[int]:
    """End a process that hangs with all below it, in whichever groups they are; nobody is waited for but itself."""
    found: list[int] = []
    waiting = [process.pid]
    while waiting:
        pid = waiting.pop()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)  # Who is stopped starts nothing more.
        found.append(pid)
        waiting += [child for child in children(pid) if child not in found]
    for pid in reversed(found):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    return found[1:]
