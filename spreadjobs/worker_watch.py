"""
What becomes of a worker whose master is gone: it ends, with all that its tasks have started. Standard library only.

The sure sign is that nobody holds the reading end of the worker's standard output any more. The end of standard input
is none: a master closes that in good order too, and then still waits for answers. A worker that waits for a request
sees the end of its input by itself; one at work has a thread that sleeps in ``poll()`` and costs a task nothing.

The end is the one that a living master makes: TERM, then KILL a second later.

The thread has a second duty: while responses of short tasks are held to be written together (``worker_exchange.py``),
it looks at them every other millisecond, so that a task that takes long does not hold up the ones before it.

Code that holds the interpreter's lock all the time (C code that never releases it) keeps the thread from running until
it is done; Python code lets go of it within ``sys.getswitchinterval()``, 5 ms.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import threading
import time
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from spreadjobs.threads import start_deaf
from spreadjobs.worker_ends import GONE, GRACE_S, LATER_S, end_others, leads_session, reader_is_gone, say_at_once
from spreadjobs.worker_pipes import MasterGone

if TYPE_CHECKING:
    from spreadjobs.worker_pipes import Pipes

GUARD_MS: Final = 2
"""How often is looked whether a response has waited behind a long task."""
_QUIET_LOOKS: Final = 50
"""After so many looks that found nothing the thread goes to sleep."""
_FIRST_PRIVATE: Final = 3


class Watcher:
    """
    Watches the reader of the answers, in a thread of its own, from ``start`` to ``stop``.

    The thread is there while a task forks, too: it sleeps then, and holds no lock that a child would find held. Hooks
    that stopped it around forks would do harm: Python drops what a signal handler raises while a hook runs.

    Args:
        pipes: Messages are written to them.

    Attributes:
        busy: Whether code of the user's runs, so that nobody reads requests.
        gone: Whether the master is gone.
        watches: Whether there is such a thread: a system may give none.
        guards: Whether it looks after what the pipes hold.
    """

    def __init__(self, pipes: Pipes) -> None:
        self.busy = self.gone = self.watches = self.guards = False
        self._pipes = pipes
        self._answers = pipes.answers
        self._errors = self._woken = self._wake = -1
        self._private: tuple[int, ...] = ()
        self._thread: threading.Thread | None = None
        self._active = self._ending = False
        self._quiet_looks = 0
        self._ended_others = threading.Event()

    def start(self) -> None:
        """Watch from now on."""
        self._errors = _private_stderr()
        self._woken, self._wake = os.pipe()
        self._private = (self._errors, self._woken, self._wake)
        _watchers.append(self)
        _allow_forks()
        self._active = True
        thread = threading.Thread(target=self._watch, name="spreadjobs-watcher", daemon=True)
        with suppress(RuntimeError):  # No thread is to be had: a limit of the system's, or the interpreter is ending.
            start_deaf(thread)
            self._thread = thread
            self.watches = True

    def begin(self) -> None:
        """
        Code of the user's runs from now on; ``busy = False`` says that it is over.

        Raises:
            MasterGone: nobody waits for what it would do.
        """
        self.busy = True  # In this order, and the other one in the thread: one of the two sees the other.
        if self.gone:
            raise MasterGone

    def guard(self) -> None:
        """Have the thread look after what the pipes hold, until nothing has been held for a while."""
        os.write(self._wake, b"!")
        self.guards = True  # Last: an exception of a signal handler in between costs a second byte, and not the guard.

    def stop(self, *, orderly: bool) -> None:
        """
        Watch no more; a second call does nothing. If the master is gone, all that this process started has ended then.

        Args:
            orderly: The end of standard input came at a message boundary.
        """
        if not self._active:
            return
        self._active = False
        # Each is forgotten before it is used: a handler that raises in between must not have it used again.
        thread, self._thread = self._thread, None
        private, self._private = self._private, ()
        os.write(self._wake, b"!")  # To close it would not do: a forked child may hold a copy.
        if thread is not None and not self._ending:
            thread.join()
        if self._ending:
            self._ended_others.wait()  # The thread ends the process, unless a handler of TERM leads to here first.
        elif self.gone or reader_is_gone(self._answers, LATER_S if orderly and _has_children() else 0.0):
            end_others()
        _close(private)

    def forget(self) -> None:  # pragma: no cover - a child that ends by _exit() loses what was measured
        """In a forked child, which is no worker, and has no such thread."""
        self._active = self._ending = self.busy = self.gone = self.watches = self.guards = False
        self._thread = None
        private, self._private = self._private, ()
        _close(private)

    # --- the thread

    def _watch(self) -> None:
        poller = select.poll()
        poller.register(self._answers, 0)
        poller.register(self._woken, select.POLLIN)
        while not (events := dict(poller.poll(GUARD_MS if self.guards else None))).get(self._answers):
            if not self._active or events.get(self._woken, select.POLLIN) != select.POLLIN:
                return
            self._look(woken=self._woken in events)
        if not self._active or not events[self._answers] & GONE:
            return
        self.gone = True
        if self.busy:  # pragma: no cover - a process that is killed loses it, too
            self._ending = True
            self._end()

    def _look(self, *, woken: bool) -> None:
        """Write what is held; stop looking after a while in which nothing was."""
        if woken:
            os.read(self._woken, 1)
            self.guards = True
        if woken or self._pipes.held:
            self._quiet_looks = 0
            self._pipes.flush_beside()  # Also when just woken: in a task that hogs the interpreter that was long ago.
        self._quiet_looks += 1
        if self._quiet_looks > _QUIET_LOOKS:
            self.guards = False  # In this order, and the other one where it is held: one of the two sees the other.
            if self._pipes.held:
                self.guards = True

    def _end(self) -> None:  # pragma: no cover - likewise
        """As a master ends a worker: TERM to the group, KILL a second later."""
        self._say("the master is gone, nobody reads the answers any more: this worker and what it started are ended")
        if end_others():
            _signal_all(signal.SIGKILL)  # What did not go by itself may be started again by the task.
        self._ended_others.set()
        _signal_all(signal.SIGTERM)
        time.sleep(GRACE_S)
        _signal_all(signal.SIGKILL)

    def _say(self, text: str) -> None:  # pragma: no cover - likewise
        """Write a line past the capture."""
        say_at_once(self._errors, f"spreadjobs.worker: {text}")


_watchers: Final[list[Watcher]] = []
"""Those that were started in this process, or in the one that it was forked from."""


def _forget_all() -> None:  # pragma: no cover - likewise
    for watcher in _watchers:
        watcher.forget()


os.register_at_fork(after_in_child=_forget_all)


def _allow_forks() -> None:
    """
    Keep Python's warning of forks among threads out of the error lines of tasks that fork.

    Since 3.12 it warns at each fork of a process that has more than one thread, whatever the others do: the thread here
    would give it to every task that forks, and there is nothing that the task could do.
    """
    if sys.version_info >= (3, 12):
        message = r"This process \(pid=\d+\) is multi-threaded, use of fork"
        warnings.filterwarnings("ignore", message=message, category=DeprecationWarning)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _signal_all(number: int) -> None:  # pragma: no cover - likewise
    """To the whole group at once where it is ours: nothing that the task starts just now can slip through."""
    if leads_session():
        os.killpg(0, number)
    else:
        os.kill(os.getpid(), number)


def _close(descriptors: tuple[int, ...]) -> None:
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)


def _private_stderr() -> int:
    """Standard error as it is now: while a task runs, descriptor 2 leads to its lines."""
    return fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, _FIRST_PRIVATE)
