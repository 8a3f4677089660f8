"""Ctrl-C between two steps that belong together."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from spreadjobs.interrupts import Terminated, deferred_interrupt, orderly_signals


@pytest.fixture(autouse=True)
def _default_handlers() -> Iterator[None]:
    """Whatever the tests were started under, nohup for one."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_program_of_ours_ends_by_other_signals_as_by_ctrl_c(number: signal.Signals) -> None:
    """They raise a KeyboardInterrupt that knows its signal; afterwards they end the process again. [SHUT-10]"""
    with pytest.raises(KeyboardInterrupt) as caught, orderly_signals():
        signal.raise_signal(number)

    assert isinstance(caught.value, Terminated)
    assert (caught.value.number, str(caught.value)) == (number, number.name)
    assert signal.getsignal(number) is signal.SIG_DFL


def test_other_signals_wait_until_the_end_of_the_block_too() -> None:
    """The first that came is raised. [SHUT-10]"""
    steps: list[int] = []

    def work() -> None:
        with orderly_signals(), deferred_interrupt():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            steps.append(1)

    with pytest.raises(Terminated):
        work()
    assert steps == [1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("change", [1, 2, 3, 4, 5, 6])
def test_a_signal_between_two_changes_of_handlers_leaves_none_behind(number: signal.Signals, change: int) -> None:
    """Whenever it comes, it is raised, and all three handlers are as before. [SHUT-10]"""
    changes = 0

    def send(_frame: FrameType, event: str, called: object) -> None:
        nonlocal changes
        if event == "c_return" and getattr(called, "__qualname__", "") == "signal":
            changes += 1
            if changes == change:
                signal.raise_signal(number)

    with orderly_signals():
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = [signal.getsignal(each) for each in numbers]
        sys.setprofile(send)
        try:
            with pytest.raises(KeyboardInterrupt), deferred_interrupt():
                pass
        finally:
            sys.setprofile(None)
        assert changes >= change
        assert [signal.getsignal(each) for each in numbers] == before


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As nohup has it. [SHUT-10]"""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with orderly_signals():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_in_another_thread_no_handler_is_installed() -> None:
    """Python allows it in the main thread alone. [SHUT-10]"""
    seen: list[object] = []

    def work() -> None:
        with orderly_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert seen == [signal.SIG_DFL]
