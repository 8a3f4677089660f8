"""The process of a master under test: its start, its end, and that of all that it started."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from spreadjobs_conform import observe
from spreadjobs_conform.findings import CannotStart

KILL_LIMIT_S: Final = 5.0


def start_master(command: Sequence[str], mark: str) -> subprocess.Popen[bytes]:
    """
    Starts it in a session of its own, its standard input empty.

    Args:
        command: With the path of the job.
        mark: ``NAME=value``, a variable of its environment, by which all that it starts is found at the end.

    Raises:
        CannotStart: Its executable could not be started.
    """
    name, _, value = mark.partition("=")
    hints = [variable for variable in os.environ if variable.startswith("SPREAD_JOBS_") and "CONFORM" not in variable]
    environment = {key: text for key, text in os.environ.items() if key not in hints}
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment, name: value},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise CannotStart(f"{command[0]!r} could not be started: {error}") from error


def end_master(master: subprocess.Popen[bytes], mark: str) -> tuple[int, ...]:
    """
    Ends it, if it is still there, and all that it started.

    Args:
        master: The process.
        mark: As for ``start_master``.

    Returns:
        The processes that were still there beside it.
    """
    if master.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(master.pid, signal.SIGKILL)
        master.wait(KILL_LIMIT_S)
    left = tuple(sorted(observe.marked(mark)))
    for pid in left:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return left


def most_memory_bytes(pid: int) -> int:
    """What a process had of memory at most; 0 where the system does not tell."""
    with suppress(OSError):
        found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text("ascii"), re.MULTILINE)
        return int(found[1]) * 1024 if found else 0
    return 0
