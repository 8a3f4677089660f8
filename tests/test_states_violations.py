"""The worker state machine: what is a violation, and how it is told."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from worker_machines import machine, one_by_one, refuse, take

from spreadjobs.events import Answer, TaskId
from spreadjobs.messages import LegacyTooBusy
from spreadjobs.states import is_delay, short

# --- task ids


@pytest.mark.parametrize("came", [1.0, True, "1", None, Decimal(1), 2, -1])
def test_pickle_task_id_is_exactly_an_int(came: object) -> None:
    """In pickle True and 1.0 are not 1. [RUN-15]"""
    worker = machine(1)

    assert f"a response to request {came!r} came where one to request 1 was due" in str(
        refuse(worker, (("TooBusy", came, 1), None, None))
    )
    assert list(worker.outstanding) == [1]


@pytest.mark.parametrize("came", [True, 1.5, math.nan, math.inf, None])
def test_json_task_id_is_a_number_that_is_equal(came: object) -> None:
    """True is no number in JSON either, and 1.5 is another one. [JSON-3]"""
    assert "where one to request 1 was due" in str(refuse(machine(1, number_ids=True), [[came, "v"], None, None]))


# --- shapes, order and time


@pytest.mark.parametrize(
    "message",
    [
        None,
        5,
        "abc",
        {1: 2, 3: 4, 5: 6},
        {1, 2, 3},
        b"abc",
        (),
        ((7, "v"),),
        ((7, "v"), None),
        ((7, "v"), None, None, None),
    ],
)
def test_what_is_no_tuple_or_list_of_three_is_a_violation(message: object) -> None:
    """A response has exactly three items; a str of three letters is none. [RUN-4] [VIO-1]"""
    violation = refuse(machine(7), message)

    assert "where a response of three items (first, out, err) was due (spec RUN-4)" in violation.reason
    assert short(message) in violation.reason
    assert violation.cure == "for an answer, ((task_id, value), None, None) is due"


def test_a_request_that_comes_back_is_named() -> None:
    """What a plain command such as cat does with it. [RUN-4]"""
    assert "sends requests back: commands take no tasks" in refuse(machine(7), (7, "payload")).cure


@pytest.mark.parametrize("first", [None, 5, "ab", b"ab", {1: 2, 3: 4}, (), [], (7,), (7, "v", 1), ((7, "v"), 1, 2)])
def test_first_of_another_shape_is_a_violation(first: object) -> None:
    """The first of an answer is the task id and the value. [RUN-5] [VIO-1]"""
    violation = refuse(machine(7), (first, None, None))

    assert f"first is {short(first)}; (task_id, value) is due (spec RUN-5)" in violation.reason
    assert "untagged" in violation.cure


@pytest.mark.parametrize(
    "first",
    [
        ("Later", 7, 1),
        ("TooBusy", 7),
        ("TooBusy", 7, 1, 2),
        ("RemoteException", 7, "T", "m"),
        ("RemoteException", 7, "T", "m", "t", "x"),
        ("Alive",),
        ("Alive", 7, 1),
        ("toobusy", 7, 1),
        ("", 7),
    ],
)
def test_every_other_str_in_first_place_is_reserved(first: tuple[object, ...]) -> None:
    """TooBusy, RemoteException and Alive, each of its exact length; what else begins with a str is reserved. [RUN-9]"""
    due = {"TooBusy": "BUSY-1", "RemoteException": "ERR-1", "Alive": "RUN-11"}.get(str(first[0]), "RUN-9")
    assert f"(spec {due})" in refuse(machine(7), (first, None, None)).reason


@pytest.mark.parametrize("delay", [-1, -0.5, math.nan, math.inf, "1", None, True, 10**400, 1j, Decimal(1)], ids=repr)
def test_delay_that_is_no_finite_number_of_0_or_more_is_a_violation(delay: object) -> None:
    """NaN, infinity, a negative number, True and text are no delays. [BUSY-1]"""
    assert not is_delay(delay)
    assert "(spec BUSY-1)" in refuse(machine(7), (("TooBusy", 7, delay), None, None)).reason


@pytest.mark.parametrize("texts", [("T", "m", None), (5, "m", "t"), ("T", ["m"], "t")])
def test_failure_has_three_texts(texts: tuple[object, ...]) -> None:
    """Type name, message and traceback are str. [ERR-1]"""
    assert "three str are due (spec ERR-1)" in refuse(machine(7), (("RemoteException", 7, *texts), None, None)).reason


@pytest.mark.parametrize("lines", [5, b"a", [1], ["a", None], {"a"}, {"a": 1}, True, 0])
def test_out_and_err_of_another_shape_are_violations(lines: object) -> None:
    """Each of out and err is None, a str, or a list or tuple of str. [OUT-1]"""
    for message in (((7, "v"), lines, None), ((7, "v"), None, lines)):
        worker = machine(7)
        assert refuse(worker, message).reason.startswith(f"out or err is {short(lines)}; ")
        assert list(worker.outstanding) == [7]


@pytest.mark.parametrize("message", [(("Alive", 7), "", None), (("Alive", 7), None, []), (("Alive", 7), ["a"], None)])
def test_alive_brings_no_lines(message: object) -> None:
    """The out and err of Alive are None. [RUN-11]"""
    assert "both are None (spec RUN-11)" in refuse(machine(7), message).reason


@pytest.mark.parametrize("task_id", [9, 7.0, True, None])
def test_alive_for_what_is_not_unanswered_is_a_violation(task_id: object) -> None:
    """Alive names an unanswered request. [RUN-11]"""
    assert "which is not unanswered (spec RUN-11)" in refuse(machine(7, 8), (("Alive", task_id), None, None)).reason


def test_answer_out_of_order_is_a_violation() -> None:
    """Workers answer in the order of the requests. [RUN-6]"""
    worker = machine(7, 8)

    violation = refuse(worker, ((8, "v"), None, None))

    assert "a response to request 8 came where one to request 7 was due (spec RUN-5, RUN-6)" in violation.reason
    assert "out of order" in violation.cure
    assert list(worker.outstanding) == [7, 8]


def test_repeated_answer_is_a_violation_and_the_first_one_is_kept() -> None:
    """The answers before a violation count; the same id once more is the violation. [VIO-1] [VIO-2]"""
    responses, _, violation = machine(7, 8).receive([((7, "v"), None, None), ((7, "v"), None, None)])

    assert one_by_one(responses) == [Answer(TaskId(7), "v", (), ())]
    assert violation is not None
    assert "request 7 came where one to request 8 was due" in violation.reason


@pytest.mark.parametrize("message", [((7, "v"), None, None), (("Alive", 7), None, None), None])
def test_message_when_nothing_is_unanswered_is_a_violation(message: object) -> None:
    """A message without an unanswered request is undue, whatever it is. [VIO-1]"""
    worker = machine(7)
    take(worker, ((7, "v"), None, None))

    assert "came when no request was unanswered (spec VIO-1)" in refuse(worker, message).reason


def test_checks_go_from_the_outside_in() -> None:
    """The shape is looked at before the id, and the id before out and err. [VIO-4]"""
    assert "RUN-4" in refuse(machine(7), ((9, "v"), 5)).reason
    assert "RUN-6" in refuse(machine(7), ((9, "v"), 5, 5)).reason
    assert "OUT-1" in refuse(machine(7), ((7, "v"), 5, 5)).reason


@pytest.mark.parametrize("delay", [None, math.nan, "1", -1])
def test_instance_with_an_impossible_delay_is_a_violation(delay: object) -> None:
    """The delay of an instance is checked like any other. [BUSY-1] [INST-1]"""
    assert "(spec BUSY-1)" in refuse(machine(7, tagged=False), (LegacyTooBusy(delay, None), None, None)).reason
