"""Tests of ``fuzz_shrink`` and ``fuzz_simpler``: what is left fails still, and everything else is gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fuzzing import PICKLE, UNTAGGED, script
from spreadjobs_conform import payloads
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.fuzz_play import play_of
from spreadjobs_conform.fuzz_script import End, Form, Message, Script, is_legal, op_of
from spreadjobs_conform.fuzz_shrink import Shrinker
from spreadjobs_conform.fuzz_simpler import simpler, simpler_payload
from spreadjobs_conform.values import difference


def shrunk(
    begin: Script, fails: Callable[[Script], bool], *, most: int | None = None, candidate: Candidate = PICKLE
) -> Script:
    """The smallest conversation for a fault that is a property of the script; time does not pass."""
    return Shrinker(fails, tagged=candidate.tagged, now_s=lambda: 0.0, end_s=1.0, most=most).shrink(begin)


def ops(each: Script) -> list[str]:
    return [op_of(message.value) for message in each.messages() if not message.is_item]


def first_with(fails: Callable[[Script], bool], candidate: Candidate = PICKLE) -> Script:
    return next(each for number in range(500) if fails(each := script(number, candidate)) and len(each.steps) > 12)


def failing_after_a_refusal(each: Script) -> bool:
    return any(pair == ("busy", "raise") for pair in zip(ops(each), ops(each)[1:], strict=False))


@pytest.mark.parametrize("candidate", [PICKLE, UNTAGGED], ids=["tagged", "untagged"])
def test_what_is_not_needed_goes(candidate: Candidate) -> None:
    """Of a long conversation two requests are left, behind the None, in their plain form, with plain ids."""
    begin = first_with(failing_after_a_refusal, candidate)

    small = shrunk(begin, failing_after_a_refusal, candidate=candidate)

    messages = list(small.messages())
    assert ops(small) == ["busy", "raise"]
    assert [message.is_item for message in messages] == [True, False, False]
    assert is_legal(small, tagged=candidate.tagged)
    assert {(message.form, message.cuts, message.settled, message.joined) for message in messages} == {
        (Form.PLAIN, (), False, False)
    }
    assert messages[-1].value == payloads.raising("Error", "")
    ids = {message.task_id for message in messages}
    assert ids == ({None, 20_000, 20_001} if candidate.tagged else {None})
    play_of(small, candidate)


def test_cuts_that_are_needed_stay_and_the_others_go() -> None:
    """Of several cuts the one that matters is left. [WIRE-2]"""
    steps = (
        Message(value=1, is_item=True, cuts=(1, 2), form=Form.FREE),
        Message(value=None, is_item=True),
        Message(value=payloads.prepared(), task_id=7, cuts=(3, 5, 9), settled=True, joined=True),
        Message(value=payloads.prepared(), task_id=8, cuts=(5,)),
        End(at_once=True),
    )

    small = shrunk(Script(steps), lambda each: any(5 in message.cuts for message in each.messages()))

    assert [message.cuts for message in small.messages() if message.cuts] == [(5,)]
    assert len(small.steps) == 2


def test_a_message_that_breaks_off_is_made_simpler_too() -> None:
    """What stands behind the last whole message is a message like others."""
    inside = Message(value=payloads.echo([1, 2, "three"]), task_id=9, cuts=(4,), form=Form.FREE)
    steps = (Message(value=None, is_item=True), End(inside=inside, kept=0.5, at_once=True))

    small = shrunk(Script(steps), lambda each: any(isinstance(step, End) and step.inside for step in each.steps))

    end = small.steps[-1]
    assert isinstance(end, End)
    assert end.inside == Message(value=payloads.echo([]), task_id=20_000)
    assert not end.at_once


def test_a_long_text_is_as_long_as_it_must_be() -> None:
    """Of a text at an edge its length is kept, and its characters become plain."""
    begin = Script((Message(value=None, is_item=True), Message(value=payloads.echo(["é" * 300, 5]), task_id=1)))

    def long(each: Script) -> bool:
        return any("echo" in repr(message.value) and len(repr(message.value)) > 256 for message in each.messages())

    small = list(shrunk(begin, long).messages())[-1].value

    assert isinstance(small, dict)
    assert set(str(small["value"])) == {"x"}
    assert len(repr(small)) == 257


def test_it_ends_with_its_time() -> None:
    """What was reached by then is taken: nothing, if there was none."""
    begin = first_with(failing_after_a_refusal)

    assert shrunk(begin, failing_after_a_refusal, most=0) == begin
    assert len(shrunk(begin, failing_after_a_refusal, most=5).steps) <= len(begin.steps)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 0, 1, -77, 2**70, 0.0, -1.5e300, 1.7976931348623157e308, 2j, 1 + 1j, "", "ab\n" * 9, b"abc"),
        *(bytearray(b"ab"), [], [1, [2]], (1, "x"), {"a": {"b": 1}}, {1: 2, "": 3}, {1, 2}, frozenset({"x"})),
    ],
)
def test_simpler_values_are_others_and_come_to_an_end(value: object) -> None:
    """No value is simpler than itself, and taking one simpler value after the other ends."""
    steps = 0
    while (found := next(simpler(value), None)) is not None:
        assert difference(value, found, by_number=False) is not None
        value, steps = found, steps + 1
        assert steps < 300


@pytest.mark.parametrize(
    "payload",
    [
        payloads.echo([1, "x"]),
        payloads.raising("ValueError", "a message"),
        payloads.busy("key", 5, 300),
        payloads.printing(["a\n", "b\r\n", "end"], ["\n"]),
        payloads.sleeping(0.1),
        payloads.leaving(200),
        payloads.prepared(),
        {"op": "strange"},
        None,
    ],
)
def test_simpler_payloads_ask_for_the_same(payload: object) -> None:
    """The op stays; key and number of refusals too, since others share them; each line keeps its end. [OUT-2]"""
    for other in simpler_payload(payload):
        assert op_of(other) == op_of(payload)
        if isinstance(other, dict) and isinstance(payload, dict):
            assert [other.get(key) for key in ("key", "times")] == [payload.get(key) for key in ("key", "times")]
            lines = [*other.get("out", []), *other.get("err", [])]
            assert all(line and "\n" not in line[:-1] for line in lines)
