"""
The pipes of a program with a lease: the guard stands in between, and sees what comes and goes. Standard library only.

A client may be gone without closing its pipes: a connection that breaks without a word, a machine that loses its power.
Nobody can tell that from a client that is silent because it has nothing to say, but by time. So, when nothing has come
for as long as the lease and no task runs, the program is ended (``guard_watch.py``); ``guard_messages.py`` tells
whether a task runs. The lease ends nothing

- while a task runs, or may run, since it cannot be told: before the first response, for one;
- while bytes wait to be passed on: the client, or the program, is only slow;
- after the end of the input: the client has spoken, and the program may have long work to do before it ends.

Bytes are passed on as they are and as soon as they come, up to ``CHUNK_BYTES`` in each direction at a time: who is slow
to read slows down who writes, as in a pipe, and neither direction waits for the other. Where the program closes its
input, the guard closes its own; the reader's end is the program's, too.
"""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from spreadjobs.guard_messages import Exchange
from spreadjobs.worker_ends import GONE, reader_is_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CHUNK_BYTES: Final = 64 * 1024
_CLOSED: Final = -1


class Inner(NamedTuple):
    """
    The two pipes between the guard and the program.

    Attributes:
        stdin: The program's end of the first.
        requests: Ours, non-blocking.
        answers: Ours of the second, non-blocking.
        stdout: The program's.
    """

    stdin: int
    requests: int
    answers: int
    stdout: int

    def hand_over(self) -> None:
        """Close the program's ends, which it has now."""
        os.close(self.stdin)
        os.close(self.stdout)


def inner_pipes() -> Inner:
    """Make them."""
    inner = Inner(*os.pipe(), *os.pipe())
    for descriptor in (inner.requests, inner.answers):
        os.set_blocking(descriptor, False)
    return inner


class _Lane:
    """
    One direction.

    Args:
        source: Descriptor to read from.
        sink: Descriptor to write to.
        most_bytes: So much can be written at once when ``poll()`` says that there is room, without waiting.
        tell: Is given what was read.

    Attributes:
        source: -1 after its end.
        sink: -1 when closed.
        broken: Whether nobody reads what is written.
    """

    def __init__(self, source: int, sink: int, most_bytes: int, tell: Callable[[bytes], None]) -> None:
        self.source = source
        self.sink = sink
        self.broken = False
        self._most_bytes = most_bytes
        self._tell = tell
        self._chunk = memoryview(b"")
        self._room = select.poll()
        self._room.register(sink, select.POLLOUT)

    @property
    def waits(self) -> bool:
        """Whether bytes wait to be passed on."""
        return bool(self._chunk)

    def wanted(self) -> dict[int, int]:
        """As ``Pipes.wanted``; the sink is watched in any case, for its reader to go."""
        wanted = {}
        if self.sink != _CLOSED and not self.broken:
            wanted[self.sink] = select.POLLOUT if self._chunk else 0
        if self.source != _CLOSED and not self._chunk:
            wanted[self.source] = select.POLLIN
        return wanted

    def handle(self, events: Mapping[int, int]) -> bool:
        """Read and write what goes at once; returns whether anything has happened."""
        if events.get(self.sink, 0) & (GONE | select.POLLNVAL):
            self.broken = True
            return True
        return (self.source in events and self._read()) or (self.sink in events and self._write())

    def _read(self) -> bool:
        try:
            data = os.read(self.source, CHUNK_BYTES)
        except BlockingIOError:
            return False
        except OSError:  # As a terminal says that it is gone.
            data = b""
        if data:
            self._tell(data)
            self._chunk = memoryview(data)
            self._write()
        else:
            self.end_source()
        return True

    def _write(self) -> bool:
        wrote = False
        while self._chunk and (found := self._room.poll(0)):
            if found[0][1] & (GONE | select.POLLNVAL):
                self.broken = True
                break
            try:
                self._chunk = self._chunk[os.write(self.sink, self._chunk[: self._most_bytes]) :]
            except BlockingIOError:
                break
            except OSError:
                self.broken = True
                break
            wrote = True
        return wrote

    def drain(self, patience_s: float) -> None:
        """Pass on all that is there now; give up when for so many seconds nothing more of it goes."""
        while not self.broken and (self._chunk or (self.source != _CLOSED and self._read())):
            if self._chunk and not (self._room.poll(patience_s * 1000) and self._write()):
                return

    def end_source(self) -> None:
        """Read no more."""
        self.source = _close(self.source)

    def end_sink(self) -> None:
        """Write no more: what waits is dropped."""
        self._chunk = memoryview(b"")
        self.sink = _close(self.sink)


class Relay:
    """
    The pipes of a program with a lease; see ``guard_watch.Pipes``.

    Args:
        ends: Descriptors to read requests from and to write answers to.
        inner: The pipes of the program, which has its own ends already.
        exchange: Knows whether a task runs.
        lease_s: Seconds of the lease, for how long a reader is waited for when the program has ended.

    Attributes:
        gone: Whether nobody reads the answers any more.
    """

    def __init__(self, ends: tuple[int, int], inner: Inner, exchange: Exchange, lease_s: float) -> None:
        stdin, stdout = ends
        self.gone = False
        self._exchange = exchange
        self._lease_s = lease_s
        self._in = _Lane(stdin, inner.requests, CHUNK_BYTES, exchange.to_worker)
        self._out = _Lane(inner.answers, stdout, select.PIPE_BUF, exchange.from_worker)
        self._last_s = time.monotonic()

    def wanted(self) -> Mapping[int, int]:
        """As ``Pipes.wanted``."""
        return {**self._in.wanted(), **self._out.wanted()}

    def handle(self, events: Mapping[int, int], /) -> None:
        """As ``Pipes.handle``."""
        moved = self._in.handle(events)
        if self._out.handle(events) or moved:
            self._last_s = time.monotonic()
        if self._in.broken:  # The program has closed its input, and so nobody reads ours.
            self._in.end_source()
        if self._in.broken or (self._in.source == _CLOSED and not self._in.waits):
            self._in.end_sink()
        if self._out.broken and not self.gone:
            self.gone = True
            self.end_input()
            self._out.end_source()

    def idle_since_s(self) -> float | None:
        """As ``Pipes.idle_since_s``."""
        # Bytes that wait for a client to read them are no task: each that goes begins the lease anew.
        is_open = _CLOSED not in (self._in.source, self._out.source)
        return self._last_s if is_open and self._exchange.idle else None

    def end_input(self) -> None:
        """As ``Pipes.end_input``."""
        self._in.end_source()
        self._in.end_sink()

    def deliver(self) -> None:
        """As ``Pipes.deliver``: what a process that the program has left behind writes later is not waited for."""
        self._out.drain(self._lease_s)

    def reader_is_gone(self, patience_s: float) -> bool:
        """As ``Pipes.reader_is_gone``."""
        return reader_is_gone(self._out.sink, patience_s)

    def close(self) -> None:
        """As ``Pipes.close``."""
        self.end_input()
        self._out.end_source()
        self._out.end_sink()


def _close(descriptor: int) -> int:
    if descriptor != _CLOSED:
        with suppress(OSError):
            os.close(descriptor)
    return _CLOSED
