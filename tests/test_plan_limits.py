"""The plan's time limits of a task and of a first answer, and what restarts them."""

from __future__ import annotations

import attrs
from bench import TIMED, Bench, experienced, of, why

from spreadjobs.events import Came, Exit, Kill, Say, Terminate
from spreadjobs.settings import Settings
from spreadjobs.slots import GRACE_S


def test_task_that_takes_too_long_is_charged_and_its_worker_ended() -> None:
    """TERM to the worker, the task to another one, its attempt "timed out". [JOB-2]"""
    bench, [key] = experienced(TIMED)
    bench.add("a")
    bench.hand_out()
    assert bench.later(9.9) == []

    assert bench.later(0.1) == [Terminate(key)]

    assert bench.ledger.waiting == 1
    assert bench.later(GRACE_S) == [Kill(key)]
    orders = bench.end(key, Exit(signal="SIGKILL"))
    assert of(Say, orders) == [Say("1.1: no response to its oldest request within 10.0 s", warning=True)]


def test_time_limit_of_a_task_begins_when_it_is_the_oldest() -> None:
    """A request that waits behind another one has its own time."""
    bench, [key] = experienced(Settings(window=2, task_timeout_s=10.0))
    bench.add("a", "b")
    bench.hand_out()
    bench.later(9.0)
    bench.answer(key, "A")

    assert bench.later(9.0) == []
    assert bench.later(1.0) == [Terminate(key)]


def test_alive_restarts_the_limit_and_nothing_else() -> None:
    """Alive is no response: the task still has to be answered, and can still time out. [RUN-12]"""
    bench, [key] = experienced(TIMED)
    bench.add("a")
    bench.hand_out()
    for _ in range(3):
        bench.later(9.0)
        assert bench.tell(key, Came([(("Alive", bench.held(key)[0]), None, None)])) == []

    assert bench.worker(key).answered == 1
    assert bench.later(9.0) == []
    assert bench.later(1.0) == [Terminate(key)]


def test_alive_does_not_restart_the_limit_of_the_first_answer() -> None:
    """A worker that only says Alive has not proved that it works. [RUN-12]"""
    bench = Bench(Settings(window=1, start_timeout_s=3.0))
    [key] = bench.run("a")
    bench.later(2.0)
    bench.tell(key, Came([(("Alive", 100), None, None)]))

    assert bench.later(1.0) == [Terminate(key)]
    bench.end(key, Exit(signal="SIGTERM"))
    assert why(bench) == "no first answer within 3.0 s"


def test_first_request_may_come_late() -> None:
    """A worker that waited long for its first request has its time from then."""
    bench = Bench(Settings(window=1, start_timeout_s=3.0))
    bench.add(exhausted=False)
    bench.start()
    bench.later(100.0)
    bench.add("a")
    assert bench.hand_out() == {1: ["a"]}

    assert bench.later(2.0) == []
    assert bench.later(1.0) == [Terminate(1)]


def test_what_was_read_in_time_counts() -> None:
    """Everything that is ready is read before a limit is judged."""
    bench, [key] = experienced(TIMED)
    bench.add("a")
    bench.hand_out()
    bench.now_s += 11.0
    bench.answer(key, "A")

    assert bench.later(0.0) == []
    assert len(bench.outcomes()) == 1


def test_end_after_a_time_out_does_not_charge_twice() -> None:
    """The task was charged when its time was up; how the process ends changes nothing. [JOB-1]"""
    bench, [key] = experienced(attrs.evolve(TIMED, max_attempts=2))
    bench.add("a")
    bench.hand_out()
    bench.later(10.0)
    bench.end(key, Exit(signal="SIGTERM"))

    assert bench.outcomes() == []
    assert bench.ledger.waiting == 1
