"""What the caller says about a journal. ``docs/durability.md`` says what one promises, and what it does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs

RECALLED: Final = "journal"
"""Stands for the worker's name in the outcome of a task whose answer was in the journal."""
MOST_SYNC_S: Final = 86_400.0


def _path(value: object) -> Path:
    if isinstance(value, str | os.PathLike):
        return Path(value)
    raise TypeError(f"the path of a journal is of type {type(value).__name__}: a str or a path is due")


@attrs.frozen
class Journal:
    """
    Where finished answers are kept, so that a run that was killed goes on where it was.

    Args:
        path: The file; made if there is none. On a local disk, or on a file system with locks.
        version: Of whatever decides the answers besides the payload: the worker's program, its data. Another one, and
            no answer that was kept under this one is used.
        key: Gives plain data that stands for a payload: due where payloads are of your own classes.
        preparation: Plain data that stands for the preparation items; None: these themselves.
        sync_s: An answer outlasts the machine's end after so many seconds (the master's end at once); 0: before it is
            given to the caller; None: when the system likes.

    Raises:
        TypeError, ValueError: a field is not what is due; the text names it.
    """

    path: Path = attrs.field(converter=_path)
    version: str = attrs.field(default="", kw_only=True)
    key: Callable[[object], object] | None = attrs.field(default=None, kw_only=True)
    preparation: object = attrs.field(default=None, kw_only=True)
    sync_s: float | None = attrs.field(default=1.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the fields."""
        if not isinstance(self.version, str):
            raise TypeError(f"version={self.version!r}: a str is due")
        if self.key is not None and not callable(self.key):
            raise TypeError(f"key={self.key!r}: a function of a payload is due")
        sync_s: object = self.sync_s
        if sync_s is not None and (not isinstance(sync_s, int | float) or not 0 <= sync_s <= MOST_SYNC_S):
            raise ValueError(f"sync_s={sync_s!r}: seconds are due, from 0 to {MOST_SYNC_S:.0f}, or None")


def as_journal(value: Journal | str | os.PathLike[str] | None) -> Journal | None:
    """
    Take what the caller gave.

    Raises:
        TypeError: it is no path and no journal.
    """
    return value if value is None or isinstance(value, Journal) else Journal(value)
