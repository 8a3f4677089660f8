"""
The signs of a master's end, and how what is left without a master is ended: TERM, then KILL. Standard library only.

Who leads a session, as a master or sshd starts it, owns all of its process group. Elsewhere only its descendants count:
a shell puts the whole of a pipeline into one group, and a wrapper leads its own.
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

GRACE_S: Final = 1.0
"""Seconds between TERM and KILL, as a master has it."""
PAUSE_S: Final = 0.01
"""How often is looked whether processes that were sent TERM are gone."""
LATER_S: Final = 0.05
"""A master that is killed lets go of its pipes one after the other; the second one follows within this time."""
GONE: Final = select.POLLERR | select.POLLHUP
"""What ``poll()`` says of the writing end of a pipe that nobody reads any more."""
_NOBODY: Final[AbstractSet[int]] = frozenset()


def leads_session() -> bool:
    """Whether this process leads its session, and so owns its process group."""
    return os.getsid(0) == os.getpid()


def reader_is_gone(answers: int, patience_s: float) -> bool:
    """
    Wait for the reader of a pipe to go.

    Args:
        answers: Descriptor of the writing end.
        patience_s: The longest wait, seconds.

    Returns:
        Whether nobody reads.
    """
    poller = select.poll()
    poller.register(answers, 0)
    return any(event & GONE for _, event in poller.poll(patience_s * 1000))


def others(
    *, whole: bool, root: int, spared: AbstractSet[int] = _NOBODY, known: AbstractSet[int] = _NOBODY
) -> set[int]:
    """
    List living processes of this one's group.

    Args:
        whole: Whether all of the group is meant, or only ``root``, unless that is this process, and its descendants.
        root: A process of the group.
        spared: Processes that are left out.
        known: Processes that belong to ``root``, although they may have lost the parents that showed it.

    Returns:
        Their ids; none where the system has no list of processes.
    """
    me, group = os.getpid(), os.getpgrp()
    left_out = {me, *spared}
    parents = {pid: parent for pid, (parent, its) in _processes().items() if its == group and pid not in left_out}
    if whole:
        return set(parents)
    found = {root, *known} & parents.keys()
    while more := {pid for pid, parent in parents.items() if parent == root or parent in found} - found:
        found |= more
    return found


def end_others(
    grace_s: float = GRACE_S,
    *,
    whole: bool | None = None,
    root: int | None = None,
    spared: AbstractSet[int] = _NOBODY,
    known: AbstractSet[int] = _NOBODY,
) -> bool:
    """
    End what this process has started and left in its process group: TERM to each, and KILL later.

    Args:
        grace_s: Seconds between the two.
        whole: As in ``others``; by default, whether this process leads its session.
        root: As in ``others``; by default, this process.
        spared: As in ``others``.
        known: As in ``others``; whoever was sent TERM is, too.

    Returns:
        Whether KILL was needed.
    """
    whole, root = leads_session() if whole is None else whole, os.getpid() if root is None else root
    until_s = time.monotonic() + grace_s
    told: set[int] = set()
    while left := others(whole=whole, root=root, spared=spared, known=told | known):
        late = time.monotonic() >= until_s
        for pid in left if late else left - told:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        if late:
            return True
        told |= left
        time.sleep(PAUSE_S)
    return False


def say_at_once(descriptor: int, line: str) -> None:
    """Write a line, if that goes without waiting: standard error may be a stuck terminal, or closed."""
    poller = select.poll()
    poller.register(descriptor, select.POLLOUT)
    if poller.poll(0):
        with suppress(OSError):
            os.write(descriptor, f"{line}\n".encode())


def _processes() -> dict[int, tuple[int, int]]:
    """Parent and group of every process that is no zombie; nothing where the system has no such list."""
    processes = {}
    with suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - pathlib costs a worker 5 ms a start
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123 - likewise
                state, parent, group = stat.read().rpartition(b")")[2].split()[:3]
                if state not in b"ZX":
                    processes[int(name)] = (int(parent), int(group))
    return processes
