"""The plan when pipes are closed early, or are held open after the end of a process."""

from __future__ import annotations

import attrs
from bench import ONE_TRY, TIMED, experienced, kinds, why

from spreadjobs.events import (
    Came,
    CloseStdin,
    Discard,
    Evidence,
    Exit,
    Exited,
    Kill,
    Say,
    StdinBroken,
    StdoutEnded,
    Terminate,
)
from spreadjobs.outcomes import Quarantined
from spreadjobs.settings import Settings
from spreadjobs.slots import GRACE_S, LINGER_S


def test_worker_that_closes_its_input_is_asked_no_more() -> None:
    """It may answer what it holds and leave. [RUN-13]"""
    bench, [key] = experienced(Settings(window=2))
    bench.add("a", exhausted=False)
    bench.hand_out()

    assert bench.tell(key, StdinBroken()) == [CloseStdin(key)]

    bench.add("b")
    assert bench.hand_out() == {}
    bench.answer(key, "A")
    assert len(bench.outcomes()) == 1
    [discard, say] = bench.end(key, Exit(status=0))
    assert discard == Discard(key, text_due=False)
    assert isinstance(say, Say)
    assert say.warning  # It was the last one, and there is a task left.


def test_worker_that_closes_its_input_and_lives_on_is_ended() -> None:
    """After each response it should take a further request, or leave. [RUN-7]"""
    bench, [key] = experienced()
    bench.tell(key, StdinBroken())

    assert bench.later(29.0) == []
    assert bench.later(1.0) == [Terminate(key)]
    bench.end(key, Exit(signal="SIGTERM"))
    assert why(bench) == "closed its standard input and lived on (spec RUN-7)"


def test_task_limit_holds_for_a_worker_that_closed_its_input() -> None:
    """It holds a task like any other worker."""
    bench, [key] = experienced(attrs.evolve(TIMED, shutdown_timeout_s=None))
    bench.add("a")
    bench.hand_out()
    bench.tell(key, StdinBroken())

    assert bench.later(10.0) == [Terminate(key)]
    bench.end(key, Exit(signal="SIGTERM"))
    assert why(bench) == "no response to its oldest request within 10.0 s"


def test_worker_that_closes_its_output_and_lives_on_is_ended() -> None:
    """It left, so it has to go: after five seconds it is a violation. [RUN-13]"""
    bench, [key] = experienced(ONE_TRY)
    bench.add("a")
    bench.hand_out()
    bench.tell(key, StdoutEnded(inside_message=False))

    assert bench.later(LINGER_S) == [Terminate(key)]

    assert isinstance(bench.outcomes()[0], Quarantined)
    assert bench.later(GRACE_S) == [Kill(key)]
    bench.tell(key, Exited(Exit(signal="SIGKILL")))
    assert why(bench) == "closed its standard output and lived on (spec RUN-13)"


def test_grandchild_that_holds_the_pipe_is_killed_and_not_waited_for() -> None:
    """The process is gone, its output does not end: KILL to the group, then the worker is let go. [SHUT-10]"""
    bench, [key] = experienced()
    bench.add("a")
    bench.hand_out()
    assert bench.tell(key, Exited(Exit(status=0))) == []
    assert bench.hand_out() == {}

    assert bench.later(GRACE_S) == [Kill(key)]
    assert bench.tell(key, Came([((bench.held(key)[0], "A"), None, None)])) != [], "what was on its way still counts"
    orders = bench.later(GRACE_S)

    assert kinds(orders) == ["Discard", "Say"]
    assert len(bench.outcomes()) == 1


def test_process_that_survives_kill_is_let_go() -> None:
    """Nothing is waited for without limit. [SHUT-10]"""
    bench, [key] = experienced()
    bench.garbage(key)

    assert kinds(bench.later(GRACE_S)) == ["Discard", "Say"]
    assert bench.plan.reports[-1].status is None
    assert bench.plan.workers == {}


def test_who_holds_the_pipe_is_told_as_far_as_it_was_seen() -> None:
    """Of its group and ended with it, or not of its group and not waited for. [SHUT-4]"""
    bench, [key] = experienced()
    bench.tell(key, Exited(Exit(status=3)))
    bench.evidence[key] = Evidence(holders=["sleep (pid 7)"])
    assert bench.later(GRACE_S) == [Kill(key)]
    bench.tell(key, StdoutEnded(inside_message=False))
    assert "was then held open by sleep (pid 7), of its group" in why(bench)

    bench, [key] = experienced()
    bench.tell(key, Exited(Exit(status=3)))
    bench.later(GRACE_S)
    bench.evidence[key] = Evidence(holders=["sleep (pid 8)"])
    bench.later(GRACE_S)
    assert "is held open by sleep (pid 8), not of its group" in why(bench)


def test_end_without_a_holder_names_none() -> None:
    """A worker that had to be killed and then ended wholly left nothing behind. [SHUT-4]"""
    bench, [key] = experienced()
    bench.plan.finish(bench.now_s)
    bench.later(30.0)
    assert bench.later(GRACE_S) == [Kill(key)]
    bench.end(key, Exit(signal="SIGKILL"))

    assert why(bench).startswith("killed by SIGKILL, in shutdown: did not end within 30.0 s")
    assert "held" not in why(bench)
