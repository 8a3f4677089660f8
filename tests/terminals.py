"""A program on a terminal of its own, as a user would have it, with a test in the user's place."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from processes import BOUND_S

_BEGIN = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
"""Makes standard input the controlling terminal, which Ctrl-C needs; it cannot be done from outside."""


class Terminal:
    """What the user sees, and types."""

    def __init__(self, process: subprocess.Popen[bytes], fd: int) -> None:
        self.process = process
        self._fd = fd
        self._unread = b""

    def until(self, text: str) -> str:
        """What is shown until this text comes, within a time limit."""
        until_s = time.monotonic() + 2 * BOUND_S
        while text.encode() not in self._unread:
            assert self._read(until_s), f"{text!r} never came, but {self._unread.decode(errors='replace')!r}"
        shown, _, self._unread = self._unread.partition(text.encode())
        return shown.decode(errors="replace")

    def type(self, text: str) -> None:
        """Type it, as it is: a line ends with a newline."""
        os.write(self._fd, text.encode())

    def end(self) -> tuple[int, str]:
        """Exit status, and what was shown until the end of the program."""
        until_s = time.monotonic() + 2 * BOUND_S
        while self._read(until_s):
            pass
        return self.process.wait(BOUND_S), self._unread.decode(errors="replace")

    def _read(self, until_s: float) -> bool:
        if not select.select([self._fd], [], [], max(0.0, until_s - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._fd, 4096)
        except OSError:  # Linux: nobody has the other side any more.
            return False
        self._unread += data
        return bool(data)


@contextmanager
def terminal(command: Sequence[str], env: Mapping[str, str]) -> Iterator[Terminal]:
    """A program on a terminal; both are gone after the block."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", _BEGIN, *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=env,
            start_new_session=True,
        )
    finally:
        os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait(BOUND_S)
        os.close(ours)
