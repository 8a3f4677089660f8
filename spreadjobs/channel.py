"""One worker's bytes: what waits to be written to it, what it wrote that is no whole message yet, and its stderr."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import sys
import termios
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from spreadjobs.codec import Decoder
from spreadjobs.connection import Connection
from spreadjobs.console import StderrTail
from spreadjobs.events import Evidence
from spreadjobs.holders import holders

READ_BYTES: Final = 64 * 1024
"""
Most bytes of one read from a worker that sends little. What a pipe holds at first, and cheap to ask for: memory for 256
KiB comes fresh from the system each time, which makes a read of a small answer cost 14 microseconds instead of one.
"""
WIDE_BYTES: Final = 1024 * 1024
"""Most bytes of one read from a worker that sends much: then the others have their turn. Its pipe is made as wide."""
MOST_WIDE: Final = 16
"""So many are widened at most, each way: Linux has 64 MiB for all pipes of a user, and cuts down later ones."""
JOIN_BYTES: Final = 64 * 1024
"""Small messages are joined up to this size, so that one write carries many of them."""
SEARCH_SHARE: Final = 20
"""One part of the time in so many is spent at most in search of those who hold the pipes of dead workers."""
_KEPT_BYTES: Final = 16 * 1024 * 1024
"""Blocks of memory up to this size are worth keeping for the next large answer."""
_COUNTS_UNREAD: Final = sys.platform.startswith("linux")
"""Whether the writing end of a pipe can be asked how much lies in it."""
_wide: Final[set[int]] = set()
"""Ids of those from whom a widened pipe comes and that were not discarded."""
_wide_to: Final[set[int]] = set()
"""Ids of those to whom one goes."""


class Channel:
    """
    The pipes of one worker, none of which ever blocks.

    Args:
        key: The worker's key in the plan.
        name: Its name.
        place: The index of its slot.
        connection: Its process.
        decoder: Finds messages in what it writes.
    """

    def __init__(self, key: int, name: str, place: int, connection: Connection, decoder: Decoder) -> None:
        self.key = key
        self.place = place
        self.connection = connection
        self.decoder = decoder
        self.stderr = StderrTail(name)
        self.stdout_open = True
        self.stderr_open = connection.stderr_fd is not None
        self.stdin_open = True
        self.closing = False
        """Its standard input is to be closed once everything is written."""
        self.exited = False
        self.write_watched = False
        self._sent_bytes = 0
        self._unwritten: deque[memoryview] = deque()
        self._room = READ_BYTES
        self._wide = False
        self._tried = False  # to widen it
        self._tried_to = False  # the same for its standard input

    @property
    def has_unwritten(self) -> bool:
        """Whether bytes wait to be written."""
        return bool(self._unwritten)

    def put(self, messages: list[bytes]) -> None:
        """Add messages to what is to be written."""
        if not self.stdin_open:
            return
        total = sum(map(len, messages))
        self._sent_bytes += total
        if total <= JOIN_BYTES:
            if messages:
                self._unwritten.append(memoryview(b"".join(messages)))
            return
        if total >= WIDE_BYTES and not self._tried_to:
            self._tried_to = True
            if len(_wide_to) < MOST_WIDE and _widen(self.connection.stdin_fd):
                _wide_to.add(id(self))
        small: list[bytes] = []
        size = 0
        for message in messages:
            if size + len(message) > JOIN_BYTES:
                self._put_joined(small)
                small, size = [], 0
            small.append(message)
            size += len(message)
        self._put_joined(small)

    def _put_joined(self, messages: list[bytes]) -> None:
        if messages:  # A large one is alone, and is not copied.
            self._unwritten.append(memoryview(b"".join(messages) if len(messages) > 1 else messages[0]))

    def write(self) -> bool:
        """
        Write what goes without waiting, and close standard input if that was all and it is to be closed.

        Returns:
            False if the worker has closed its standard input.
        """
        try:
            while self._unwritten:
                written = os.write(self.connection.stdin_fd, self._unwritten[0])
                if written == len(self._unwritten[0]):
                    self._unwritten.popleft()
                else:
                    self._unwritten[0] = self._unwritten[0][written:]
        except BlockingIOError:
            return True
        except OSError:  # EPIPE, ECONNRESET: nobody reads it any more.
            self.close_stdin()
            return False
        if self.closing:
            self.close_stdin()
        return True

    def close_stdin(self) -> None:
        """Close its standard input; what was not written is dropped."""
        self._unwritten.clear()
        if self.stdin_open:
            self.stdin_open = False
            self.connection.close_stdin()

    @property
    def held(self) -> bool:
        """Whether its process has ended and its standard output has not: another one holds it."""
        return self.exited and self.stdout_open

    def evidence(self, *, search: bool) -> Evidence:
        """
        How far its bytes have got, and who holds its pipe though it has ended.

        Args:
            search: Whether to look for those who hold it, among all processes.
        """
        return Evidence(
            sent_bytes=self._sent_bytes,
            unread_bytes=self._unread_bytes(),
            begun_bytes=self.decoder.buffered(),
            holders=holders(self.connection.stdout_fd) if self.held and search else (),
        )

    def _unread_bytes(self) -> int | None:
        """What waits here and in the pipe; None where the pipe does not say."""
        if not self.stdin_open or not _COUNTS_UNREAD:
            return None
        with suppress(OSError):
            fd = self.connection.stdin_fd
            if stat.S_ISFIFO(os.fstat(fd).st_mode):
                (in_the_pipe,) = struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, struct.pack("i", 0)))
                return sum(map(len, self._unwritten)) + int(in_the_pipe)
        return None

    def read(self) -> bytes | None:
        """What its standard output has; b"" at the end of it, None if there is nothing now."""
        data = _read(self.connection.stdout_fd, self._room)
        if data is None:
            return None
        if len(data) < READ_BYTES:
            self._room = READ_BYTES
        elif self._wide or self._widen():
            self._room = WIDE_BYTES
        return data

    def _widen(self) -> bool:
        """Widen the pipe of a worker that sends much, if few others are wide: fewer wake-ups on both sides."""
        if not self._tried and len(_wide) < MOST_WIDE and _widen(self.connection.stdout_fd):
            self._wide = True
            _wide.add(id(self))
            # The GNU allocator keeps blocks as large as the largest that was given back to it. Else each read gets
            # fresh memory from the system, which takes longer than to read into it. This block is never touched.
            bytes(_KEPT_BYTES)
        self._tried = True
        return self._wide

    def discard(self) -> None:
        """Give back its process and pipes."""
        _wide.discard(id(self))
        _wide_to.discard(id(self))
        self.connection.discard()

    def read_stderr(self) -> list[str] | None:
        """What its standard error has, as labelled lines; notes the end of it. None if there is nothing now."""
        fd = self.connection.stderr_fd
        data = _read(fd, READ_BYTES) if fd is not None and self.stderr_open else None
        if data is None:
            return None
        if not data:
            self.stderr_open = False
            return self.stderr.finish()
        return self.stderr.feed(data)


class Witness:
    """
    What can be seen of workers from outside when they are late.

    Args:
        channels: Those of the workers, by key.
        clock: Gives the time in seconds.
        effort: Gives the seconds that this thread has been at work: on a machine that has others to serve, a search
            must not seem to be more than it is.
    """

    def __init__(
        self,
        channels: Mapping[int, Channel],
        clock: Callable[[], float] = time.monotonic,
        effort: Callable[[], float] = time.thread_time,
    ) -> None:
        self._channels = channels
        self._clock = clock
        self._effort = effort
        self._next_search_s = 0.0

    def evidence(self, key: int) -> Evidence:
        """What the pipes of a worker show; nothing if it has none."""
        channel = self._channels.get(key)
        if channel is None:
            return Evidence()
        now_s = self._clock()
        if not channel.held or now_s < self._next_search_s:
            return channel.evidence(search=False)
        begun_s = self._effort()
        evidence = channel.evidence(search=True)
        # A thousand workers may leave a process each, or one that cannot be seen: not all of them are searched for.
        self._next_search_s = now_s + SEARCH_SHARE * (self._effort() - begun_s)
        return evidence


def _widen(fd: int) -> bool:
    """Make a pipe as wide as may be; false where it stays as it is."""
    if sys.platform.startswith("linux"):
        with suppress(OSError):  # It is no pipe, or the user has enough of them.
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, WIDE_BYTES)
            return True
    return False


def _read(fd: int, most_bytes: int) -> bytes | None:
    try:
        return os.read(fd, most_bytes)
    except BlockingIOError:
        return None
    except OSError:  # EIO of a pseudo-terminal whose other end is closed.
        return b""
