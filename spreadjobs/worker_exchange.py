"""
When a worker writes its responses: each at once, but for those of short tasks that follow each other.

To write takes as long as many a task. So while further requests are here already, the responses of short tasks are held
and written together: always before the worker waits for input (spec WIRE-3), and as soon as a batch has taken a hundred
times as long as the write will. A task that suddenly takes long must not hold up the responses before it: every other
millisecond the watcher's thread writes what is held. Standard library only: a worker imports this file.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from spreadjobs.worker_capture import NoCapture

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from spreadjobs.worker_capture import Capture
    from spreadjobs.worker_pipes import Pipes
    from spreadjobs.worker_watch import Watcher

BATCH_S: Final = 0.0001
"""A batch is written when so much time has passed since its first task began: to write costs about 1 % of that."""
SHORT_IN_A_ROW: Final = 16
"""So many responses are written at once, first of all and after a task that took longer: few wait behind a long one."""
# A write of so many bytes seldom waits for the master: a pipe has room for four times as many.
_BATCH_BYTES: Final = 16 * 1024
# What the wires read ahead at most; who asks for more needs all of it.
_READ_AHEAD_BYTES: Final = 64 * 1024


class Exchange:
    """
    Receives requests and takes the responses in their order.

    Args:
        pipes: Where requests come, and responses are held and written.
        watcher: Writes what is held while the main thread is at work.

    Attributes:
        pipes: As given.
        lines: What is printed while the worker waits is no task's; this is told when that begins and ends.
    """

    def __init__(self, pipes: Pipes, watcher: Watcher) -> None:
        self.pipes = pipes
        self.lines: Capture = NoCapture()
        self._watcher = watcher
        self._began_s = self._last_s = 0.0
        self._at_once = SHORT_IN_A_ROW

    def receive(self, buffer: WriteableBuffer, /) -> int:
        """
        Wait for input.

        Args:
            buffer: Takes what is there.

        Returns:
            How many bytes came, 0 at the end.

        Raises:
            MasterGone: the master does not read any more.
        """
        if self.pipes.held:
            self.flush()
        self.lines.pause()
        size = os.readv(self.pipes.requests, [buffer])
        if size:
            size += self._receive_rest(memoryview(buffer), size)
            self.lines.begin()
        self._began_s = self._last_s = time.monotonic()
        if not self._at_once:
            # Perhaps one request has come and no more: to look would take as long as to write the one response.
            self._at_once = 1
        return size

    def _receive_rest(self, buffer: memoryview, start: int) -> int:
        """Wait for the rest of what is larger than any read ahead: the reader needs all of it. Gives its size."""
        end = start
        while _READ_AHEAD_BYTES < len(buffer) != end:
            size = os.readv(self.pipes.requests, [buffer[end:]])
            if not size:
                break
            end += size
        return end - start

    def flush(self) -> None:
        """
        Write what is held.

        Raises:
            MasterGone: the master does not read any more.
        """
        if self.pipes.held:
            with self.pipes.lock:
                self.pipes.flush()

    def put_pieces(self, response: list[bytes | memoryview]) -> None:
        """
        Write a large response, and let go of it before the next task comes. The caller holds the lock of the pipes.

        Raises:
            MasterGone: the master does not read any more.
        """
        self._at_once = SHORT_IN_A_ROW  # It takes its time.
        self.lines.pause()  # It may wait for the master, and no task runs meanwhile.
        self.pipes.write_pieces(response)
        response.clear()
        self.lines.begin()
        self._began_s = self._last_s = time.monotonic()

    def put(self, response: bytes) -> None:
        """
        Write a response, or hold it for a short while. The caller holds the lock of the pipes.

        Raises:
            MasterGone: the master does not read any more.
        """
        now_s = time.monotonic()
        watcher, held = self._watcher, self.pipes.held
        if (
            not self._at_once
            and now_s - self._began_s < BATCH_S
            and len(held) + len(response) <= _BATCH_BYTES
            and watcher.watches
        ):
            self._last_s = now_s
            held += response
            if not watcher.guards:
                watcher.guard()
            return
        if now_s - self._last_s >= BATCH_S:
            self._at_once = SHORT_IN_A_ROW
        self._at_once = max(0, self._at_once - 1)
        if len(response) <= _BATCH_BYTES:
            self.pipes.write(response)
        else:
            self.lines.pause()  # It may wait for the master, and no task runs meanwhile.
            self.pipes.write(response)
            self.lines.begin()
        self._began_s = self._last_s = now_s
