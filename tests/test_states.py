"""The worker state machine: which state follows which, and what is a response and what a violation."""

from __future__ import annotations

import math
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from spreadjobs.errors import WorkerViolation
from spreadjobs.events import Answer, Failure, Refusal, Response, TaskId
from spreadjobs.messages import LegacyRemoteException, LegacyTooBusy
from spreadjobs.states import NEXT, Event, State, WorkerMachine, is_delay, short

TABLE = Path(__file__).parents[1] / "spec/1.0/states.toml"


def machine(*task_ids: int, tagged: bool = True, number_ids: bool = False) -> WorkerMachine:
    """A worker to which these requests were sent."""
    worker = WorkerMachine(tagged=tagged, number_ids=number_ids)
    worker.happen(Event.STARTED)
    for task_id in task_ids:
        worker.request_sent(TaskId(task_id))
    return worker


def refuse(worker: WorkerMachine, *messages: object) -> WorkerViolation:
    """The violation that these messages end with."""
    violation = worker.receive(messages)[2]
    assert violation is not None
    return violation


def take(worker: WorkerMachine, *messages: object) -> list[Response]:
    """The responses that these messages are."""
    responses, _, violation = worker.receive(messages)
    assert violation is None
    return responses


# --- the table


def test_the_table_is_the_specs() -> None:
    """The master's rows of the specification's state table are the table that the machine looks up."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["transition"]
    written = {(row["state"], row["event"]): row["next"] for row in rows if row["party"] == "master"}

    assert written == {
        (state.value, event.value): after.value for state, row in NEXT.items() for event, after in row.items()
    }


def test_the_table_has_every_state_of_the_spec_and_no_other() -> None:
    """exec, preparation, running, shutdown, ended: in this order."""
    names = tomllib.loads(TABLE.read_text(encoding="utf-8"))["states"]

    assert names == [state.value for state in State] == [state.value for state in NEXT]


@pytest.mark.parametrize(("state", "event"), [(state, event) for state in State for event in Event])
def test_each_pair_of_state_and_event_does_what_the_table_says(state: State, event: Event) -> None:
    """A pair of the table leads to its state; any other is a fault of the caller and changes nothing."""
    worker = WorkerMachine()
    worker.state = state

    if event in NEXT[state]:
        worker.happen(event)
        assert worker.state is NEXT[state][event]
    else:
        with pytest.raises(ValueError, match=f"'{event.value}' cannot happen in state '{state.value}'"):
            worker.happen(event)
        assert worker.state is state


def test_states_only_go_forward() -> None:
    """No event leads back to an earlier state."""
    order = list(State)

    assert all(order.index(after) >= order.index(state) for state, row in NEXT.items() for after in row.values())


def test_first_request_makes_a_worker_run() -> None:
    """Preparation ends with the first request, and requests are answered oldest first. [RUN-6]"""
    worker = machine()
    before = worker.state

    worker.request_sent(TaskId(7))
    worker.request_sent(TaskId(8))

    assert (before, worker.state) == (State.PREPARATION, State.RUNNING)
    assert list(worker.outstanding) == [7, 8]


def test_request_that_was_not_sent_is_taken_back() -> None:
    """A request that could not be encoded is no longer waited for; its position is told."""
    worker = machine(7, 8, 9)

    assert worker.request_unsent(TaskId(8)) == 1
    assert list(worker.outstanding) == [7, 9]


# --- responses


@pytest.mark.parametrize("first", [(7, "v"), [7, "v"]])
@pytest.mark.parametrize("shape", [tuple, list])
def test_answer_is_taken_as_tuple_and_as_list(first: object, shape: type[tuple[object, ...] | list[object]]) -> None:
    """Wherever a worker writes a tuple it may write a list. [RUN-4] [RUN-5]"""
    worker = machine(7)

    assert take(worker, shape([first, None, None])) == [Answer(TaskId(7), "v", (), ())]
    assert not worker.outstanding


def test_several_answers_in_one_read_are_taken_in_order() -> None:
    """One read may bring many responses; they belong to the requests in order. [RUN-6]"""
    worker = machine(7, 8, 9)

    answers = take(worker, ((7, None), None, None), ((8, False), None, None), ((9, ()), None, None))

    assert [(answer.task_id, answer.value) for answer in answers if isinstance(answer, Answer)] == [
        (7, None),
        (8, False),
        (9, ()),
    ]


@pytest.mark.parametrize(
    ("written", "lines"),
    [(None, ()), ("", ()), ("a\n", ("a\n",)), (["a\n", "b"], ["a\n", "b"]), (("a\n",), ("a\n",)), ([], []), ((), ())],
)
def test_lines_may_be_none_a_str_or_a_list(written: object, lines: object) -> None:
    """None, a str, or a list or tuple of str: lines that the task printed. [OUT-1]"""
    assert take(machine(7), ((7, "v"), written, None)) == [Answer(TaskId(7), "v", lines, ())]  # type: ignore[arg-type]
    assert take(machine(7), ((7, "v"), None, written)) == [Answer(TaskId(7), "v", (), lines)]  # type: ignore[arg-type]


@pytest.mark.parametrize("delay", [0, 0.0, 0.5, 3, 1e308])
@pytest.mark.parametrize("shape", [tuple, list])
def test_refusal_is_taken(delay: float, shape: type[tuple[object, ...] | list[object]]) -> None:
    """A finite delay of 0 or more: the worker says "not now". [BUSY-1]"""
    worker = machine(7)

    assert take(worker, (shape(["TooBusy", 7, delay]), ["o"], None)) == [Refusal(TaskId(7), float(delay), out=["o"])]
    assert not worker.outstanding


def test_failure_is_taken() -> None:
    """Type name, message and traceback travel as text, with the lines of the task. [ERR-1]"""
    message = (("RemoteException", 7, "ValueError", "bad 2", "Traceback ..."), None, ["e\n"])

    assert take(machine(7), message) == [Failure(TaskId(7), ("ValueError", "bad 2", "Traceback ..."), err=["e\n"])]


def test_alive_is_no_response() -> None:
    """Alive may be for any unanswered request, any number of times, and leaves all of them unanswered. [RUN-11]"""
    worker = machine(7, 8)

    responses, alive, violation = worker.receive([(("Alive", 8), None, None), [["Alive", 7], None, None]])

    assert (responses, alive, violation) == ([], True, None)
    assert list(worker.outstanding) == [7, 8]


def test_alive_and_an_answer_may_come_together() -> None:
    """A read that has both tells of both. [RUN-11]"""
    responses, alive, violation = machine(7).receive([(("Alive", 7), None, None), ((7, "v"), None, None)])

    assert (len(responses), alive, violation) == (1, True, None)


def test_a_read_without_a_message_changes_nothing() -> None:
    """Bytes that are no whole message yet are nothing to the machine."""
    worker = machine()

    assert worker.receive([]) == ([], False, None)
    assert worker.state is State.PREPARATION


def test_worker_answers_what_it_holds_in_shutdown() -> None:
    """After its input was closed a worker still answers what it has read. [SHUT-2]"""
    worker = machine(7)
    worker.happen(Event.STDIN_CLOSED)

    assert take(worker, ((7, "v"), None, None)) == [Answer(TaskId(7), "v", (), ())]
    assert worker.state is State.SHUTDOWN


def test_alive_in_shutdown_keeps_the_state() -> None:
    """A worker that still works after its input was closed may say so. [RUN-11]"""
    worker = machine(7)
    worker.happen(Event.STDIN_CLOSED)

    assert worker.receive([(("Alive", 7), None, None)])[1]
    assert worker.state is State.SHUTDOWN


# --- task ids


def test_json_task_id_may_be_any_equal_number() -> None:
    """Some languages print 100000 as 1e5: in JSON a number that is equal is the id. [JSON-3]"""
    responses = take(machine(100000, number_ids=True), [[1e5, "v"], None, None])

    assert responses == [Answer(TaskId(100000), "v", (), ())]
    assert type(responses[0].task_id) is int


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


# --- violations


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

    assert responses == [Answer(TaskId(7), "v", (), ())]
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


# --- the dialect untagged, and the ancestor's instances


@pytest.mark.parametrize("first", ["v", None, (7, "v"), ("TooBusy", 7, 1), ("Alive", 7), ()])
def test_untagged_first_is_the_value_itself(first: object) -> None:
    """In the untagged dialect tuples of plain data are values, and correlation is by order. [UNT-4] [UNT-5]"""
    assert take(machine(7, tagged=False), (first, None, ["e"])) == [Answer(TaskId(7), first, (), ["e"])]


@pytest.mark.parametrize("tagged", [True, False])
def test_instances_belong_to_the_oldest_request(tagged: bool) -> None:  # noqa: FBT001 - a parameter
    """The ancestor's instances bear no id: they are for the oldest unanswered request, in both dialects. [INST-2]"""
    worker = machine(7, 8, tagged=tagged)

    assert take(worker, (LegacyTooBusy(2, None), "o", None), [LegacyRemoteException(("T", 5)), None, None]) == [
        Refusal(TaskId(7), 2.0, out=("o",)),
        Failure(TaskId(8), ("T", 5)),
    ]


