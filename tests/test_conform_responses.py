"""Tests of ``spreadjobs_conform.responses``."""

from __future__ import annotations

import pytest
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.pickle_objects import Instance
from spreadjobs_conform.responses import Alive, Answer, Failure, Refusal, interpret


@pytest.mark.parametrize(
    ("first", "due"),
    [
        ((5, "v"), Answer(5, "v")),
        ([0, None], Answer(0, None)),
        (("TooBusy", 5, 0), Refusal(5, 0)),
        (["TooBusy", 5, 1.5], Refusal(5, 1.5)),
        (("RemoteException", 5, "T", "m", "tb"), Failure(5, "T", "m", "tb")),
        (("Alive", 5), Alive(5)),
        (Instance("TooBusy", (), {"delay": 2}), Refusal(None, 2, is_instance=True)),
        (Instance("TooBusy", (3.5,)), Refusal(None, 3.5, is_instance=True)),
        (Instance("RemoteException", ("T", "m")), Failure(None, "T", "m", "", is_instance=True)),
    ],
)
def test_outcomes_are_recognised(first: object, due: object) -> None:
    """Each form of an outcome is recognised, written as tuple or list. [RUN-5]"""
    assert interpret((first, None, None), tagged=True).first == due
    assert interpret([first, None, None], tagged=True).first == due


@pytest.mark.parametrize(
    ("value", "requirement"),
    [
        (5, "RUN-4"),
        ("abc", "RUN-4"),
        ({1: 2, 3: 4, 5: 6}, "RUN-4"),
        (((1, 2), None), "RUN-4"),
        (((1, 2), None, None, None), "RUN-4"),
        ((7, None, None), "RUN-5"),
        (((), None, None), "RUN-5"),
        (((1,), None, None), "RUN-5"),
        (((1, 2, 3), None, None), "RUN-5"),
        ((({}, 2), None, None), "RUN-5"),
        (((True, 2), None, None), "RUN-15"),
        (((1.0, 2), None, None), "RUN-15"),
        ((("Done", 1), None, None), "RUN-9"),
        ((("TooBusy", 1), None, None), "BUSY-1"),
        ((("TooBusy", 1, "soon"), None, None), "BUSY-1"),
        ((("TooBusy", 1, True), None, None), "BUSY-1"),
        ((("TooBusy", 1, -1), None, None), "BUSY-1"),
        ((("TooBusy", 1, float("nan")), None, None), "BUSY-1"),
        ((("RemoteException", 1, "T", "m"), None, None), "ERR-1"),
        ((("RemoteException", 1, "T", None, ""), None, None), "ERR-1"),
        ((("Alive",), None, None), "RUN-11"),
        ((("Alive", 1), [], None), "RUN-11"),
        (((1, 2), 5, None), "OUT-1"),
        (((1, 2), None, [b"x"]), "OUT-1"),
        ((Instance("TooBusy", ()), None, None), "UNT-5"),
        ((Instance("RemoteException", ()), None, None), "UNT-5"),
        ((Instance("RemoteException", (5,)), None, None), "UNT-5"),
    ],
)
def test_other_shapes_name_their_requirement(value: object, requirement: str) -> None:
    """A response of another shape is a finding. [RUN-4]"""
    with pytest.raises(Finding) as caught:
        interpret(value, tagged=True)

    assert caught.value.requirement == requirement


def test_json_ids_may_be_any_equal_number() -> None:
    """In JSON 1e5 is the task id 100000, and 1.5 is none. [JSON-3]"""
    assert interpret([[1e5, "v"], None, None], tagged=True, by_number=True).first == Answer(100000, "v")
    with pytest.raises(Finding, match="RUN-5"):
        interpret([[1.5, "v"], None, None], tagged=True, by_number=True)


def test_untagged_values_are_bare() -> None:
    """In the untagged dialect every plain first is a value, and instances are outcomes. [UNT-5]"""
    assert interpret((("TooBusy", 1, 0.5), None, None), tagged=False).first == Answer(None, ("TooBusy", 1, 0.5))
    assert interpret((Instance("TooBusy", (1,)), None, None), tagged=False).first == Refusal(None, 1, is_instance=True)
    with pytest.raises(Finding, match="UNT-4"):
        interpret(5, tagged=False)


def test_lines_keep_their_form() -> None:
    """Out and err may be None, a str, or a list or tuple of str. [OUT-1]"""
    response = interpret(((1, 2), "a\n", ["b\n", "c"]), tagged=True)

    assert (response.out, response.err) == ("a\n", ("b\n", "c"))
