"""The guard's loop: what happens to a program, its pipes and its guard, and how they end. Standard library only."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from spreadjobs.guard_standby import Standby, catch, end_group
from spreadjobs.worker_ends import GONE, LATER_S, leads_session, others, reader_is_gone, say_at_once

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE_S: Final = 0.1
"""For how long a program may end by itself when the master is gone, since it sees the end of its input."""
SHORTEST_EOF_S: Final = 5.0
LONGEST_EOF_S: Final = 30.0
"""Between these, for as long as the lease was, it may end by itself at the end of a lease. Masters have 30 s, too."""
SAME_S: Final = 0.05
"""Within this time a signal to the group has come to both, the guard and the standby."""
_STDERR: Final = 2
_SIGNAL_BYTES: Final = 4096
# All but what stops and continues a process, what means nothing by itself, PIPE, which the writing of a signal's number
# may bring about, and the faults of the guard's own. The program, started before, has signals as they were.
_CAUGHT: Final = signal.valid_signals() - (
    {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGCONT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
    | {signal.SIGWINCH, signal.SIGURG, signal.SIGPIPE}
    | {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS}
)


class Options(NamedTuple):
    """
    What the command line says.

    Attributes:
        grace_s: Seconds between TERM and KILL. By default so few that, with ``PATIENCE_S``, all is over within 0.5 s.
        lease_s: Seconds without a task and without anything else after which the program is ended; None: never.
        codec: Of the messages, ``"pickle"`` or ``"json"``.
        dialect: ``"tagged"`` or ``"untagged"``.
    """

    grace_s: float = 0.3
    lease_s: float | None = None
    codec: str = "pickle"
    dialect: str = "tagged"


class Pipes(Protocol):
    """
    What the guard holds of the program's standard input and output.

    Attributes:
        gone: Whether nobody reads the answers any more.
    """

    gone: bool

    def wanted(self) -> Mapping[int, int]:
        """Say which descriptors to poll for which events."""
        ...

    def handle(self, events: Mapping[int, int], /) -> None:
        """Do what the events ask for."""
        ...

    def idle_since_s(self) -> float | None:
        """
        Say since when, by ``time.monotonic()``, nothing has come and no task runs; None if one may run.

        Only pipes with a lease know.
        """
        ...

    def end_input(self) -> None:
        """Let the program see the end of its input."""
        ...

    def deliver(self) -> None:
        """Pass on what the program, which has ended, has written."""
        ...

    def reader_is_gone(self, patience_s: float) -> bool:
        """Wait so many seconds for the reader to go; returns whether it has."""
        ...

    def close(self) -> None:
        """Let go of all pipes."""
        ...


class Inherited:
    """
    The pipes of a program that has them itself. All that is held is one end of the output, to see its reader go.

    Args:
        answers: The writing end.
    """

    def __init__(self, answers: int) -> None:
        self.gone = False
        self._answers = answers
        self._watched = {answers: 0}

    def wanted(self) -> Mapping[int, int]:
        """As ``Pipes.wanted``."""
        return self._watched

    def handle(self, events: Mapping[int, int], /) -> None:
        """As ``Pipes.handle``."""
        if event := events.get(self._answers):
            self._watched = {}  # Whatever it was, it would come again and again.
            self.gone = bool(event & GONE)

    def idle_since_s(self) -> float | None:
        """As ``Pipes.idle_since_s``."""
        return None

    def end_input(self) -> None:
        """As ``Pipes.end_input``: nothing is held of it."""

    def deliver(self) -> None:
        """As ``Pipes.deliver``: it was never here."""

    def reader_is_gone(self, patience_s: float) -> bool:
        """As ``Pipes.reader_is_gone``."""
        return reader_is_gone(self._answers, patience_s)

    def close(self) -> None:
        """As ``Pipes.close``."""
        os.close(self._answers)


class Guard:
    """
    Watches over a program that runs. Signals are blocked while it is made.

    Args:
        program: Process id of the program, a child of this process.
        pipes: Its pipes.
        options: How long to wait for what.
    """

    def __init__(self, program: int, pipes: Pipes, options: Options) -> None:
        self._program = program
        self._pipes = pipes
        self._grace_s = options.grace_s
        self._lease_s = options.lease_s
        self._whole = leads_session()
        self._status: int | None = None
        self._known: set[int] = set()
        self._standby = Standby(program, self._grace_s, _CAUGHT, whole=self._whole)
        self._woken, wake = os.pipe()
        for descriptor in (self._woken, wake, self._standby.reports):
            os.set_blocking(descriptor, False)
        catch({*_CAUGHT, signal.SIGCHLD}, wake)
        self._here: dict[int, float] = {}
        """When signals are to be forwarded, unless they come to the standby as well."""
        self._there: dict[int, float] = {}
        """Until when a signal of that number is the one that came to the standby."""
        self._poller = select.poll()
        self._polled: dict[int, int] = {}

    def run(self) -> int:
        """
        Wait until the program has ended, or end it.

        Returns:
            Its exit status, or the number of the signal that ended it, negative.
        """
        lease_is_over = False
        self._reap()  # It may have ended before anybody was told of such things.
        while self._status is None and not self._pipes.gone and not lease_is_over:
            lease_is_over = self._turn(self._over_at_s())
        if lease_is_over:
            self._end_lease()
        elif self._status is None:
            self._end_orphan()
        if self._status is None:
            _, self._status = os.waitpid(self._program, 0)
        self._end_leftovers()
        self._pipes.close()
        self._standby.end()
        return os.waitstatus_to_exitcode(self._status)

    def _over_at_s(self) -> float | None:
        since_s = None if self._lease_s is None else self._pipes.idle_since_s()
        return None if self._lease_s is None or since_s is None else since_s + self._lease_s

    # --- what happens

    def _turn(self, until_s: float | None) -> bool:
        """Wait until something happens, and see to it; returns whether nothing has, and the time is over."""
        wanted = {self._woken: select.POLLIN, **self._pipes.wanted()}
        if self._standby.reports >= 0:
            wanted[self._standby.reports] = select.POLLIN
        self._register(wanted)
        times_s = [*self._here.values(), *(() if until_s is None else (until_s,))]
        # One more: poll() counts in whole milliseconds.
        timeout_ms = max(0, int((min(times_s) - time.monotonic()) * 1000) + 1) if times_s else None
        events = dict(self._poller.poll(timeout_ms))
        now_s = time.monotonic()
        if self._woken in events:
            self._note(os.read(self._woken, _SIGNAL_BYTES), now_s)
        if self._standby.reports in events:
            self._note_there(now_s)
        self._forward(now_s)
        self._pipes.handle(events)
        return not events and until_s is not None and now_s >= until_s

    def _register(self, wanted: dict[int, int]) -> None:
        if wanted != self._polled:
            for descriptor in self._polled.keys() - wanted.keys():
                self._poller.unregister(descriptor)
            for descriptor, events in wanted.items():
                self._poller.register(descriptor, events)
            self._polled = wanted

    def _await_end(self, within_s: float, *, patient: bool = True) -> None:
        """Wait until the program has ended, or the time is over; or, if not patient, until the reader has gone."""
        until_s = time.monotonic() + within_s
        while self._status is None and time.monotonic() < until_s and (patient or not self._pipes.gone):
            self._turn(until_s)

    def _reap(self) -> None:
        """Look whether the program has ended, or another child: as process 1 of a container, this one has others."""
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == self._program:
                    self._status = found[1]
                elif found[0] == self._standby.pid:
                    self._standby.pid = 0

    # --- signals

    def _note(self, numbers: bytes, now_s: float) -> None:
        """Note the signals that have come here."""
        if signal.SIGCHLD in numbers:
            self._reap()
        for number in set(numbers) - {signal.SIGCHLD}:
            if now_s > self._there.pop(number, 0.0):
                self._here.setdefault(number, now_s + (SAME_S if self._standby.pid else 0.0))

    def _note_there(self, now_s: float) -> None:
        """Note the signals that have come to the standby: to the program, then, too."""
        reports = os.read(self._standby.reports, _SIGNAL_BYTES)
        if not reports:  # It is gone.
            self._standby.forget()
        for number in reports:
            if self._here.pop(number, None) is None:
                self._there[number] = now_s + SAME_S

    def _forward(self, now_s: float) -> None:
        """Forward the signals that came here alone."""
        for number in [number for number, at_s in self._here.items() if now_s >= at_s]:
            del self._here[number]
            if self._status is None:
                with suppress(OSError):
                    os.kill(self._program, number)

    # --- the ends

    def _end_lease(self) -> None:
        lease_s = self._lease_s or 0.0
        _say(f"neither bytes nor a hang-up came for {lease_s:g} s, and no task runs (--lease-s): the program is ended")
        self._pipes.end_input()
        self._await_end(min(max(lease_s, SHORTEST_EOF_S), LONGEST_EOF_S), patient=False)
        self._end_group()

    def _end_orphan(self) -> None:
        if not self._whole:
            self._known = self._rest()  # While it can be seen whose children they are.
        self._await_end(PATIENCE_S)
        if self._status is None:
            _say("the master is gone, nobody reads the answers any more: the program and what it started are ended")
            self._end_group()

    def _end_group(self) -> None:
        if self._status is None or self._rest():
            end_group(self._program, self._grace_s, whole=self._whole, spared=self._standby.pid, known=self._known)

    def _rest(self) -> set[int]:
        return others(whole=self._whole, root=self._program, spared={self._standby.pid}, known=self._known)

    def _end_leftovers(self) -> None:
        """What the program has left in the group is the master's to end, unless that is gone."""
        if not self._pipes.gone:
            self._pipes.deliver()
        if self._rest() and (self._pipes.gone or self._pipes.reader_is_gone(LATER_S)):
            self._end_group()


def _say(text: str) -> None:
    say_at_once(_STDERR, f"spreadjobs.guard: {text}")
