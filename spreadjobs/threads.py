"""Threads of the library's own, on either side. Standard library only."""

from __future__ import annotations

import signal
import threading


def start_deaf(thread: threading.Thread) -> None:
    """
    Start a thread that never takes a signal: one that it took would not interrupt what the main thread waits for.

    It begins with all signals blocked. Were it to block them itself, one that comes before would be its own; on a busy
    machine that is a while after ``start()``.

    Args:
        thread: Not started yet.

    Raises:
        RuntimeError: No thread is to be had.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
