"""
A second process beside ``guard``, which sleeps until one of two things happens. Standard library only.

*A signal comes to it.* One that is sent to the process group comes to the guard, the program and the standby alike; one
that is sent to the guard alone does not come here, and is the guard's to forward. Nothing else tells the two apart, and
a program that is sent TERM twice may be disturbed while it cleans up.

*The guard is killed.* Then nobody watches any more, and the program with its group is ended from here: with TERM, and
KILL after the same grace. The kernel can do that without a second process (PR_SET_PDEATHSIG), for the program alone,
with KILL alone, on Linux alone.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from spreadjobs.worker_ends import PAUSE_S, end_others, others, say_at_once

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Set as AbstractSet
    from types import FrameType

_STDERR: Final = 2
_TABLE_DIRECTORY: Final = "/proc/self"


class Standby:
    """
    The second process, from the guard's side. Signals are blocked while one is made.

    Args:
        program: Process id of the program.
        whole: Whether all of the process group is the guard's.
        grace_s: Seconds between TERM and KILL.
        numbers: The signals that the guard catches.

    Attributes:
        pid: Its process id; 0 where the system gave no second process, and after ``end``.
        reports: A descriptor to read from: a byte for each signal that came to the standby, its number. -1: there is
            none any more.
    """

    def __init__(self, program: int, grace_s: float, numbers: Collection[int], *, whole: bool) -> None:
        self.pid = 0
        self._program = program
        self._grace_s = grace_s
        self._numbers = numbers
        self._whole = whole
        lifeline, self._hold = os.pipe()
        self.reports, report = os.pipe()
        os.set_blocking(report, False)
        with suppress(OSError):  # No process is to be had; to do without is better than to end a worker.
            self.pid = os.fork()
            if not self.pid:  # pragma: no cover - a process that ends by _exit() or KILL loses what was measured
                try:
                    self._stand_by(lifeline, report)
                finally:
                    os._exit(0)
        os.close(lifeline)
        os.close(report)

    def forget(self) -> None:
        """It is gone: nothing is to be read any more."""
        self.pid = 0
        os.close(self.reports)
        self.reports = -1

    def end(self) -> None:
        """Kill and reap it, so that it is gone before the guard; a second call does nothing."""
        pid, self.pid = self.pid, 0
        if pid:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _stand_by(self, lifeline: int, report: int) -> None:  # pragma: no cover - likewise
        kept = sorted((_STDERR, lifeline, report))
        for low, high in zip([0, *(number + 1 for number in kept)], [*kept, os.sysconf("SC_OPEN_MAX")], strict=True):
            os.closerange(low, high)
        catch(self._numbers, report)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.read(lifeline, 1)  # Nobody writes: this ends when nobody holds the other end, so with the guard.
        signal.set_wakeup_fd(-1)
        text = "the guard was killed, nobody watches over the program any more: it and what it started are ended"
        say_at_once(_STDERR, f"spreadjobs.guard: {text}")
        end_group(self._program, self._grace_s, whole=self._whole)


def catch(numbers: Collection[int], wakeup: int) -> None:
    """
    Have signals do nothing but write their number, a byte each, into a pipe.

    Args:
        numbers: The signals.
        wakeup: The writing end of the pipe, non-blocking.
    """
    for number in numbers:
        signal.signal(number, _let_pass)
    signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)


def _let_pass(_number: int, _frame: FrameType | None) -> None:
    """Take a signal, so that it ends nothing here."""


def end_group(
    program: int, grace_s: float, *, whole: bool, spared: int = 0, known: AbstractSet[int] = frozenset()
) -> None:
    """
    End the program and its group: TERM, and KILL after the grace for what is left then.

    Where all of the group is ours, the signals go to the whole of it at once, so that nothing that is started just then
    can slip through; KILL so ends this process too. The program is not reaped.

    Args:
        program: Process id of the program.
        grace_s: Seconds between TERM and KILL.
        whole: Whether all of the process group is ours; otherwise only the program and its descendants.
        spared: A process that is no reason to send KILL.
        known: As in ``worker_ends.others``.
    """
    left_out = frozenset({spared})
    if not whole:
        end_others(grace_s, whole=False, root=program, spared=left_out, known=known)
        return
    blind = not os.path.isdir(_TABLE_DIRECTORY)  # noqa: PTH112 - pathlib costs 5 ms a start
    until_s = time.monotonic() + grace_s
    os.killpg(0, signal.SIGTERM)
    while blind or others(whole=True, root=program, spared=left_out):
        if time.monotonic() >= until_s:
            os.killpg(0, signal.SIGKILL)
        time.sleep(PAUSE_S)
