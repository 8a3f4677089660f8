"""
What a task prints becomes its lines: everything that is written to descriptors 1 and 2 while it runs, by Python, by C
code and by child processes. Standard library only: a worker imports this file.

Files are used, not pipes: writing to a file never waits for a reader, so neither a flood of output, nor C code that
prints while it holds the interpreter's lock, nor a process that outlives its task can block anything.
The price: a child that opens /dev/stdout anew with ``>`` cuts off what was written before, as it would in a log file.

Most tasks print nothing, and many take no longer than a few system calls. So each file begins with a hole of a size of
its own, and text follows it: one ``lseek`` of a descriptor says that nothing was printed, and that the descriptor still
leads to its file. What it cannot see is text in the hole, of somebody who opened /dev/stdout anew and neither cut it
nor appended. To start a process, or to open a file in Python, takes a while: so after all but the shortest tasks, the
hole is looked at as well.
"""

from __future__ import annotations

import faulthandler
import fcntl
import functools
import io
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from spreadjobs.worker_pipes import flush_python

if TYPE_CHECKING:
    from collections.abc import Callable

Which: TypeAlias = Literal["both", "out", "none"]
Lines: TypeAlias = list[str] | None

SHORT_S: Final = 0.00002
"""So short is a task that can have started no process: the hole of a file is looked at after longer ones only."""

_FIRST_PRIVATE: Final = 3
_HOLES_BYTES: Final = {1: 3301, 2: 3307}
"""By descriptor: sizes that other files seldom have, and within one page."""
_FEW_BYTES: Final = 8 * 1024
_MANY_BYTES: Final = 16 * 1024**2


class Capture(Protocol):
    """Collects the lines of one task after the other."""

    def begin(self) -> None:
        """Requests have come: collect from now on. What was printed before is nobody's. A second call does nothing."""
        ...

    def end(self) -> tuple[Lines, Lines]:
        """A task is over. Give its lines for out and err; None where there are none. Spec OUT-1, OUT-2."""
        ...

    def pass_on(self) -> None:
        """What was printed since ``end`` is no task's line: send it on to the error stream."""
        ...

    def pause(self) -> None:
        """No task follows at once: what is printed from now on goes to the error stream. A second call does nothing."""
        ...

    def close(self) -> None:
        """No task follows at all: as ``pause``, and what was printed since the last one goes there, too."""
        ...


