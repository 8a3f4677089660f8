"""The file of a journal: one master at a time opens it, appends records (``journal_records``), synchronises."""

from __future__ import annotations

import fcntl
import mmap
import os
import signal
import socket
import stat
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from spreadjobs.errors import JournalError
from spreadjobs.journal_records import HEAD_BYTES, RECORD_BYTES, Piece, body_bytes, is_whole, pieces, record

MAGIC: Final = b"spreadjobs journal 1\n"
_MODE: Final = 0o666
_MOST_AT_ONCE_BYTES: Final = 4096
"""Of most records this is the whole."""


class JournalFile:
    """
    An open journal, which nobody else can open.

    Args:
        path: Made if there is none.
        sync_s: See ``Journal``.

    Raises:
        JournalError: it is in use, or cannot be opened; nothing was changed.

    Attributes:
        damaged: What was found damaged when it was loaded.
        head_was_damaged: Whether its head was: it is written anew then.
    """

    def __init__(self, path: Path, sync_s: float | None) -> None:
        self.path = path
        self.damaged: list[Piece] = []
        self.head_was_damaged = False
        self._sync_s = sync_s
        self._syncer: _Syncer | None = None
        self._fd = _open(path)
        try:
            self._lock()
            self._end = os.fstat(self._fd).st_size
        except BaseException:
            os.close(self._fd)
            raise

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError(
                f"the journal {self.path} is in use{_owner(self._fd)}: one master at a time may have it; "
                "wait for that one, or give this run a journal of its own"
            ) from None
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} cannot be locked: {error}; put it on a file system that has locks"
            ) from error

    # --- reading

    def load(self, note: Callable[[int, bytes], object], prefix_bytes: int) -> None:
        """
        Read it, once, before anything is written.

        Args:
            note: Called with the place of each body, and with its first bytes.
            prefix_bytes: So many of them.

        Raises:
            JournalError: the file is no journal, and was not changed; or it cannot be read or written.
        """
        try:
            if self._end:
                with mmap.mmap(self._fd, self._end, access=mmap.ACCESS_READ) as data:
                    self._look(data, note, prefix_bytes)
            self._begin()
        except OSError as error:
            raise JournalError(f"the journal {self.path} cannot be opened: {error}") from error

    def _look(self, data: mmap.mmap, note: Callable[[int, bytes], object], prefix_bytes: int) -> None:
        begins = data[: len(MAGIC)]
        foreign = begins != MAGIC[: len(data)]
        self.head_was_damaged = foreign or len(data) < HEAD_BYTES
        for piece in pieces(data):
            if piece.whole:
                foreign = False
                note(piece.start, data[piece.start : min(piece.start + prefix_bytes, piece.end)])
            else:
                self.damaged.append(piece)
        if foreign and begins.strip(b"\0"):
            raise JournalError(
                f"{self.path} is no journal, it begins with {begins!r}: name another file; this one was not changed"
            )

    def _begin(self) -> None:
        """Write the head, and cut off what was never finished."""
        if self.damaged and self.damaged[-1].end == self._end:
            # Nothing whole stands behind it: a record that was being written, or blocks that never were.
            self._end = self.damaged[-1].start
            os.ftruncate(self._fd, self._end)
        _write(self._fd, _head(), 0)
        is_new = self._end < HEAD_BYTES
        self._end = max(self._end, HEAD_BYTES)
        if self._sync_s is not None:
            os.fsync(self._fd)
            if is_new:
                _sync_folder(self.path)

    def read(self, start: int) -> bytes | None:
        """Give the body that begins there; None if it is damaged by now."""
        place = start - RECORD_BYTES
        with suppress(OSError):
            data = os.pread(self._fd, _MOST_AT_ONCE_BYTES, place)
            size_bytes = RECORD_BYTES + body_bytes(data)
            if len(data) < size_bytes <= self._end - place:
                data += os.pread(self._fd, size_bytes - len(data), place + len(data))
            if is_whole(place, data) is not None:
                return data[RECORD_BYTES:size_bytes]
        return None

    # --- writing

    def append(self, bodies: Sequence[bytes]) -> list[int]:
        """
        Write records: when it returns, they outlast this process, however that ends.

        Returns:
            Where each body begins.

        Raises:
            JournalError: they cannot be written, or what was written before could not be synchronised.
        """
        places: list[int] = []
        written: list[bytes] = []
        end = self._end
        for body in bodies:
            written += [record(end, body), body]
            places.append(end + RECORD_BYTES)
            end += RECORD_BYTES + len(body)
        try:
            _write(self._fd, b"".join(written), self._end)
            self._end = end
            self._see_to_sync()
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} cannot be written: {error}; what it has is not lost: "
                "the next run with it does what is missing"
            ) from error
        return places

    def _see_to_sync(self) -> None:
        if self._sync_s is None:
            return
        if not self._sync_s:
            _sync(self._fd)
            return
        if self._syncer is None:
            self._syncer = _Syncer(self._fd, self._sync_s)
        self._syncer.note()

    def close(self) -> None:
        """
        Synchronise it and let go of it. A second call does nothing.

        Raises:
            JournalError: it cannot be synchronised.
        """
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        try:
            if self._syncer is not None:
                self._syncer.stop()
        except OSError as error:
            raise JournalError(f"the journal {self.path} cannot be synchronised: {error}") from error
        finally:
            os.close(fd)

    def forget(self) -> None:
        """Let go of it in a forked child: the lock is the parent's, and must not outlast that."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class _Syncer:
    """A thread that synchronises a file within some time of each note, and sleeps otherwise."""

    def __init__(self, fd: int, within_s: float) -> None:
        self._fd = fd
        self._within_s = within_s
        self._noted = threading.Event()
        self._stopped = threading.Event()
        self._failed: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="spreadjobs-journal", daemon=True)
        self._thread.start()

    def note(self) -> None:
        """
        Take notice that something was written.

        Raises:
            OSError: What was written before could not be synchronised.
        """
        if self._failed is not None:
            raise self._failed
        self._noted.set()

    def stop(self) -> None:
        """
        Synchronise what was written, and end the thread.

        Raises:
            OSError: It could not be synchronised.
        """
        self._stopped.set()
        self._noted.set()
        self._thread.join()
        self.note()

    def _run(self) -> None:
        # Signals are the main thread's: one that this thread took would not interrupt what the main thread waits for.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            while not self._stopped.is_set():
                self._noted.wait()
                self._stopped.wait(self._within_s)  # What is written meanwhile goes with it.
                self._noted.clear()
                _sync(self._fd)
        except OSError as error:
            self._failed = error


def _open(path: Path) -> int:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be opened: {error}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise JournalError(f"the journal {path} is no ordinary file: name one, or a new one")
    return fd


def _head() -> bytes:
    """Whose it is now, for who finds it in use."""
    text = MAGIC + f"opened by process {os.getpid()} on {socket.gethostname()}".encode()[: HEAD_BYTES - len(MAGIC) - 1]
    return text.ljust(HEAD_BYTES - 1) + b"\n"


def _owner(fd: int) -> str:
    lines = os.pread(fd, HEAD_BYTES, 0).decode("utf-8", "replace").splitlines()
    return f", {lines[1].strip()}" if len(lines) > 1 and lines[1].startswith("opened by process") else ""


def _write(fd: int, data: bytes, place: int) -> None:
    with memoryview(data) as view:
        done = 0
        while done < len(data):
            done += os.pwrite(fd, view[done:], place + done)


_sync: Final[Callable[[int], None]] = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


def _sync_folder(path: Path) -> None:
    """A new file is only found after the machine's end if its folder was synchronised, too."""
    with suppress(OSError):  # Some file systems cannot.
        fd = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
