"""Ctrl-C between two steps that belong together."""

from __future__ import annotations

import signal
import threading

import pytest

from spreadjobs.interrupts import deferred_interrupt


def test_an_interrupt_waits_until_the_end_of_the_block() -> None:
    """Then it is raised, and Python's own handler is back. [SHUT-10]"""
    steps: list[int] = []

    def work() -> None:
        with deferred_interrupt():
            signal.raise_signal(signal.SIGINT)
            steps.append(1)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_an_interrupt_nothing_happens() -> None:
    """The handler is put back. [SHUT-10]"""
    with deferred_interrupt():
        pass

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_callers_own_is_left_alone() -> None:
    """No signal handler is installed over it. [SHUT-10]"""
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        with deferred_interrupt():
            signal.raise_signal(signal.SIGINT)
            assert came == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_there_is_nothing_to_defer() -> None:
    """Python raises KeyboardInterrupt in the main thread alone. [SHUT-10]"""
    done: list[bool] = []

    def work() -> None:
        with deferred_interrupt():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert done == [True]
