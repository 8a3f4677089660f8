"""The worker state machine: which state follows which, and what is a response."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from worker_machines import machine, take

from spreadjobs.events import Answer, Failure, Refusal, TaskId
from spreadjobs.messages import LegacyRemoteException, LegacyTooBusy
from spreadjobs.states import NEXT, Event, State, WorkerMachine

TABLE = Path(__file__).parents[1] / "spec/1.0/states.toml"


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

    worker.requests_sent([TaskId(7)])
    worker.requests_sent([TaskId(8)])

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
    [(None, ()), ("", ()), ("a\n", ("a\n",)), (["a\n", "b"], ["a\n", "b"]), (("a\n",), ("a\n",)), ([], ()), ((), ())],
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


# --- the dialect untagged, and the ancestor's instances


@pytest.mark.parametrize("first", ["v", None, (7, "v"), ("TooBusy", 7, 1), ("Alive", 7), ()])
def test_untagged_first_is_the_value_itself(first: object) -> None:
    """In the untagged dialect tuples of plain data are values, and correlation is by order. [UNT-4] [UNT-5]"""
    assert take(machine(7, tagged=False), (first, None, ["e"])) == [Answer(TaskId(7), first, (), ["e"])]


@pytest.mark.parametrize("tagged", [True, False])
def test_instances_belong_to_the_oldest_request(*, tagged: bool) -> None:
    """The ancestor's instances bear no id: they are for the oldest unanswered request, in both dialects. [INST-2]"""
    worker = machine(7, 8, tagged=tagged)

    assert take(worker, (LegacyTooBusy(2, None), "o", None), [LegacyRemoteException(("T", 5)), None, None]) == [
        Refusal(TaskId(7), 2.0, out=("o",)),
        Failure(TaskId(8), ("T", 5)),
    ]
