"""File descriptors: three a worker, and the limit that the system sets."""

from __future__ import annotations

import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

A_WORKER: Final = 3
"""Standard input, output and error of a worker."""
SPARE: Final = 64
"""What the master itself, the caller and the start of a process need beside them."""


@contextmanager
def enough_descriptors(workers: int) -> Iterator[None]:
    """
    Raise the soft limit of open files as far as so many workers need it, for the time of the block.

    Raises:
        OSError: the hard limit is too low; the text says what to do.
    """
    needed = A_WORKER * workers + SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or needed <= soft:
        yield
        return
    if hard != resource.RLIM_INFINITY and needed > hard:
        most = max(0, (hard - SPARE) // A_WORKER)
        raise OSError(
            errno.EMFILE,
            f"{workers} workers need about {needed} file descriptors, and the hard limit is {hard}: "
            f"start {most} at most, or raise it (ulimit -Hn, /etc/security/limits.conf, LimitNOFILE=)",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