class NoCapture:
    """Collects nothing: prints go to the error stream at once."""

    def begin(self) -> None:
        """Do nothing."""

    def end(self) -> tuple[Lines, Lines]:
        """Send on what is in Python's buffers."""
        flush_python()
        return None, None

    def pass_on(self) -> None:
        """Do nothing."""

    def pause(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class FileCapture:
    """
    Collects through one unlinked file for each descriptor.

    The descriptors stay on their files from one task to the next, until ``pause``: to turn them to and fro takes longer
    than many a task.
    """

    def __init__(self, which: Which, errors: str) -> None:
        """
        Make the files. Call it when preparation is over: where descriptors 1 and 2 lead now, they lead between tasks.

        Args:
            which: "both", or "out" to let the error stream go on as it is.
            errors: What becomes of bytes that are no UTF-8.
        """
        self._errors = errors
        self._out = _Stream(1)
        self._err = None if which == "out" else _Stream(2)
        self._streams = [self._out] if self._err is None else [self._out, self._err]
        self._flush_c = _c_flush()
        self._collects = False
        self._looked_s = 0.0
        if self._err is not None and not faulthandler.is_enabled():
            # The last words of a crash must not go into a file that dies with the process.
            faulthandler.enable(self._err.between)

    def begin(self) -> None:
        """As ``Capture.begin``."""
        if not self._collects:
            self._flush()
            self._send_on()
            self._collects = True
            self._looked_s = time.monotonic()

    def end(self) -> tuple[Lines, Lines]:
        """As ``Capture.end``."""
        if self._nothing_happened():
            return None, None
        out, *rest = [self._lines(stream.take()) for stream in self._streams]
        return out, rest[0] if rest else None

    def pass_on(self) -> None:
        """As ``Capture.pass_on``."""
        if self._collects and not self._nothing_happened():
            self._send_on()

    def pause(self) -> None:
        """As ``Capture.pause``."""
        if self._collects:
            self._collects = False
            self._lead_away()
            # A thread may have printed since the last look, and nobody would look again until a task comes.
            if any(stream.holds_text() for stream in self._streams):
                self._send_on()
                self._lead_away()

    def close(self) -> None:
        """As ``Capture.close``."""
        self._send_on()
        self._collects = True
        self.pause()

    def _nothing_happened(self) -> bool:
        """Whether nothing was printed since the last look, and the descriptors lead to their files. In doubt, no."""
        try:  # What flush_python begins with: for the shortest tasks a further call counts.
            sys.stdout.flush()
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - closed, or an object of the user's
            flush_python()
        self._flush_c()
        before_s, self._looked_s = self._looked_s, time.monotonic()
        if self._looked_s - before_s >= SHORT_S:
            return False
        try:
            return os.lseek(1, 0, os.SEEK_END) == self._out.empty_bytes and (
                self._err is None or os.lseek(2, 0, os.SEEK_END) == self._err.empty_bytes
            )
        except OSError:  # It was closed, or leads to a pipe.
            return False

    def _lead_away(self) -> None:
        for stream in self._streams:
            os.dup2(stream.between, stream.descriptor)

    def _send_on(self) -> None:
        """To the error stream: nobody's lines."""
        for stream in self._streams:
            rest = memoryview(stream.take())
            with suppress(OSError):  # Perhaps nobody reads it.
                while rest:
                    rest = rest[os.write(stream.between, rest) :]

    def _lines(self, data: bytes) -> Lines:
        if not data:
            return None
        # Lines end at LF and nowhere else, as readlines() has it; str.splitlines() knows eleven other ends.
        return io.StringIO(data.decode("utf-8", self._errors), newline="\n").readlines()

    def _flush(self) -> None:
        flush_python()
        self._flush_c()


class _Stream:
    """
    One captured descriptor.

    Attributes:
        between: Leads where the descriptor led before.
        empty_bytes: Where the descriptor's file ends while it holds no text; -1 if that says nothing.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.between = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_PRIVATE)
        self._file = _unlinked_file()
        self.empty_bytes = -1
        self._hole = b""
        with suppress(OSError):  # The limit of the size of files may be lower.
            os.ftruncate(self._file, _HOLES_BYTES[descriptor])
            self.empty_bytes = _HOLES_BYTES[descriptor]
            self._hole = bytes(self.empty_bytes)

    def holds_text(self) -> bool:
        """Whether the file has more than its hole."""
        return os.lseek(self._file, 0, os.SEEK_END) != len(self._hole)

    def take(self) -> bytes:
        """Give the text, empty the file, and lead the descriptor to it: it may have been closed, or led elsewhere."""
        data = self._data()
        size = len(self._hole)
        text = data[size:]
        if not data.startswith(self._hole):
            # Somebody opened the file anew, cut it or wrote to its beginning, and may go on: no hole from now on.
            text = data if len(data) < size else data[:size].rstrip(b"\0") + text
            self.empty_bytes, self._hole = -1, b""
        if text:
            os.ftruncate(self._file, len(self._hole))
        os.dup2(self._file, self.descriptor)
        return text

    def _data(self) -> bytes:
        data = os.pread(self._file, _FEW_BYTES, 0)
        if len(data) < _FEW_BYTES:
            return data
        parts, size = [data], len(data)
        while part := os.pread(self._file, _MANY_BYTES, size):
            parts.append(part)
            size += len(part)
        return b"".join(parts)


def _unlinked_file() -> int:
    if sys.platform == "linux":
        file = os.memfd_create("spreadjobs-lines", os.MFD_CLOEXEC)
    else:  # pragma: no cover - macOS
        import tempfile  # noqa: PLC0415 - costs more than all of this file

        with tempfile.TemporaryFile(buffering=0) as opened:
            file = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, _FIRST_PRIVATE)
    # Several processes write to it, and it is cut to nothing under them.
    fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) | os.O_APPEND)
    return file


def _c_flush() -> Callable[[], object]:
    """Give what empties the buffer of C's ``stdout``; it does nothing where that cannot be had."""
    try:
        import ctypes  # noqa: PLC0415 - may be missing

        library = ctypes.CDLL(None)
        stdout = ctypes.c_void_p.in_dll(library, "__stdoutp" if sys.platform == "darwin" else "stdout")
        return functools.partial(library.fflush, stdout)
    except (ImportError, OSError, ValueError, AttributeError):
        return int
