"""Tests of ``spreadjobs_conform.fuzz_walk``: conversations are thought up from the state table, and are legal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from fuzzing import JSON, PICKLE, TABLE, UNTAGGED, WAYS, script
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.fuzz_payloads import DRAWN
from spreadjobs_conform.fuzz_script import End, Message, Script, Take, is_legal, op_of
from spreadjobs_conform.fuzz_walk import Walk
from spreadjobs_conform.state_table import Transition
from spreadjobs_conform.values import show

COUNT = 250
WORKERS_OWN = "preparation: leaves"
"""A worker may do that by itself; no master can bring it about."""
ROWS = tuple(row for row in TABLE if row.party == "worker")
DRAWN_ROWS = tuple(row for row in ROWS if row.name != WORKERS_OWN)


def scripts(candidate: Candidate = PICKLE, table: tuple[Transition, ...] = TABLE) -> Iterator[Script]:
    return (script(number, candidate, table) for number in range(COUNT))


@pytest.mark.parametrize("candidate", [PICKLE, JSON, UNTAGGED], ids=["pickle", "json", "untagged"])
def test_every_transition_that_a_master_can_bring_about_is_drawn(candidate: Candidate) -> None:
    """All rows of the worker are taken but one, and none that is not in the table."""
    taken = Counter(name for each in scripts(candidate) for name in each.taken)

    assert set(taken) == {row.name for row in DRAWN_ROWS}


@pytest.mark.parametrize("row", DRAWN_ROWS, ids=lambda row: row.name.replace(" ", "-"))
def test_a_table_with_a_row_less_gives_conversations_without_it(row: Transition) -> None:
    """The walk takes its transitions from the table: what is not there is not done."""
    table = tuple(each for each in TABLE if each != row)

    taken = Counter(name for each in scripts(table=table) for name in each.taken)

    assert row.name not in taken
    assert set(taken) < {each.name for each in DRAWN_ROWS}


def test_without_a_row_nothing_is_sent_that_belongs_to_it() -> None:
    """No request behind the first one, no message that breaks off, no exit: not only their names are missing."""
    gone = {"running: request read", "running: input ended inside a message", "running: leaves"}
    gone |= {"preparation: input ended inside a message"}
    table = tuple(row for row in TABLE if row.name not in gone)

    for each in scripts(table=table):
        messages = list(each.messages())
        assert sum(not message.is_item for message in messages) <= 1
        assert not [step for step in each.steps if isinstance(step, End) and step.inside is not None]
        assert "exit" not in [op_of(message.value) for message in messages if not message.is_item]


@pytest.mark.parametrize("way", WAYS)
def test_conversations_are_legal(way: str) -> None:
    """A master may have each: the None ends the preparation, ids are new, nothing follows the end. [OPS-9] [RUN-2]"""
    candidate = WAYS[way]

    for each in scripts(candidate):
        requests = [step for step in each.steps if isinstance(step, Message) and not step.is_item]
        ids = [message.task_id for message in requests]
        leaves = [op_of(message.value) for message in requests].count("exit")
        assert is_legal(each, tagged=candidate.tagged), show(each)
        assert leaves <= 1
        assert ids == [None] * len(ids) if not candidate.tagged else len({*ids}) == len(ids)
        assert all(task_id is None or 0 <= task_id < 2**53 for task_id in ids)


def test_untagged_conversations_wait_for_each_response() -> None:
    """No request is sent before the last one is answered. [UNT-3]"""
    for each in scripts(UNTAGGED):
        unanswered = 0
        for step in each.steps:
            if isinstance(step, Take):
                unanswered -= step.count
            elif isinstance(step, Message) and not step.is_item:
                assert unanswered == 0
                unanswered += 1


def test_a_key_is_refused_as_often_in_all_requests_of_a_conversation() -> None:
    """What is due for the payload busy with one key and several numbers, nobody says. [OPS-3]"""
    for each in scripts():
        times: dict[object, object] = {}
        for message in each.messages():
            match message.value:
                case {"op": "busy", "key": key, "times": number}:
                    assert times.setdefault(key, number) == number
                case _:
                    pass


def test_every_payload_is_drawn_and_many_at_a_time() -> None:
    """All ops of section 14 and payloads that are none, up to a hundred requests, up to hundreds of items."""
    sizes = [[message.is_item for message in each.messages()] for each in scripts()]
    ops = {op_of(message.value) for each in scripts() for message in each.messages() if not message.is_item}

    assert ops == {*DRAWN, "exit"}
    assert max(items.count(False) for items in sizes) >= 100
    assert max(items.count(True) for items in sizes) >= 200


def test_the_same_seed_gives_the_same_conversation() -> None:
    """A number and a seed say all; another seed gives others."""
    assert [repr(script(number)) for number in range(30)] == [repr(script(number)) for number in range(30)]
    assert repr(script(3)) != repr(script(3, seed=6))


def test_what_a_worker_does_not_serve_is_not_sent() -> None:
    """An op that the worker lacks is left out."""
    for number in range(COUNT // 4):
        rng = Random(number)  # noqa: S311 - it is for tests
        each = Walk(TABLE, PICKLE, rng, frozenset({"echo"})).script()
        assert {op_of(message.value) for message in each.messages() if not message.is_item} <= {"echo", "other"}


NONE = Message(value=None, is_item=True)
ITEM = Message(value=1, is_item=True)
ASKED = Message(value={"op": "prepared"}, task_id=1)


@pytest.mark.parametrize(
    "steps",
    [
        (ASKED,),
        (NONE, ITEM),
        (NONE, End(), ASKED),
        (NONE, Take(1)),
        (NONE, ASKED, Take(2)),
        (NONE, End(inside=ITEM)),
        (ITEM, End(inside=ASKED)),
    ],
)
def test_what_no_master_does_is_not_legal(steps: tuple[Message | Take | End, ...]) -> None:
    """A request or an item on the wrong side of the None, what follows the end, responses that nobody owes."""
    assert not is_legal(Script(steps), tagged=True)


@pytest.mark.parametrize("last", [ASKED, End(inside=ASKED)])
def test_a_request_sent_ahead_is_not_legal_untagged(last: Message | End) -> None:
    """Neither whole nor broken off. [UNT-3]"""
    steps = (NONE, ASKED, last)

    assert is_legal(Script(steps), tagged=True)
    assert not is_legal(Script(steps), tagged=False)
