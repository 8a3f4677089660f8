"""
What a task prints becomes its lines: everything that is written to descriptors 1 and 2 while it runs, by Python, by C
code and by child processes. Standard library only: a worker imports this file.

Files are used, not pipes: writing to a file never waits for a reader, so neither a flood of output, nor C code that
prints while it holds the interpreter's lock, nor a process that outlives its task can block anything.
The price: a child that opens /dev/stdout anew with ``>`` cuts off what was written before, as it would in a log file.
"""

from __future__ import annotations

import faulthandler
import fcntl
import functools
import io
import os
import sys
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from spreadjobs.worker_pipes import flush_python

if TYPE_CHECKING:
    from collections.abc import Callable

Which: TypeAlias = Literal["both", "out", "none"]
Lines: TypeAlias = list[str] | None

_FIRST_PRIVATE: Final = 3


class Capture(Protocol):
    """Collects the lines of one task after the other."""

    def begin(self) -> None:
        """A task begins: collect from now on."""
        ...

    def end(self) -> tuple[Lines, Lines]:
        """It is over. Give the lines for out and err; None where there are none. Spec OUT-1, OUT-2."""
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
        self._streams = [_Stream(1)] if which == "out" else [_Stream(1), _Stream(2)]
        self._flush_c = _c_flush()
        self._collects = False
        if which == "both" and not faulthandler.is_enabled():
            # The last words of a crash must not go into a file that dies with the process.
            faulthandler.enable(self._streams[1].between)

    def begin(self) -> None:
        """As ``Capture.begin``."""
        # To decode a request or encode an answer may run code of its classes, which may print.
        self._flush()
        self._pass_on()
        self._collects = True
        for stream in self._streams:
            # Each time: the last task may have closed the descriptor, or led it elsewhere.
            os.dup2(stream.file, stream.descriptor)

    def end(self) -> tuple[Lines, Lines]:
        """As ``Capture.end``."""
        self._flush()
        for stream in self._streams:
            if os.lseek(stream.file, 0, os.SEEK_END):
                out, *rest = [self._lines(stream.take()) for stream in self._streams]
                return out, rest[0] if rest else None
        return None, None

    def pause(self) -> None:
        """As ``Capture.pause``."""
        if self._collects:
            self._collects = False
            for stream in self._streams:
                os.dup2(stream.between, stream.descriptor)

    def close(self) -> None:
        """As ``Capture.close``."""
        self.pause()
        self._pass_on()

    def _pass_on(self) -> None:
        """Send on what was written between two tasks: nobody's lines."""
        for stream in self._streams:
            if os.lseek(stream.file, 0, os.SEEK_END):
                stream.pass_on()

    def _lines(self, data: bytes) -> Lines:
        if not data:
            return None
        # Lines end at LF and nowhere else, as readlines() has it; str.splitlines() knows eleven other ends.
        return io.StringIO(data.decode("utf-8", self._errors), newline="\n").readlines()

    def _flush(self) -> None:
        flush_python()
        if self._flush_c is not None:
            self._flush_c()


class _Stream:
    """One captured descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.between = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_PRIVATE)
        self.file = _unlinked_file()

    def take(self) -> bytes:
        parts = []
        size = 0
        while part := os.pread(self.file, 1 << 24, size):
            parts.append(part)
            size += len(part)
        if size:
            os.ftruncate(self.file, 0)
        return b"".join(parts)

    def pass_on(self) -> None:
        rest = memoryview(self.take())
        try:
            while rest:
                rest = rest[os.write(self.between, rest) :]
        except OSError:
            return  # nobody reads it


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


def _c_flush() -> Callable[[], object] | None:
    """Give what empties the buffer of C's ``stdout``, or None where that cannot be had."""
    try:
        import ctypes  # noqa: PLC0415 - may be missing

        library = ctypes.CDLL(None)
        stdout = ctypes.c_void_p.in_dll(library, "__stdoutp" if sys.platform == "darwin" else "stdout")
        return functools.partial(library.fflush, stdout)
    except (ImportError, OSError, ValueError, AttributeError):
        return None
