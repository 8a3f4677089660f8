"""What every test may rely on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

# Who starts the tests in the background of a shell has them started with Ctrl-C and SIGQUIT ignored, and their
# processes likewise; a handler, even Python's own, is put back to the default in what is executed from here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
# The same with nohup; a handler that does nothing keeps the tests going when the terminal is closed.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)


def children() -> set[int]:
    """Processes that this one has started and not reaped."""
    task = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return {int(pid) for pid in task.read_text(encoding="ascii").split()}


@pytest.fixture
def nothing_is_left() -> Iterator[None]:
    """Whatever a test does, no process, thread or descriptor of the workers is left after it. [SHUT-10]"""
    before = (children(), threading.active_count(), len(list(Path("/proc/self/fd").iterdir())))
    yield
    assert (children(), threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))) == before
