"""Tests of ``spreadjobs_conform.control``."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from spreadjobs_conform import control
from spreadjobs_conform.control import PROGRAM, Controls
from spreadjobs_conform.patience import Patience

SLEEPS = "import time\ntime.sleep(100)"
LIMIT_S = 20.0


class Notes(Patience):
    """Patience that tells when a control has ended or failed."""

    def __init__(self) -> None:
        super().__init__(1.0, time.monotonic)
        self.began, self.ended, self.failed = threading.Event(), threading.Event(), threading.Event()

    def control_began(self) -> None:
        """As it says."""
        super().control_began()
        self.began.set()

    def control_ended(self) -> None:
        """As it says."""
        super().control_ended()
        self.ended.set()

    def control_failed(self) -> None:
        """As it says."""
        super().control_failed()
        self.failed.set()


def children() -> set[str]:
    """The children of this process, as far as /proc tells."""
    return {pid for task in Path("/proc/self/task").glob("*/children") for pid in task.read_text().split()}


def test_control_is_timed() -> None:
    """The control worker serves its conversation, and how long it took is known."""
    patience = Notes()

    with Controls(patience):
        assert patience.ended.wait(LIMIT_S)

    assert not patience.failed.is_set()
    assert patience.slowness() >= 1.0


def test_control_that_answers_wrong_is_no_measure() -> None:
    """A control that went wrong for a reason of its own leaves the limits as they are."""
    patience = Notes()

    with Controls(patience, PROGRAM.replace('payload["value"]', '"nonsense"')):
        assert patience.failed.wait(LIMIT_S)

    assert not patience.ended.is_set()
    assert patience.slowness() == 1.0


def test_control_that_hangs_is_ended_and_counts_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which not even the control comes to an end counts as slow as it was seen to be."""
    monkeypatch.setattr(control, "CONTROL_LIMIT_S", 0.5)
    patience = Notes()

    with Controls(patience, SLEEPS):
        assert patience.ended.wait(LIMIT_S)

    assert patience.slowness() > 1.0


def test_control_under_way_is_ended_with_the_run() -> None:
    """The end of a run does not wait for its control, and leaves no process."""
    before = children()
    patience = Notes()
    began_s = time.monotonic()

    with Controls(patience, SLEEPS):
        assert patience.began.wait(LIMIT_S)

    assert time.monotonic() - began_s < LIMIT_S / 2
    assert not patience.ended.is_set()
    assert children() <= before, os.getpid()
