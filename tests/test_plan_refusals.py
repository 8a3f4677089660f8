"""The plan when workers refuse tasks: the worker rests, and the task goes to another one."""

from __future__ import annotations

from bench import Bench, of

from spreadjobs.events import Came, Say
from spreadjobs.messages import LegacyTooBusy
from spreadjobs.settings import Settings


def test_refused_task_goes_to_another_worker_uncharged() -> None:
    """The worker rests, the task goes back, nobody is to blame. [BUSY-3]"""
    bench = Bench(slots=2)
    bench.add("a", exhausted=False)
    first, second = bench.start()
    assert bench.hand_out() == {first: ["a"]}

    orders = bench.refuse(first, 5.0)

    assert of(Say, orders) == [Say("1.1: TooBusy: sleeping 5.000 s")]
    assert bench.hand_out() == {second: ["a"]}
    bench.answer(second, "A")
    assert bench.outcomes()[0].attempts == ()


def test_comment_of_a_refusal_is_said() -> None:
    """The ancestor's comment is in the log line. [INST-1]"""
    bench = Bench()
    [key] = bench.run("a")

    orders = bench.tell(key, Came([(LegacyTooBusy(0.5, "no licence"), None, None)]))

    assert [say.text.rpartition(" s ")[2] for say in of(Say, orders)] == ["for no licence"]


def test_refusal_lowers_usefulness_and_an_answer_raises_it() -> None:
    """The ancestor's measure of who is worth asking."""
    bench = Bench()
    [key] = bench.run("a")
    bench.refuse(key, 0.0)
    low = bench.plan.places[0].usefulness
    bench.wake()
    bench.hand_out()
    bench.answer(key, "A")

    assert (round(low, 4), round(bench.plan.places[0].usefulness, 4)) == (0.8515, 0.8738)


def test_worker_that_refuses_and_dies_has_not_answered() -> None:
    """A refusal is no answer: the end counts against the slot. [JOB-2]"""
    bench = Bench(Settings(window=1, restarts=1))
    [key] = bench.run("a")
    bench.refuse(key, 0.0)
    bench.end(key)

    assert bench.plan.lost
