"""What the user sees: lines that tasks printed, workers' stderr with their names before it, and the logger."""

from __future__ import annotations

import logging
import os
import select
import sys
import time
from collections import deque
from contextlib import suppress
from typing import Final, TextIO

from spreadjobs.events import Lines

LAST_LINES: Final = 20
"""So many of a worker's last stderr lines are kept for errors and reports."""
LONGEST_LINE: Final = 8192
"""A longer line of a worker's stderr is passed on in pieces of so many bytes."""
LARGEST_BACKLOG_BYTES: Final = 1024 * 1024
"""So much of the workers' stderr waits for a blocked stderr of the master; beyond it lines are dropped and counted."""
PATIENCE_S: Final = 2.0
"""So long the end of a Master waits for a blocked stderr to take what is left."""
PAUSE_S: Final = 0.02

logger: Final = logging.getLogger("spreadjobs")


class StderrTail:
    """One worker's standard error: cut into lines for the console, the last ones kept. Spec EXEC-7."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        self._partial = b""

    def feed(self, data: bytes) -> list[str]:
        """Take what was read; returns the lines that it completes."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        while len(self._partial) > LONGEST_LINE:
            lines.append(self._partial[:LONGEST_LINE])
            self._partial = self._partial[LONGEST_LINE:]
        return [self._keep(line) for line in lines]

    def finish(self) -> list[str]:
        """The last line, if it had no end."""
        partial, self._partial = self._partial, b""
        return [self._keep(partial)] if partial else []

    def _keep(self, line: bytes) -> str:
        text = line.decode("utf-8", "replace").rstrip("\r")
        self.last.append(text)
        return f"{self.name}: {text}\n"


class Console:
    """
    Writes for the user.

    Args:
        verbose: Also say what is done, at level INFO; without it that is said at level DEBUG.
    """

    def __init__(self, *, verbose: bool = False) -> None:
        self._level = logging.INFO if verbose else logging.DEBUG
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        self._dropped = 0
        self._handler: logging.Handler | None = None
        self._old_level = logger.level
        if verbose and not logger.hasHandlers():
            # Without any handler Python shows warnings only; who asks for verbose wants to see it.
            self._handler = logging.StreamHandler()
            self._handler.setFormatter(logging.Formatter("#%(levelname)s: %(name)s: %(message)s"))
            logger.addHandler(self._handler)
            logger.setLevel(logging.INFO)

    def close(self) -> None:
        """Write what waits, for a while even to a stderr that is slow, and put the logger back as it was."""
        until_s = time.monotonic() + PATIENCE_S
        self.flush()
        while self._backlog and time.monotonic() < until_s:
            time.sleep(PAUSE_S)
            self.flush()
        self._backlog.clear()
        if self._handler is not None:
            logger.removeHandler(self._handler)
            logger.setLevel(self._old_level)
            self._handler = None

    def say(self, text: str, *, warning: bool = False) -> None:
        """Something about the run."""
        logger.log(logging.WARNING if warning else self._level, "%s", text)

    def show(self, task_index: int, out: Lines, err: Lines) -> None:
        """Lines that a task printed, under a header, as gmisclib did. Spec OUT-3."""
        if out:
            _write_lines(sys.stdout, f"#slot so{task_index} ------\n", out)
        if err:
            self.pass_on([f"#slot se{task_index} ------\n", "".join(err)])

    def pass_on(self, lines: list[str]) -> None:
        """A worker's stderr lines, to the master's stderr; a blocked one never blocks the loop."""
        for line in lines:
            data = line.encode("utf-8", "replace")
            if self._backlog_bytes + len(data) > LARGEST_BACKLOG_BYTES:
                self._dropped += 1
                continue
            self._backlog.append(data)
            self._backlog_bytes += len(data)
        self.flush()

    def flush(self) -> None:
        """Write as much of the workers' stderr as goes without waiting."""
        while self._backlog:
            data = self._backlog[0]
            written = _write_without_waiting(data)
            self._backlog_bytes -= written
            if written < len(data):
                self._backlog[0] = data[written:]
                if not written:
                    return
            else:
                self._backlog.popleft()
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self.pass_on(
                [f"spreadjobs: {dropped} lines of the workers' stderr were dropped: the master's was blocked\n"]
            )


def _write_lines(stream: TextIO | None, header: str, lines: Lines) -> None:
    """Header and lines; a character that the stream's encoding lacks is shown escaped instead of failing the run."""
    if stream is None:
        return  # A program without a console.
    encoding = stream.encoding or "utf-8"
    stream.write((header + "".join(lines)).encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _write_without_waiting(data: bytes) -> int:
    """Write to the master's stderr what it takes now; returns how many bytes that were, 0 if it would block."""
    stream = sys.stderr
    if stream is None:
        return len(data)
    try:
        fd = stream.fileno()
    except (OSError, ValueError, AttributeError):
        with suppress(ValueError):  # It was closed.
            stream.write(data.decode("utf-8", "replace"))  # No file behind it: a StringIO, a notebook.
        return len(data)
    try:
        if not select.select([], [fd], [], 0)[1]:
            return 0
        stream.flush()
        return os.write(fd, data[: select.PIPE_BUF])  # More than that may block although select says it is writable.
    except BlockingIOError:
        return 0
    except (OSError, ValueError):
        return len(data)  # A closed stderr: nobody reads it.
