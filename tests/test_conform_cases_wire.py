"""Where the kit cuts requests."""

from __future__ import annotations

from spreadjobs_conform.cases_wire import MOST_CUTS, _places


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
