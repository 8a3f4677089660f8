"""
What becomes of a worker whose master is gone: it ends, with all that its tasks have started. Standard library only.

The sure sign is that nobody holds the reading end of the worker's standard output any more. The end of standard input
is none: a master closes that in good order too, and then still waits for answers. A worker that waits for a request
sees the end of its input by itself; one at work has a thread that sleeps in ``poll()`` and costs a task nothing.

The end is the one that a living master makes: TERM, then KILL a second later. Code that holds the interpreter's lock
all the time (C code that never releases it) keeps the thread from running until it is done.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import threading
import time
from contextlib import suppress
from typing import Final

from spreadjobs.worker_pipes import MasterGone

GRACE_S: Final = 1.0
"""Seconds between TERM and KILL, as a master has it."""
PAUSE_S: Final = 0.01
"""How often is looked whether processes that were sent TERM are gone."""
LATER_S: Final = 0.05
"""A master that is killed lets go of its pipes one after the other; the second one follows within this time."""
_FIRST_PRIVATE: Final = 3
_GONE: Final = select.POLLERR | select.POLLHUP


class Watcher:
    """
    Watches the reader of the answers, in a thread of its own, from ``start`` to ``stop``.

    While the process forks there is no such thread: a forked child has a copy of one thread and of the locks of all.

    Args:
        answers: Descriptor that messages are written to.

    Attributes:
        busy: Whether code of the user's runs, so that nobody reads requests.
        gone: Whether the master is gone.
    """

    def __init__(self, answers: int) -> None:
        self.busy = self.gone = False
        self._answers = answers
        self._errors = _private_stderr()
        self._wake = -1
        self._thread: threading.Thread | None = None
        self._forks = 0
        self._active = self._ending = False
        self._lock = threading.Lock()
        self._ended_others = threading.Event()
        os.register_at_fork(before=self._pause, after_in_parent=self._go_on, after_in_child=self._forget)

    def start(self) -> None:
        """Watch from now on."""
        with self._lock:
            self._active = True
            self._run()

    def begin(self) -> None:
        """
        Code of the user's runs from now on; ``busy = False`` says that it is over.

        Raises:
            MasterGone: nobody waits for what it would do.
        """
        self.busy = True  # In this order, and the other one in the thread: one of the two sees the other.
        if self.gone:
            raise MasterGone

    def stop(self, *, orderly: bool) -> None:
        """
        Watch no more; a second call does nothing. If the master is gone, all that this process started has ended then.

        Args:
            orderly: The end of standard input came at a message boundary.
        """
        with self._lock:
            if not self._active:
                return
            self._active = False
            self._halt()
        if self._ending:
            self._ended_others.wait()  # The thread ends the process, unless a handler of TERM leads to here first.
        elif self.gone or _reader_is_gone(self._answers, LATER_S if orderly and _has_children() else 0.0):
            end_others()
        os.close(self._errors)

    # --- the thread

    def _run(self) -> None:
        """Start the thread. The caller holds the lock."""
        if self._thread is not None or self.gone or self._forks:
            return
        woken, self._wake = os.pipe()
        thread = threading.Thread(target=self._watch, args=(woken,), name="spreadjobs-watcher", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # No thread is to be had: a limit of the system's, or the interpreter is ending.
            os.close(woken)
            os.close(self._wake)
        else:
            self._thread = thread

    def _halt(self) -> None:
        """End the thread, unless it is ending the process. The caller holds the lock."""
        if self._thread is None:
            return
        os.close(self._wake)
        if not self._ending:
            self._thread.join()
        self._thread = None

    def _watch(self, woken: int) -> None:
        # Signals are the main thread's: one that this thread took would not interrupt what the main thread waits for.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        poller = select.poll()
        poller.register(self._answers, 0)
        poller.register(woken, 0)
        events = dict(poller.poll())
        os.close(woken)
        if woken in events or not events.get(self._answers, 0) & _GONE:
            return
        self.gone = True
        if self.busy:  # pragma: no cover - likewise
            self._ending = True
            self._end()

    def _end(self) -> None:  # pragma: no cover - a process that is killed loses what was measured
        """As a master ends a worker: TERM to the group, KILL a second later."""
        self._say("the master is gone, nobody reads the answers any more: this worker and what it started are ended")
        if end_others():
            _signal_all(signal.SIGKILL)  # What did not go by itself may be started again by the task.
        self._ended_others.set()
        _signal_all(signal.SIGTERM)
        time.sleep(GRACE_S)
        _signal_all(signal.SIGKILL)

    def _say(self, text: str) -> None:  # pragma: no cover - likewise
        """Write a line past the capture, if that goes without waiting: standard error may be a stuck terminal."""
        poller = select.poll()
        poller.register(self._errors, select.POLLOUT)
        if poller.poll(0):
            with suppress(OSError):
                os.write(self._errors, f"spreadjobs.worker: {text}\n".encode())

    # --- forks

    def _pause(self) -> None:
        with self._lock:
            self._forks += 1
            self._halt()

    def _go_on(self) -> None:
        with self._lock:
            self._forks -= 1
            if self._active:
                self._run()

    def _forget(self) -> None:  # pragma: no cover - likewise, where a child ends by _exit()
        """In a forked child, which is no worker."""
        self._lock = threading.Lock()
        self._thread, self._forks = None, 0
        if self._active:
            self._active = self.busy = self.gone = False
            os.close(self._errors)


def end_others() -> bool:
    """
    End what this process has started and left in its process group: TERM, and KILL a second later.

    Returns:
        Whether KILL was needed.
    """
    until_s = time.monotonic() + GRACE_S
    told: set[int] = set()
    while others := _others():
        late = time.monotonic() >= until_s
        for pid in others if late else others - told:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        if late:
            return True
        told |= others
        time.sleep(PAUSE_S)
    return False


def _others() -> set[int]:
    """
    Living processes of this one's group: all where it leads a session, as a master or sshd starts it.

    Elsewhere only its descendants: a shell puts the whole of a pipeline into one group, and a wrapper leads its own.
    """
    me, group = os.getpid(), os.getpgrp()
    parents = {pid: parent for pid, (parent, its_group) in _processes().items() if its_group == group and pid != me}
    if _leads():
        return set(parents)
    found: set[int] = set()
    while more := {pid for pid, parent in parents.items() if parent == me or parent in found} - found:
        found |= more
    return found


def _leads() -> bool:
    return os.getsid(0) == os.getpid()


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


def _reader_is_gone(answers: int, patience_s: float) -> bool:
    poller = select.poll()
    poller.register(answers, 0)
    return any(event & _GONE for _, event in poller.poll(patience_s * 1000))


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _signal_all(number: int) -> None:  # pragma: no cover - likewise
    """To the whole group at once where it is ours: nothing that the task starts just now can slip through."""
    if _leads():
        os.killpg(0, number)
    else:
        os.kill(os.getpid(), number)


def _private_stderr() -> int:
    """Standard error as it is now: while a task runs, descriptor 2 leads to its lines."""
    return fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, _FIRST_PRIVATE)
