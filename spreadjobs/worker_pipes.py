"""
The two pipes of a worker, moved to private descriptors, so that nothing but messages can get onto the wire.

Standard library only: a worker imports this file.
"""

from __future__ import annotations

import fcntl
import functools
import os
import select
import sys
import threading
from contextlib import suppress
from typing import Final, NoReturn

from spreadjobs.errors import SpreadJobsError

# Private descriptors start above the three that every program takes for its own.
_FIRST_PRIVATE: Final = 3
_STDERR: Final = 2
_STREAMS: Final = ((1, "stdout"), (_STDERR, "stderr"))
# What os.fsdecode() made of odd bytes in a file name can be printed.
_TEXT_ERRORS: Final = "surrogateescape"


class MasterGone(SpreadJobsError):
    """The master does not read any more."""


class Pipes:
    """
    The worker's ends of its two pipes.

    Attributes:
        requests: Descriptor that messages are read from, -1 when closed.
        answers: Descriptor that messages are written to, -1 when closed.
        held: Whole messages that are to be written before any other; of the first one, a part may be written already.
        lock: Held while a message is written or comes to ``held``: another thread's cannot get into the middle.
    """

    def __init__(self, requests: int, answers: int) -> None:
        self.requests = requests
        self.answers = answers
        self.held = bytearray()
        self.lock = threading.Lock()
        self._cut = False

    def write(self, message: bytes | memoryview, /) -> None:
        """
        Write what is held, and a whole message after it. The caller holds ``lock``.

        Raises:
            MasterGone: the master does not read any more.
        """
        if self.held:
            self.held += message
            self.flush()
            return
        try:
            written = os.write(self.answers, message)
            if written < len(message):
                rest = memoryview(message)[written:]
                while rest:
                    rest = rest[os.write(self.answers, rest) :]
        except BrokenPipeError:
            raise MasterGone from None

    def write_pieces(self, pieces: list[bytes | memoryview], /) -> None:
        """
        Write what is held, and a whole message in pieces after it, none of which is copied. The caller holds ``lock``.

        Raises:
            MasterGone: the master does not read any more.
        """
        if self.held:
            self.flush()
        for piece in pieces:
            self.write(piece)

    def flush(self, *, wait: bool = True) -> None:
        """
        Write what is held. The caller holds ``lock``.

        Args:
            wait: Whether to wait for a master that does not read; otherwise only what goes at once is written.

        Raises:
            MasterGone: the master does not read any more, or cannot make sense of it any more.
        """
        if self._cut:
            raise MasterGone
        try:
            while self.held and (wait or self._has_room()):
                del self.held[: os.write(self.answers, self.held if wait else self.held[: select.PIPE_BUF])]
        except BrokenPipeError:
            raise MasterGone from None
        except BaseException:
            # From a handler of a signal: nobody knows now how much is written. Better to end than to write it twice.
            self._cut = True
            raise

    def _has_room(self) -> bool:
        """Whether ``select.PIPE_BUF`` bytes can be written at once, or nobody reads them any more."""
        poller = select.poll()
        poller.register(self.answers, select.POLLOUT)
        return bool(poller.poll(0))

    def flush_beside(self) -> None:
        """Write of what is held what goes at once, without waiting for the lock either: who has that writes it all."""
        if self.lock.acquire(blocking=False):
            try:
                with suppress(MasterGone, OSError):  # Who wants to know finds out by other signs.
                    self.flush(wait=False)
            finally:
                self.lock.release()

    def close(self) -> None:
        """Close both pipes; a second call does nothing."""
        requests, self.requests = self.requests, -1
        answers, self.answers = self.answers, -1
        for descriptor in (requests, answers):
            if descriptor >= 0:
                os.close(descriptor)

    def abandon(self) -> None:
        """In a forked child: let go of both pipes. A thread that held the lock is not there any more."""
        self.lock = threading.Lock()
        self.held = bytearray()  # Its parent's to write. A new one: the other may have been in use by that thread.
        self.close()

    def leave(self, status: int) -> NoReturn:  # pragma: no cover - _exit() loses what was measured
        """End this process, a forked child that came back: it must not answer in its parent's place."""
        flush_python()
        os._exit(status)

    def restore(self) -> None:
        """Make standard output the master's pipe again: what is printed from now on is shutdown text. Spec SHUT-7."""
        flush_python()
        os.dup2(self.answers, 1)
        self.close()


@functools.cache
def claim() -> Pipes:
    """
    Move standard input and output to private descriptors, once for the whole process. Spec WIRE-4.

    Afterwards standard input is empty, so that no child process eats requests, and standard output is the error
    stream, so that no print gets onto the wire. Children do not inherit the private descriptors.

    Raises:
        OSError: standard input or standard output is closed.
    """
    try:
        requests = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, _FIRST_PRIVATE)
        answers = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _FIRST_PRIVATE)
    except OSError as error:
        error.add_note("standard input and output are a worker's pipes and must be open (spec EXEC-2)")
        raise
    # Whoever started the worker may share a non-blocking pipe with it.
    os.set_blocking(requests, True)
    os.set_blocking(answers, True)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    if nothing == _STDERR:  # the worker was started with a closed error stream; this one takes its place
        os.set_inheritable(_STDERR, True)  # noqa: FBT003 - positional only
    else:
        os.close(nothing)
    os.dup2(_STDERR, 1)
    for descriptor, name in _STREAMS:
        # What the locale cannot write must not fail a task, and lines travel as UTF-8.
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            try:
                stream.reconfigure(encoding="utf-8", errors=_TEXT_ERRORS)
            except OSError:  # It was made for a file and asks for its position, where none is any more.
                _renew(descriptor, name)
    pipes = Pipes(requests, answers)
    # A forked child neither reads requests nor holds the pipe to the master open. Spec SHUT-4.
    os.register_at_fork(after_in_child=pipes.abandon)
    return pipes


def flush_python() -> None:
    """Empty the buffers of ``sys.stdout`` and ``sys.stderr``; make a new one in place of one that was closed."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:  # noqa: BLE001 - closed, or an object of the user's: never our failure
        _flush_each()


def _flush_each() -> None:
    for descriptor, name in _STREAMS:
        try:
            getattr(sys, name).flush()
        except Exception:  # noqa: BLE001 - likewise
            if getattr(getattr(sys, name), "closed", False):
                _renew(descriptor, name)  # A task that closed it must not make the next one fail.


def _renew(descriptor: int, name: str) -> None:
    """A new stream for a descriptor; the old one leaves the descriptor open."""
    renewed = open(descriptor, "w", encoding="utf-8", errors=_TEXT_ERRORS, closefd=False)  # noqa: SIM115 - lives as long as the process
    setattr(sys, name, renewed)
