"""Who lives and who is gone: processes told apart by pid and start time, so that a pid given anew deceives nobody."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

BOUND_S = 20.0
"""Longest wait for what should take about a second."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [*sys.path, str(Path(__file__).parent)]))}
"""For programs that import what the tests do, and what stands beside them."""

Identity = tuple[int, int]
"""Process id, and start time in ticks since the system started."""


def identity(pid: int) -> Identity:
    """Of a living process."""
    return pid, int(_stat(pid)[19])


def lives(process: Identity) -> bool:
    """Whether it is there and no zombie: that one's parent, or init, has only not looked at it yet."""
    pid, started = process
    with suppress(OSError):
        fields = _stat(pid)
        return fields[0] not in "ZX" and int(fields[19]) == started
    return False


def survivors(processes: Iterable[Identity], within_s: float = BOUND_S) -> list[Identity]:
    """Wait until all are gone; those that are not in time are killed and given back."""
    until_s = time.monotonic() + within_s
    left = [process for process in processes if not ends(process, until_s - time.monotonic())]
    for pid, _ in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return left


def ends(process: Identity, within_s: float) -> bool:
    """Wait until it is gone, or the time is over; returns which."""
    try:
        descriptor = os.pidfd_open(process[0])
    except ProcessLookupError:
        return True
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return not lives(process) or bool(poller.poll(max(within_s, 0) * 1000))
    finally:
        os.close(descriptor)


@contextmanager
def shut_gate(log: Path) -> Iterator[IO[bytes]]:
    """Keep the tasks ``busy.hold_until`` of this log at work to the end of the block, or until the file is closed."""
    with Path(f"{log}.gate").open("wb") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield gate


def logged(log: Path, count: int) -> list[Identity]:
    """Wait until so many processes have written their pids into a file, a line each."""
    until_s = time.monotonic() + BOUND_S
    while True:
        lines = log.read_text(encoding="ascii").split("\n")[:-1] if log.exists() else []
        if len(lines) >= count:
            return [identity(int(line)) for line in lines]
        assert time.monotonic() < until_s, f"{len(lines)} of {count} processes have said their pids"
        time.sleep(0.01)


def group(leader: int) -> list[Identity]:
    """The living processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = _stat(int(entry.name))
                if int(fields[2]) == leader and fields[0] not in "ZX":
                    found.append((int(entry.name), int(fields[19])))
    return found


def children() -> set[int]:
    """Processes that this one has started and not reaped, by whichever thread."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found.update(int(pid) for pid in (task / "children").read_text(encoding="ascii").split())
    return found


def belongings() -> tuple[set[int], int, int]:
    """Children, threads and the number of descriptors of this process."""
    return children(), threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def _stat(pid: int) -> list[str]:
    """The fields of its state that come after its name."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