@pytest.mark.parametrize("delay", [None, math.nan, "1", -1])
def test_instance_with_an_impossible_delay_is_a_violation(delay: object) -> None:
    """The delay of an instance is checked like any other. [BUSY-1] [INST-1]"""
    assert "(spec BUSY-1)" in refuse(machine(7, tagged=False), (LegacyTooBusy(delay, None), None, None)).reason


def nested(depth: int) -> object:
    """A list in a list in a list."""
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        (None, ""),
        ("no licence", "no licence"),
        (5, "5"),
        (nested(10**5), "[[[[[[[...]]]]]]]"),
        (10**5000, "<int"),
    ],
    ids=["none", "text", "number", "deep", "long"],
)
def test_comment_of_an_instance_becomes_text_whatever_it_is(comment: object, text: str) -> None:
    """Nobody has checked a comment: its text is bounded, and making it cannot fail. [INST-1] [SEC-2]"""
    [response] = take(machine(7), (LegacyTooBusy(0, comment), None, None))

    assert isinstance(response, Refusal)
    assert response.comment.startswith(text)
    assert len(response.comment) <= 80


# --- quotes


class Unspeakable:
    """A value whose repr fails, as a class that the user admitted may have it."""

    def __repr__(self) -> str:
        """Fail."""
        raise RuntimeError("no repr")


def test_quotes_are_short_and_never_fail() -> None:
    """Whatever came can be quoted, in 80 characters. [VIO-3]"""
    assert short("x") == "'x'"
    assert len(short("x" * 10**6)) <= 80
    assert len(short([["y" * 70] * 6] * 6)) == 80
    assert short([["y" * 70] * 6] * 6).endswith("...")
    assert "Unspeakable" in short(Unspeakable())
    assert short(nested(10**5)) == "[[[[[[[...]]]]]]]"


class Nameless(type):
    """A class of classes whose name cannot be told."""

    def __getattribute__(cls, name: str) -> object:
        """Fail for the name."""
        if name == "__name__":
            raise RuntimeError("no name")
        return super().__getattribute__(name)


class Unnamed(metaclass=Nameless):
    """A value that breaks whoever asks what it is."""


def test_quote_of_what_cannot_be_shown_says_so() -> None:
    """Where even the shortening fails, its failure is named instead of passed on. [VIO-3]"""
    assert short([Unnamed()]) == "<list whose repr raised RuntimeError>"
