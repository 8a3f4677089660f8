"""Tests of ``spreadjobs_conform.patience``."""

from __future__ import annotations

import pytest
from spreadjobs_conform.patience import CONTROL_FACTOR, HANGS_BEFORE_CUT, LETTING_GO_S, Patience, Wait


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now_s


def test_limits_grow_with_the_payload_and_the_scale() -> None:
    """A wait has 5 s, 2 s a MiB more, and the measured start before the first answer, all scaled."""
    patience = Patience(2.0, Clock())
    patience.start_s = 0.5

    assert patience.limit_s(Wait.RESPONSE) == 10.0
    assert patience.limit_s(Wait.RESPONSE, mebibytes=16) == 74.0
    assert patience.limit_s(Wait.RESPONSE, first=True) == 11.0
    assert patience.case_limit_s() == 90.0


def test_three_hangs_of_one_class_cut_the_waits_of_that_class() -> None:
    """After three hangs the remaining waits are half a second, those of other classes as before."""
    patience = Patience(1.0, Clock())
    for _ in range(2):
        patience.hang(Wait.RESPONSE)
    assert patience.limit_s(Wait.RESPONSE) == 5.0
    assert patience.cut() == ""

    patience.hang(Wait.RESPONSE)

    assert patience.limit_s(Wait.RESPONSE) == 0.5
    assert patience.limit_s(Wait.EXIT) == 5.0
    assert "a response" in patience.cut()


def test_waits_that_are_cut_still_leave_time_for_what_is_sent() -> None:
    """A mebibyte takes a busy machine longer than half a second; most of what is more is not waited for."""
    patience = Patience(1.0, Clock())
    for _ in range(3):
        patience.hang(Wait.RESPONSE)

    limits = [patience.limit_s(Wait.RESPONSE, mebibytes=mebibytes) for mebibytes in (0.5, 1.0, 16.0)]

    assert limits == pytest.approx([1.1, 1.7, 4.7])


@pytest.mark.parametrize(("start_s", "late_s"), [(None, 26.0), (0.1, 41.0)])
def test_late_run_with_a_hang_cuts_waits(start_s: float | None, late_s: float) -> None:
    """A run that met a hang and goes on for long ends within 60 s; a wait that met none leaves the time for a start."""
    clock = Clock()
    patience = Patience(1.0, clock)
    patience.start_s = start_s
    clock.now_s += late_s
    assert patience.limit_s(Wait.EXIT) == 5.0

    patience.hang(Wait.RESPONSE)

    assert patience.limit_s(Wait.RESPONSE) == pytest.approx(0.1)
    assert patience.limit_s(Wait.EXIT) == 0.5
    patience.hang(Wait.EXIT)
    assert patience.limit_s(Wait.EXIT) == 0.1


def test_quiet_time_is_three_starts() -> None:
    """Output in preparation is looked for during three times the measured start. [PREP-3]"""
    patience = Patience(1.0, Clock())
    assert patience.quiet_s() == pytest.approx(0.6)
    patience.start_s = 0.5
    assert patience.quiet_s() == 1.5
    patience.start_s = 1000.0
    assert patience.quiet_s() == 30.0


def test_limits_follow_the_slowest_control() -> None:
    """A machine on which the control takes long gets longer limits, within bounds, until that is forgotten."""
    clock = Clock()
    patience = Patience(1.0, clock)
    assert patience.limit_s(Wait.RESPONSE) == 5.0

    took(patience, clock, 0.01)
    assert patience.limit_s(Wait.RESPONSE) == 5.0
    assert patience.cut() == ""

    took(patience, clock, 0.2)
    assert patience.limit_s(Wait.RESPONSE) == pytest.approx(CONTROL_FACTOR * 0.2)
    assert patience.limit_s(Wait.EXIT, mebibytes=1) == pytest.approx(CONTROL_FACTOR * 0.2 * 1.4)
    assert "up to 2.0 times longer" in patience.cut()

    for _ in range(5):
        took(patience, clock, 0.01)
    assert patience.limit_s(Wait.RESPONSE) == 5.0
    assert "up to 2.0 times longer" in patience.cut()


def took(patience: Patience, clock: Clock, seconds: float) -> None:
    """Lets a control take so long."""
    patience.control_began()
    clock.now_s += seconds
    patience.control_ended()


def test_control_under_way_counts_already() -> None:
    """Limits grow while a control does not come to its end, up to the time that SHUT-3 gives a worker for its exit."""
    clock = Clock()
    patience = Patience(1.0, clock)
    patience.control_began()
    clock.now_s += 0.3
    assert patience.limit_s(Wait.RESPONSE) == pytest.approx(CONTROL_FACTOR * 0.3)

    clock.now_s += 1000.0
    assert patience.limit_s(Wait.RESPONSE) == 30.0

    patience.control_failed()
    assert patience.limit_s(Wait.RESPONSE) == 5.0


def test_letting_go_of_the_output_has_a_short_limit() -> None:
    """Whoever holds an output after the exit has a second, more on a slow machine, and no less after hangs."""
    clock = Clock()
    patience = Patience(1.0, clock)
    for _ in range(HANGS_BEFORE_CUT):
        patience.hang(Wait.RELEASE)
    assert patience.limit_s(Wait.LETTING_GO) == LETTING_GO_S

    patience.control_began()
    clock.now_s += 0.6
    patience.control_ended()
    assert patience.limit_s(Wait.LETTING_GO) == pytest.approx(2 * LETTING_GO_S)


def test_waits_that_were_cut_short_are_known() -> None:
    """A hang after less than a whole limit, scaled as the limits are, says less of a worker."""
    patience = Patience(2.0, Clock())

    assert patience.hang(Wait.RESPONSE, 9.5)
    assert not patience.hang(Wait.RESPONSE, 10.0)
    assert not patience.hang(Wait.RESPONSE)
