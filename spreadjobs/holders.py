"""Which processes hold a pipe open: its end does not come while a grandchild could still write to it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
MOST_NAMED: Final = 3
"""So many processes are named."""


def holders(fd: int, proc: Path = PROC) -> list[str]:
    """
    Other processes, as far as this user may see, that have a pipe open for writing.

    Args:
        fd: The reading end of the pipe.
        proc: Where the system lists processes and their descriptors; where it does not (macOS), none is found.

    Returns:
        Such as ``sleep (pid 4711)``, in the order of their ids; a few of them.
    """
    # Links are read and not followed: behind one there may be a file on a network that does not answer.
    pipe = _link(proc / "self" / "fd" / str(fd))
    if pipe is None:
        return []
    found: list[str] = []
    for pid in sorted(int(entry.name) for entry in _entries(proc) if entry.name.isdigit()):
        folder = proc / str(pid)
        if pid != os.getpid() and any(_writes(entry, pipe) for entry in _entries(folder / "fd")):
            found.append(f"{_name(folder)} (pid {pid})")
            if len(found) == MOST_NAMED:
                break
    return found


def _entries(folder: Path) -> list[Path]:
    """What is in a folder; nothing where it cannot be read: another user's process, or one that has just ended."""
    with suppress(OSError):
        return list(folder.iterdir())
    return []


def _link(entry: Path) -> str | None:
    with suppress(OSError):
        return str(entry.readlink())
    return None


def _writes(entry: Path, pipe: str) -> bool:
    with suppress(OSError):
        return _link(entry) == pipe and bool(entry.lstat().st_mode & stat.S_IWUSR)
    return False


def _name(folder: Path) -> str:
    with suppress(OSError):
        return (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
    return "a process"
