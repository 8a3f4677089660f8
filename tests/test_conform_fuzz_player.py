"""Tests of ``fuzz_player`` and ``fuzz_judge``: right workers pass all, and what is wrong is seen for what it is."""

from __future__ import annotations

import threading
import time

import attrs
import pytest
from fuzzing import END_OF_PREPARATION, JSON, PICKLE, WAYS, in_memory, request, script
from kit_scripts import ECHO, RIGHT, python
from spreadjobs_conform import payloads
from spreadjobs_conform.asking import Request
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.findings import HarnessFault
from spreadjobs_conform.fuzz_judge import Deviation, judge_response, unlike
from spreadjobs_conform.fuzz_play import play_of
from spreadjobs_conform.fuzz_script import End, Message, Script, Settle, Take
from spreadjobs_conform.fuzz_trial import Had, Kind, SteadyStage, had
from spreadjobs_conform.patience import Patience, Wait
from spreadjobs_conform.responder import Reply
from spreadjobs_conform.responder_wire import Manner
from spreadjobs_conform.responses import Answer, Failure, First, Refusal, Response
from spreadjobs_conform.verdicts import Status

COUNT = 40
TRUE: object = True
SAID = Failure(5, "E", "m", "")


@pytest.mark.parametrize("manner", Manner)
@pytest.mark.parametrize("way", WAYS)
def test_a_right_worker_passes_every_conversation(way: str, manner: Manner) -> None:
    """Nothing that is thought up is falsely red, however the worker writes what is due. [RUN-4] [JSON-3] [PKL-5]"""
    for number in range(COUNT):
        ended = in_memory(play_of(script(number, WAYS[way]), WAYS[way]), WAYS[way], manner)
        assert (ended.verdict.status, ended.kind) == (Status.PASS, None), (number, ended.verdict.reason)


def with_program(code: str, *steps: Message | Take | Settle | End, candidate: Candidate = PICKLE) -> Had:
    """A conversation with a program in Python, with short limits."""
    patience = Patience(0.2, time.monotonic)
    patience.start_s = 0.05
    candidate = attrs.evolve(candidate, command=python(code))
    stage = SteadyStage(patience, threading.Event())
    return had("fuzz/0-1", "a conversation", play_of(Script(steps), candidate), candidate, stage)


def asked(payload: object, task_id: int = 20_000) -> Message:
    return Message(value=payload, task_id=task_id)


ECHOES = (END_OF_PREPARATION, request("one"), request("two", 20_001))
LINES = "for i, p in requests(): send(((i, p.get('value')), %s, None))"


@pytest.mark.parametrize(
    ("code", "steps", "kind"),
    [
        (RIGHT, (*ECHOES, Take(2), End()), None),
        (RIGHT, (*ECHOES, End(at_once=True)), None),
        ("print('loading', flush=True)\n" + RIGHT, (END_OF_PREPARATION, Settle(), *ECHOES[1:]), "PREP-3"),
        (RIGHT.replace("p.get('value')", "1"), ECHOES, "OPS-1"),
        (RIGHT + "\nsys.exit(3)", (*ECHOES, End()), "SHUT-5"),
        (ECHO + LINES % "['x']", ECHOES, "OUT-2"),
        (
            ECHO + "for i, p in requests(): send(((i, p.get('value')), None, None)); send(((i, 1), None, None))",
            (*ECHOES, Take(2), Settle(), End()),
            "RUN-3",
        ),
        (ECHO + "next(requests()); os._exit(0)", ECHOES, "RUN-3"),
        (ECHO + "next(requests()); time.sleep(9)", ECHOES, "RUN-3"),
        (RIGHT, (END_OF_PREPARATION, asked(payloads.leaving(0))), "OPS-6"),
        (ECHO + "next(requests()); sys.exit(4)", (END_OF_PREPARATION, asked(payloads.leaving(3))), "OPS-6"),
        (ECHO + "next(requests()); sys.exit(3)", (END_OF_PREPARATION, asked(payloads.leaving(3)), End()), None),
        (RIGHT, (END_OF_PREPARATION, asked(payloads.sleeping(0.5))), "OPS-5"),
        (RIGHT, (END_OF_PREPARATION, End(inside=request("cut"))), None),
        ("import time; time.sleep(9)", (END_OF_PREPARATION, End()), "PREP-5"),
    ],
)
def test_what_a_worker_does_wrong_has_a_name(
    code: str, steps: tuple[Message | Take | Settle | End, ...], kind: str | None
) -> None:
    """Each departure is a failure of the requirement that says so; what is right is none."""
    ended = with_program(code, *steps)

    assert (ended.kind.requirement if ended.kind is not None else None) == kind, ended.verdict.reason
    assert ended.verdict.status is (Status.PASS if kind is None else Status.FAIL)


def test_a_worker_that_leaves_by_itself_is_not_wrong() -> None:
    """One that exits with status 0 between two responses makes the conversation not testable. [RUN-13]"""
    ended = with_program(RIGHT.replace("for i, p in requests():", "for i, p in [next(requests())]:"), *ECHOES)

    assert (ended.verdict.status, ended.kind) == (Status.NOT_TESTABLE, None)


def test_crashes_differ_by_what_the_worker_died_of() -> None:
    """The last line on standard error is a part of the kind, without what changes from one to the next."""
    code = ECHO + "next(requests()); raise %s('of 17')"
    kinds = {with_program(code % name, *ECHOES).kind for name in ("KeyError", "ValueError", "KeyError")}

    assert len(kinds) == 2
    assert all(kind is not None and "of 17" not in kind.shape for kind in kinds)


