"""File descriptors: three a worker, and the limit that the system sets."""

from __future__ import annotations

import errno
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

A_WORKER: Final = 3
"""Standard input, output and error of a worker."""
SPARE: Final = 64
"""What the master itself, the caller and the start of a process need beside them."""


class _Needs:
    """The workers of all Masters in this process, which share one limit and end in any order."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.workers = 0
        self.found = 0
        """The soft limit before the first of them raised it."""
        self.raised: int | None = None
        """What it was raised to, if it was."""

    def add(self, workers: int) -> None:
        needed = A_WORKER * (self.workers + workers) + SPARE
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and needed > soft:
            if hard != resource.RLIM_INFINITY and needed > hard:
                raise OSError(errno.EMFILE, self._too_many(workers, needed, hard))
            if self.raised is None:
                self.found = soft
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
            self.raised = needed
        self.workers += workers

    def _too_many(self, workers: int, needed: int, hard: int) -> str:
        most = max(0, (hard - SPARE) // A_WORKER - self.workers)
        others = f", beside {self.workers} workers of other Masters," if self.workers else ""
        return (
            f"{workers} workers{others} need about {needed} file descriptors, and the hard limit is {hard}: "
            f"start {most} at most, or raise it (ulimit -Hn, /etc/security/limits.conf, LimitNOFILE=)"
        )

    def remove(self, workers: int) -> None:
        self.workers -= workers
        if self.workers or self.raised is None:
            return
        raised, self.raised = self.raised, None
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == raised:  # Otherwise somebody else has set it meanwhile.
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.found, hard))


_needs: Final = _Needs()


@contextmanager
def enough_descriptors(workers: int) -> Iterator[None]:
    """
    Raise the soft limit of open files as far as so many workers need it, for the time of the block.

    Blocks may overlap in any order: the limit is as it was when the last one has ended.

    Raises:
        OSError: the hard limit is too low; the text says what to do.
    """
    with _needs.lock:
        _needs.add(workers)
    try:
        yield
    finally:
        with _needs.lock:
            _needs.remove(workers)
