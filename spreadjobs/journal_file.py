"""The file of a journal: one master at a time opens it, appends records (``journal_records``), synchronises."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from spreadjobs.errors import JournalError
from spreadjobs.journal_records import (
    BLOCK_BYTES,
    HEAD_BYTES,
    RECORD_BYTES,
    Content,
    Piece,
    body_bytes,
    is_whole,
    pieces,
    record,
)
from spreadjobs.threads import start_deaf

MAGIC: Final = b"spreadjobs journal 1\n"
_MODE: Final = 0o666
_PAGE_BYTES: Final = 4096
"""Most records have no more, and no less than this cannot be read at a place where a disk is broken."""


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
        self.path = path.absolute()  # The master may go to another folder.
        self.damaged: list[Piece] = []
        self.head_was_damaged = False
        self._sync_s = sync_s
        self._syncer: _Syncer | None = None
        self._is_lost = False
        self._fd = _open(path)
        try:
            self._end = self._lock()
        except BaseException:
            os.close(self._fd)
            raise

    def _lock(self) -> int:
        """Have it for this master alone; returns how long it is."""
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
        size = os.fstat(self._fd).st_size
        with suppress(OSError):  # Where it cannot be read or written that is said when it is loaded.
            if os.pread(self._fd, len(MAGIC), 0) == MAGIC:
                _write(self._fd, _head(), 0)  # At once: who is refused is told whose it is.
        return size

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
                self._look(Content(self._end, self._read_block), note, prefix_bytes)
            self._begin()
        except OSError as error:
            raise JournalError(f"the journal {self.path} cannot be opened: {error}") from error

    def _look(self, content: Content, note: Callable[[int, bytes], object], prefix_bytes: int) -> None:
        begins = content.get(0, len(MAGIC))
        self.head_was_damaged = begins != MAGIC[: len(begins)] or content.size_bytes < HEAD_BYTES
        foreign = begins != MAGIC[: len(begins)]
        for piece in pieces(content):
            if piece.whole:
                foreign = False
                note(piece.start, content.get(piece.start, min(prefix_bytes, piece.size_bytes)))
            else:
                self.damaged.append(piece)
        if foreign and not _is_empty(content):
            raise JournalError(
                f"{self.path} is no journal, it begins with {begins!r}: name another file; this one was not changed"
            )

    def _read_block(self, start: int, size_bytes: int) -> bytes:
        """Read a part of the file; where that cannot be read there are zeros."""
        with suppress(OSError):
            return os.pread(self._fd, size_bytes, start).ljust(size_bytes, b"\0")
        end = start + size_bytes
        middle = max(start // _PAGE_BYTES + 1, (start + end) // 2 // _PAGE_BYTES) * _PAGE_BYTES
        if middle >= end:
            return bytes(size_bytes)  # It is of one page.
        return self._read_block(start, middle - start) + self._read_block(middle, end - middle)

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
            data = os.pread(self._fd, _PAGE_BYTES, place)
            size_bytes = body_bytes(place, data)
            if size_bytes is None:
                return None
            end = RECORD_BYTES + size_bytes
            if len(data) < end:
                data += os.pread(self._fd, end - len(data), place + len(data))
            body = data[RECORD_BYTES:end]
            return body if is_whole(data, body) else None
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

    @property
    def is_lost(self) -> bool:
        """Whether it was seen to be removed or replaced while it was open: who opens it next has another one."""
        return self._is_lost or (self._syncer is not None and self._syncer.is_lost)

    def _see_to_sync(self) -> None:
        if self._sync_s is None:
            return
        if not self._sync_s:
            _sync(self._fd)
            return
        if self._syncer is None:
            self._syncer = _Syncer(self._fd, self.path, self._sync_s)
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
            self._is_lost = not _is_there(fd, self.path)
            if self._syncer is not None:
                self._syncer.stop()
        except OSError as error:
            raise JournalError(f"the journal {self.path} cannot be synchronised: {error}") from error
        finally:
            os.close(fd)

    def forget(self) -> None:  # pragma: no cover - a child that ends by _exit() loses what was measured
        """Let go of it in a forked child: the lock is the parent's, and must not outlast that."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
        if self._syncer is not None:
            self._syncer.forget()


class _Syncer:
    """A thread that synchronises a file within some time of each note, and sleeps otherwise."""

    def __init__(self, fd: int, path: Path, within_s: float) -> None:
        # Its own: who is interrupted while this thread is waited for closes the other one.
        self._fd = os.dup(fd)
        self._path = path
        self._within_s = within_s
        self._changed = threading.Condition()
        self._written = self._stopped = self.is_lost = False
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="spreadjobs-journal", daemon=True)
        try:
            start_deaf(self._thread)
        except BaseException:
            os.close(self._fd)
            raise

    def note(self) -> None:
        """
        Take notice that something was written.

        Raises:
            OSError: What was written before could not be synchronised.
        """
        self._check()
        if not self._written:
            with self._changed:
                self._written = True
                self._changed.notify()

    def stop(self) -> None:
        """
        Synchronise what was written, and end the thread.

        Raises:
            OSError: It could not be synchronised.
        """
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()
        self._check()

    def forget(self) -> None:  # pragma: no cover - likewise
        """Let go of the file in a forked child, where there is no such thread."""
        os.close(self._fd)

    def _check(self) -> None:
        if self._failed is not None:
            raise self._failed

    def _run(self) -> None:
        try:
            while self._is_due():
                _sync(self._fd)
                self.is_lost = self.is_lost or not _is_there(self._fd, self._path)
        except BaseException as error:  # noqa: BLE001 - whoever writes next is told
            self._failed = error
        finally:
            os.close(self._fd)

    def _is_due(self) -> bool:
        """Wait until something is to be synchronised; False if nothing is to be, any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._written or self._stopped)
            self._changed.wait_for(lambda: self._stopped, self._within_s)  # What is written meanwhile goes with it.
            due, self._written = self._written, False
            return due


def _is_there(fd: int, path: Path) -> bool:
    """Whether who opens the path next opens this file."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(fd), os.stat(path))  # noqa: PTH116 - beside its twin
    return False


def _is_empty(content: Content) -> bool:
    """Whether there is nothing in it, as in a file whose blocks were never written."""
    return all(
        not content.get(start, min(BLOCK_BYTES, content.size_bytes - start)).strip(b"\0")
        for start in range(0, content.size_bytes, BLOCK_BYTES)
    )


def _open(path: Path) -> int:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    except (OSError, ValueError) as error:
        raise JournalError(
            f"the journal {path} cannot be opened: {error}; name a file in a folder that is there and may be written to"
        ) from error
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