def judged(payload: object, first: First, reply: Reply, *, candidate: Candidate = PICKLE, out: str = "") -> str:
    """The shape of what is found; empty: all is as is due."""
    asking = Request(1, 5, payload, b"")
    try:
        held = judge_response(asking, Response(first, out, ""), reply, by_number=candidate.codec == "json")
    except Deviation as deviation:
        return deviation.shape
    return "" if held else "lacking"


@pytest.mark.parametrize(
    ("payload", "first", "reply", "shape"),
    [
        (payloads.echo(1), Answer(5, 1), Reply(Answer(5, 1)), ""),
        (payloads.echo(1), Answer(5, TRUE), Reply(Answer(5, 1)), "echo: another type"),
        (payloads.echo(1), Failure(5, "E", "", ""), Reply(Answer(5, 1)), "echo: Failure where answer was due"),
        (payloads.echo({1}), Failure(5, "E", "", ""), Reply(Answer(5, {1})), "lacking"),
        (payloads.echo(1), Refusal(5, 1), Reply(Answer(5, 1)), "echo: Refusal where answer was due"),
        (payloads.busy("k", 1, 1), Refusal(5, 1.0), Reply(Refusal(5, 1)), ""),
        (payloads.busy("k", 1, 1), Refusal(5, 2), Reply(Refusal(5, 1)), "busy: Refusal where refusal was due"),
        (payloads.raising("E", "m"), Failure(5, "E", "m", "t"), Reply(Failure(5, "E", "m", "")), ""),
        (payloads.raising("E", "m"), Failure(5, "F", "m", ""), Reply(Failure(5, "E", "m", "")), "raise: another type"),
        (
            payloads.raising("E", "m"),
            Failure(5, "E", "n", ""),
            Reply(Failure(5, "E", "m", "")),
            "raise: another message",
        ),
        (
            payloads.raising("E", "m"),
            Answer(5, 1),
            Reply(Failure(5, "E", "m", "")),
            "raise: Answer where failure was due",
        ),
        (payloads.printing(["a\n"], []), Answer(5, None), Reply(Answer(5, None), ("a\n",), ()), "print: out"),
        (None, Refusal(5, 1), Reply(Failure(5, "", "", ""), sure=False), ""),
    ],
)
def test_a_response_is_what_is_due_or_not(payload: object, first: First, reply: Reply, shape: str) -> None:
    """Type, value, delay, lines: each is looked at; a language may lack a value. [DATA-1] [OPS-2] [OPS-3] [OPS-4]"""
    assert judged(payload, first, reply) == shape


def test_numbers_of_json_are_compared_as_numbers() -> None:
    """1.0 is 1, and True is none. [JSON-7]"""
    assert judged(payloads.echo(1), Answer(5, 1.0), Reply(Answer(5, 1)), candidate=JSON) == ""
    assert judged(payloads.echo(1), Answer(5, TRUE), Reply(Answer(5, 1)), candidate=JSON) != ""


@pytest.mark.parametrize(
    ("due", "came", "told"),
    [
        ([1, [2, "x"]], [1, [2, "y"]], "str"),
        ([1], [1, 2], "length of a list"),
        ({"a": 1}, {"b": 1}, "keys of a dict"),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2.0}, "another type"),
        ((1,), [1], "another type"),
    ],
)
def test_values_differ_in_a_way_that_has_a_name(due: object, came: object, told: str) -> None:
    """What two failures of one fault have in common: no value is in it."""
    assert unlike(due, came) == told


def test_bytes_that_say_something_else_are_a_fault_of_the_kit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A conversation in which the kit itself writes what it does not mean is never had."""
    monkeypatch.setattr("spreadjobs_conform.fuzz_play.encoded", lambda _message, _candidate: b"\x80\x04K\x05.")

    with pytest.raises(HarnessFault, match="reads 5"):
        play_of(Script((Message(value=6, is_item=True),)), PICKLE)

    monkeypatch.setattr("spreadjobs_conform.fuzz_play.encoded", lambda _message, _candidate: b"{\n")
    with pytest.raises(HarnessFault, match="cannot be read"):
        play_of(Script((Message(value=6, is_item=True),)), JSON)


def test_hurried_waits_are_short_and_others_are_not_cut_after_hangs() -> None:
    """Hangs make no wait of another conversation shorter; making one smaller waits less."""
    patience = Patience(1.0, lambda: 0.0)
    steady = SteadyStage(patience, threading.Event())
    hurried = SteadyStage(patience, threading.Event(), hurried=True)
    assert [steady.hang(Wait.RESPONSE, 5.0) for _ in range(9)] == [False] * 9

    assert steady.limit_s(Wait.RESPONSE, mebibytes=0.0, first=False) == 5.0
    assert hurried.limit_s(Wait.RESPONSE, mebibytes=0.0, first=False) < 1.0
    assert hurried.limit_s(Wait.LETTING_GO, mebibytes=0.0, first=False) == 1.0


def test_a_kind_says_what_failures_have_in_common() -> None:
    """Two conversations that show the same fault are of one kind, whatever the values."""
    wrong = RIGHT.replace("p.get('value')", "[]")
    kinds = {with_program(wrong, END_OF_PREPARATION, request(text)).kind for text in ("one", "two", "")}

    assert kinds == {Kind("OPS-1", "echo: another type")}
