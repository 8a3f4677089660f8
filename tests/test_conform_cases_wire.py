"""Where the kit cuts requests, and what it finds out about a worker that does not answer."""

from __future__ import annotations

import pytest
from kit_scripts import ECHO, RIGHT, talking_to
from spreadjobs_conform.cases_wire import MOST_CUTS, _places, answers_without_more_input
from spreadjobs_conform.findings import Hang, NotTestable


def test_small_requests_are_cut_everywhere() -> None:
    """Each byte but the first may be the first of the second piece. [WIRE-2]"""
    assert list(_places(5)) == [1, 2, 3, 4]
    assert list(_places(MOST_CUTS)) == list(range(1, MOST_CUTS))


def test_large_requests_are_cut_near_both_ends() -> None:
    """A manifest's sample of a megabyte does not make a million requests. [WIRE-2]"""
    places = _places(10**6)

    assert len(places) == MOST_CUTS
    assert [places[0], places[MOST_CUTS // 2 - 1]] == [1, MOST_CUTS // 2]
    assert [places[MOST_CUTS // 2], places[-1]] == [10**6 - MOST_CUTS // 2, 10**6 - 1]


LATE = "response = pickle.dumps(((i, p['value']), None, None), 4)"


@pytest.mark.parametrize(
    ("code", "requirement", "helped"),
    [
        (
            f"for i, p in requests(): {LATE}; read.peek(1); write.write(response); write.flush()",
            "WIRE-7",
            "one more byte",
        ),
        (f"for i, p in requests(): {LATE}; write.write(response)", "WIRE-3", "standard input was closed"),
        ("for i, p in requests(): time.sleep(100)", "WIRE-3", "within"),
    ],
    ids=["reads-on", "does-not-flush", "hangs"],
)
def test_what_a_late_worker_waits_for_is_found_out(code: str, requirement: str, helped: str) -> None:
    """A response that comes with one more byte breaks another rule than one that comes at the end. [WIRE-3, WIRE-7]"""
    with talking_to(ECHO + code, "WIRE-3") as conv, pytest.raises(Hang) as caught:
        answers_without_more_input.body(conv)

    assert caught.value.requirement == requirement
    assert helped in caught.value.came


def test_worker_that_has_not_read_cannot_be_judged() -> None:
    """What was sent and never read is no evidence of what the worker does with it."""
    with talking_to("import time\ntime.sleep(100)") as conv:
        conv.prepare()
        with pytest.raises(NotTestable, match="4 bytes of the preparation were never read"):
            conv.has_read("the preparation")
        assert conv.checks == 0

    with talking_to(RIGHT) as conv:
        conv.prepare()
        conv.has_read("the preparation")
        assert conv.checks == 1
