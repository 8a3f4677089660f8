"""The plan when workers break the protocol: they are killed, and what was wrong is quoted."""

from __future__ import annotations

from bench import FOUR, ONE_TRY, Bench, experienced, kinds, why

from spreadjobs.events import Came, Exit, Kill


def test_violation_ends_the_worker_at_once_and_keeps_its_answers() -> None:
    """KILL, the answer before it counts, the rest goes back. [VIO-2]"""
    bench, [key] = experienced(FOUR)
    bench.add("a", "b")
    bench.hand_out()
    first, second = bench.held(key)

    orders = bench.tell(key, Came([((first, "A"), None, None), ((second, "B"), 5, None)]))

    assert kinds(orders) == ["Took", "Kill"]
    assert [outcome.task_index for outcome in bench.outcomes()] == [1]
    assert bench.ledger.waiting == 1
    assert bench.tell(key, Came([((second, "B"), None, None)])) == [], "nothing that it says counts any more"
    bench.end(key, Exit(signal="SIGKILL"))
    assert "OUT-1" in why(bench)


def test_bytes_of_a_violation_are_quoted() -> None:
    """What came, why it is wrong, and the cure. [VIO-3]"""
    bench, [key] = experienced(ONE_TRY)
    bench.add("a")
    bench.hand_out()

    orders = bench.tell(key, Came([], undue=b"hello\n", fault="no pickle begins with 'h'", cure="print to stderr"))

    assert orders == [Kill(key)]
    [outcome] = bench.outcomes()
    assert outcome.attempts[0].cause == "violation"
    assert outcome.attempts[0].detail == "no pickle begins with 'h'; the bytes begin b'hello\\n'; print to stderr"


def test_wrong_message_before_wrong_bytes_is_the_violation() -> None:
    """The first thing that is wrong is named, and the bytes that came behind it are quoted. [VIO-3] [VIO-4]"""
    bench, [key] = experienced(ONE_TRY)
    bench.add("a")
    bench.hand_out()

    bench.tell(key, Came([5], undue=b"hello\n", fault="no pickle"))

    detail = bench.outcomes()[0].attempts[0].detail
    assert detail.startswith("5 came where a response of three items")
    assert "the bytes begin b'hello\\n'" in detail


def test_bytes_in_preparation_are_a_violation() -> None:
    """A worker writes nothing before the first request. [PREP-3]"""
    bench = Bench()
    bench.add("a")
    [key] = bench.start()

    assert bench.tell(key, Came((), undue=b"ready\n")) == [Kill(key)]
    bench.end(key, Exit(signal="SIGKILL"))
    assert why(bench).startswith("bytes came before the first request (spec PREP-3)")


def test_bytes_when_nothing_is_unanswered_are_a_violation() -> None:
    """Half a message without a request is undue. [WIRE-4]"""
    bench, [key] = experienced()

    assert bench.tell(key, Came((), undue=b"\x80")) == [Kill(key)]
    bench.end(key, Exit(signal="SIGKILL"))
    assert why(bench).startswith("bytes came when no request was unanswered (spec WIRE-4)")


def test_second_violation_gives_up_the_slot() -> None:
    """A bug in a program does not heal. [VIO-2]"""
    bench, [key] = experienced()
    bench.add("a", "b")
    bench.hand_out()
    bench.garbage(key)
    bench.end(key, Exit(signal="SIGKILL"))
    assert not bench.plan.lost
    bench.later(0.05)
    [key] = bench.start()
    bench.hand_out()
    bench.answer(key, "v")
    bench.hand_out()
    bench.garbage(key)
    bench.end(key, Exit(signal="SIGKILL"))

    assert bench.plan.lost
