"""Ctrl-C, and what ends a program of ours alike, between two steps that belong together, as a start and its entry."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final


class Terminated(KeyboardInterrupt):
    """
    SIGTERM or SIGHUP came. Raised only under ``orderly_signals``.

    Args:
        number: The signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def _raise_terminated(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)


_RAISING: Final = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: _raise_terminated,
    signal.SIGHUP: _raise_terminated,
}
"""The handlers that raise, by their signals."""


@contextmanager
def orderly_signals() -> Iterator[None]:
    """
    Let SIGTERM and SIGHUP end the block as Ctrl-C does: for a program of ours. A library installs no handlers.

    Only in the main thread, and only where a signal would have ended the process; afterwards it would again.
    """
    ours = [signal.SIGTERM, signal.SIGHUP] if threading.current_thread() is threading.main_thread() else []
    ours = [number for number in ours if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in ours:
            signal.signal(number, _raise_terminated)
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def deferred_interrupt() -> Iterator[None]:
    """
    Let KeyboardInterrupt wait until the end of the block.

    Only where Python raises it at all: in the main thread, under Python's own handler of SIGINT or those of
    ``orderly_signals``, which are put back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    raising = {number: handler for number, handler in _RAISING.items() if signal.getsignal(number) is handler}
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    try:
        for number in raising:
            signal.signal(number, note)
        yield
    finally:
        while raising:  # One that is back raises if its signal comes now; the others must be put back all the same.
            try:
                for number, handler in raising.items():
                    signal.signal(number, handler)
                break
            except KeyboardInterrupt as interrupt:
                came.append(interrupt.number if isinstance(interrupt, Terminated) else signal.SIGINT)
        for first in came:
            _RAISING[signal.Signals(first)](first, None)
