"""
A relay: a thread that carries what a worker writes to whoever reads it in its place, misdeeds included.

It blocks on two descriptors of its own connection alone and takes no lock, so that neither a fork at any moment nor
another connection can be held up by it. What the reader does not take is not read from the worker either.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from spreadjobs.misbehaviour import Deed, Misbehaviour
from spreadjobs.threads import start_deaf

READ_BYTES: Final = 64 * 1024
"""Most bytes of one read: what a pipe holds at first."""
_CALM: Final = b"c"
_STOP: Final = b"s"


class Relay:
    """
    Reads a worker's standard output, and offers what is to be seen of it at ``stdout_fd``.

    Args:
        source_fd: The reading end of the worker's standard output; not to be closed before ``close`` was called.
        misbehaviour: Says what is to be seen.
        kill: Kills the worker. Called from the relay's thread.
        name: Of the thread.

    Raises:
        OSError: there is no descriptor or no thread to be had.
    """

    def __init__(self, source_fd: int, misbehaviour: Misbehaviour, kill: Callable[[], None], *, name: str) -> None:
        self._source_fd = source_fd
        self._misbehaviour = misbehaviour
        self._kill = kill
        self._stopped = self._calm = False
        # A pair of sockets and no pipe: the same two descriptors carry a word to the thread as well, and the end of
        # the output is seen though a forked child holds a copy of the writing end.
        self._reader, self._writer = socket.socketpair()
        try:
            self._reader.settimeout(0)
            self._writer.settimeout(0)
            self._incoming, self._outgoing = select.poll(), select.poll()
            self._incoming.register(self._writer, select.POLLIN)
            self._incoming.register(source_fd, select.POLLIN)
            self._outgoing.register(self._writer, select.POLLIN | select.POLLOUT)
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            start_deaf(self._thread)
        except RuntimeError as error:
            self._reader.close()
            self._writer.close()
            raise OSError(f"no thread for a chaotic connection: {error}") from error

    @property
    def stdout_fd(self) -> int:
        """Where the worker's output is to be read, without blocking."""
        return self._reader.fileno()

    def calm(self) -> None:
        """Let all pass untouched from now on."""
        self._say(_CALM)

    def close(self) -> None:
        """End the thread and close both descriptors; what has not been read is lost. A second call does nothing."""
        if self._reader.fileno() < 0:
            return
        self._say(_STOP)
        self._thread.join()
        self._reader.close()
        self._writer.close()

    def _say(self, word: bytes) -> None:
        with suppress(OSError):
            self._reader.send(word)

    # --- in the thread

    def _run(self) -> None:
        try:
            self._carry()
        finally:
            with suppress(OSError):
                self._writer.shutdown(socket.SHUT_WR)  # Not closed: what was said and not heard would be an error.

    def _carry(self) -> None:
        while not self._stopped:
            if self._writer.fileno() in {fd for fd, _ in self._incoming.poll()}:
                self._hear()
            else:
                data = self._read()
                if data == b"":
                    self._pass(self._misbehaviour.release())
                    return
                for step in self._misbehaviour.feed(data) if data else ():
                    if isinstance(step, Deed):
                        self._kill()
                    else:
                        self._pass(step)
            if self._calm:  # Perhaps it was said while the reader was waited for.
                self._pass(self._misbehaviour.release())

    def _hear(self) -> None:
        words = self._writer.recv(16)
        self._calm = self._calm or _CALM in words
        self._stopped = self._stopped or _STOP in words

    def _read(self) -> bytes | None:
        try:
            return os.read(self._source_fd, READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:  # EIO of a pseudo-terminal whose other end is closed.
            return b""

    def _pass(self, data: bytes) -> None:
        """Write all of it, as far as the reader takes it in time."""
        rest = memoryview(data)
        while rest and not self._stopped:
            try:
                rest = rest[self._writer.send(rest) :]
            except BlockingIOError:
                if any(event & ~select.POLLOUT for _, event in self._outgoing.poll()):
                    self._hear()
