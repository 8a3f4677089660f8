"""How the plan ends workers: the ladder of shutdown, a run that was stopped, an exception."""

from __future__ import annotations

from bench import Bench, experienced, kinds

from spreadjobs.events import Came, CloseStdin, Discard, Exit, Kill, Say, Started, Terminate
from spreadjobs.slots import GRACE_S
from spreadjobs.states import State


def test_ladder_of_shutdown() -> None:
    """End of input, 30 s, TERM, a second, KILL, a second, let go; the text so far is kept. [SHUT-10] [SHUT-8]"""
    bench, [key] = experienced()
    assert bench.plan.finish(bench.now_s) == [CloseStdin(key)]
    assert bench.later(29.9) == []

    [terminate, say] = bench.later(0.1)
    assert terminate == Terminate(key)
    assert say == Say(
        "1.1: did not end within 30.0 s of the end of its input or its last byte (spec SHUT-3)", warning=True
    )
    assert bench.later(GRACE_S) == [Kill(key)]
    assert bench.later(GRACE_S) == [Discard(key, text_due=True)]
    assert bench.plan.over


def test_bytes_in_shutdown_restart_its_limit() -> None:
    """The limit counts from the last byte that it wrote since. [SHUT-3]"""
    bench, [key] = experienced()
    bench.plan.finish(bench.now_s)
    for _ in range(3):
        assert bench.later(29.0) == []
        bench.tell(key, Came(()))

    assert bench.later(29.0) == []
    assert kinds(bench.later(1.0)) == ["Terminate", "Say"]


def test_worker_answers_what_it_holds_in_shutdown() -> None:
    """What it has read it answers, then comes text. [SHUT-2]"""
    bench = Bench()
    [key] = bench.run("a")
    bench.plan.finish(bench.now_s)
    bench.answer(key, "A")

    assert len(bench.outcomes()) == 1
    assert bench.end(key, Exit(status=0)) == [Discard(key, text_due=True)]


def test_text_of_a_worker_that_owes_a_response_is_no_text() -> None:
    """What follows its last response is text: if responses are missing, there is none. [SHUT-8]"""
    bench = Bench()
    [key] = bench.run("a")
    bench.plan.finish(bench.now_s)

    assert bench.end(key, Exit(status=0)) == [Discard(key, text_due=False)]


def test_garbage_in_shutdown_is_a_violation_while_responses_are_due() -> None:
    """Before its last response a worker writes responses only, in shutdown too. [VIO-1]"""
    bench = Bench()
    [key] = bench.run("a")
    bench.plan.finish(bench.now_s)

    assert bench.garbage(key) == [Kill(key)]
    bench.end(key, Exit(signal="SIGKILL"))
    assert bench.plan.over
    assert bench.dispatch() == [], "its slot waits, and is not started again"


def test_run_that_was_stopped_gives_its_workers_a_second() -> None:
    """A RemoteException: the others get the end of input, and TERM a second later, without a warning."""
    bench = Bench()
    [key] = bench.run("a")
    assert bench.plan.finish(bench.now_s, hurried=True) == [CloseStdin(key)]

    [terminate, say] = bench.later(GRACE_S)

    assert terminate == Terminate(key)
    assert isinstance(say, Say)
    assert not say.warning
    assert bench.later(GRACE_S) == [Kill(key)]


def test_end_can_be_hurried_later() -> None:
    """A shutdown that goes on is shortened by a second order; input is closed once."""
    bench, [key] = experienced()
    bench.plan.finish(bench.now_s)

    assert bench.plan.finish(bench.now_s, hurried=True) == []
    assert kinds(bench.later(GRACE_S)) == ["Terminate", "Say"]
    assert bench.held(key) == []


def test_plan_wants_to_be_looked_at_when_a_slot_may_be_started_again() -> None:
    """The loop sleeps no longer than the delay of the next start."""
    bench, [key] = experienced()
    bench.add("a")
    bench.hand_out()
    bench.end(key)

    assert bench.plan.wake_s() == bench.now_s + 0.05


def test_exception_ends_all_workers_at_once() -> None:
    """End of input and TERM now, KILL a second later; nothing is started any more."""
    bench = Bench(slots=6)
    bench.add("a", exhausted=False)
    first, *_ = bench.start()
    bench.hand_out()
    bench.garbage(first)

    orders = bench.plan.abort(bench.now_s)

    assert orders == [*map(CloseStdin, (2, 3, 4)), *map(Terminate, (2, 3, 4))]
    assert bench.dispatch() == []
    assert bench.answer(2, "late") == []
    for key in (1, 2, 3):
        bench.end(key, Exit(signal="SIGTERM"))
    assert bench.later(GRACE_S) == [Kill(4)]
    assert kinds(bench.later(GRACE_S)) == ["Discard"]
    assert bench.plan.over


def test_exception_forgets_what_was_not_started_yet() -> None:
    """The exception may have come between a launch and its process: there is nothing to end."""
    bench = Bench(slots=2)
    bench.add("a")
    bench.dispatch()
    bench.tell(1, Started())
    bench.plan.finish(bench.now_s, hurried=True)

    assert bench.plan.abort(bench.now_s) == [Terminate(1)]
    bench.end(1, Exit(signal="SIGTERM"))

    assert bench.plan.over
    assert bench.later(10.0) == []


def test_worker_that_starts_after_the_end_was_ordered_is_closed() -> None:
    """Its input ends as soon as it is there, and it has the time that the others have. [SHUT-1]"""
    bench = Bench(slots=2)
    bench.add("a")
    bench.dispatch()
    bench.plan.finish(bench.now_s, hurried=True)

    assert bench.tell(1, Started()) == [CloseStdin(1)]
    assert bench.worker(1).machine.state is State.SHUTDOWN
    assert kinds(bench.later(GRACE_S)) == ["Terminate", "Say"] * 2
    assert bench.tell(2, Started()) == [CloseStdin(2), Kill(2)], "TERM found no process"


def test_worker_that_never_starts_is_let_go() -> None:
    """A start that is never reported is not waited for without limit."""
    bench = Bench()
    bench.add("a")
    bench.dispatch()
    bench.plan.finish(bench.now_s, hurried=True)
    for _ in range(3):
        bench.later(GRACE_S)

    assert bench.plan.over
