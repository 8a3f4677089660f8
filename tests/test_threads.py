"""Threads of the library's own."""

from __future__ import annotations

import signal
import threading

import pytest

from spreadjobs.threads import start_deaf


def test_a_deaf_thread_takes_no_signal_from_its_first_instruction_on() -> None:
    """A signal that it took in the main thread's place would interrupt nothing. [SHUT-10]"""
    masks: list[set[int]] = []
    thread = threading.Thread(target=lambda: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())

    start_deaf(thread)
    thread.join()

    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    assert masks[0] >= {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def test_the_main_thread_hears_signals_again_where_no_thread_is_to_be_had() -> None:
    """A worker goes on without its watcher, and still has to end at TERM. [SHUT-10]"""
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())

    with pytest.raises(RuntimeError):
        start_deaf(thread)

    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
