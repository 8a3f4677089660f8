"""How long a worker is left alone is arithmetic without clocks and chance."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadjobs.backoff import (
    HIGHEST_FACTOR,
    LOWEST_FACTOR,
    START_USEFULNESS,
    Happening,
    Refusal,
    busy_delay_s,
    delay_sanitize,
    next_usefulness,
    restart_delay_s,
)

usefulness = st.floats(0.0, 1.0)


def refusal(
    *, asked_s: float = 1.0, took_s: float = 0.0, queued: int = 9, all_usefulness: float = 1.0, usefulness: float = 1.0
) -> Refusal:
    """A refusal by a fully useful worker with much to do, but for what the test is about."""
    return Refusal(asked_s=asked_s, took_s=took_s, queued=queued, all_usefulness=all_usefulness, usefulness=usefulness)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_wish_becomes_a_sensible_delay(wish: float) -> None:
    """Whatever number a worker asks for, the result is 0.01 to 1000 seconds. [BUSY-3]"""
    assert 0.01 <= delay_sanitize(wish) <= 1000.0


def test_sensible_wish_is_kept() -> None:
    """A delay within the bounds is taken as it is; NaN is the longest. [BUSY-3]"""
    assert [delay_sanitize(x) for x in (0.5, "3.5", True, math.nan)] == [0.5, 3.5, 1.0, 1000.0]


@given(
    asked=st.floats(0, 1e9),
    took=st.floats(0, 1e6),
    queued=st.integers(0, 10**6),
    own=usefulness,
    others=st.floats(0, 1e4),
    factor=st.floats(LOWEST_FACTOR, HIGHEST_FACTOR),
)
def test_delay_is_always_finite_and_above_zero(  # noqa: PLR0913 - one argument a term of the formula
    asked: float, took: float, queued: int, own: float, others: float, factor: float
) -> None:
    """No refusal makes a worker come back at once for ever, or never. [BUSY-3]"""
    delay_s = busy_delay_s(
        refusal(asked_s=asked, took_s=took, queued=queued, all_usefulness=own + others + 0.01, usefulness=own),
        factor=factor,
    )

    assert 0.0 < delay_s < math.inf


def test_delay_grows_with_what_was_asked() -> None:
    """A worker that asks for more rest gets more. [BUSY-3]"""
    delays = [busy_delay_s(refusal(asked_s=asked), factor=1.0) for asked in (0, 1, 10, 100)]

    assert delays == sorted(set(delays))


def test_slow_refusal_lengthens_the_delay() -> None:
    """The square root of ten times the time it took comes on top. [BUSY-3]"""
    assert busy_delay_s(refusal(took_s=10.0), factor=1.0) == 11.0


def test_useless_worker_rests_longer_and_a_short_queue_lets_all_come_back_soon() -> None:
    """The lesser of e**(1-u) and the tasks a useful worker decides, but a tenth at least. [BUSY-3]"""
    assert busy_delay_s(refusal(usefulness=0.0), factor=1.0) == math.e
    assert busy_delay_s(refusal(usefulness=0.0, queued=0, all_usefulness=2.0), factor=1.0) == 0.5
    assert busy_delay_s(refusal(queued=0, all_usefulness=1000.0), factor=1.0) == 0.1


@given(usefulness, st.sampled_from(["answered", "refused", "running", "ended"]))
def test_usefulness_stays_between_0_and_1(before: float, happening: Happening) -> None:
    """Usefulness is a share, whatever happens."""
    assert 0.0 <= next_usefulness(before, happening) <= 1.0


def test_usefulness_follows_what_happens() -> None:
    """Answers keep it up, refusals lower it, an end makes it nothing, to be running changes nothing."""
    refused = next_usefulness(START_USEFULNESS, "refused")

    assert next_usefulness(START_USEFULNESS, "answered") == START_USEFULNESS
    assert refused < next_usefulness(refused, "answered") < START_USEFULNESS
    assert next_usefulness(refused, "running") == refused
    assert next_usefulness(refused, "ended") == 0.0


def test_restart_delay_doubles_to_five_seconds() -> None:
    """0.05 s, doubled for every end in a row, 5 s at most."""
    assert restart_delay_s(2, factor=0.8) == pytest.approx(0.08)
    delays = [restart_delay_s(ends) for ends in (1, 2, 3, 7, 8, 9, 10**6)]

    assert delays == [0.05, 0.1, 0.2, 3.2, 5.0, 5.0, 5.0]


@pytest.mark.parametrize("ends", [0, -1])
def test_restart_needs_an_end(ends: int) -> None:
    """A worker that has not ended is not restarted."""
    with pytest.raises(ValueError, match=f"ends_in_a_row={ends}: 1 or more is due"):
        restart_delay_s(ends)
