"""What a run says that waits: which worker, which task, and why."""

from __future__ import annotations

from bench import FOUR, LOCK_STEP, Bench

from spreadjobs.events import Evidence
from spreadjobs.ledger import Ledger
from spreadjobs.settings import Settings
from spreadjobs.stall import MOST_NAMED, stall_text


def said(bench: Bench, seconds: float = 0.0) -> str:
    """What is said so much later."""
    bench.later(seconds)
    return stall_text(bench.plan, bench.now_s)


def test_worker_that_holds_a_task_is_named_with_task_and_time() -> None:
    """The oldest unanswered task, for how long, and the setting that would end it."""
    bench = Bench(FOUR)
    bench.run("a", "b")
    bench.plan.places[0].ever_answered = True

    assert said(bench, 75.0) == (
        "no answer for a while: 0 tasks wait, 2 are at workers: "
        "worker 1.1 has held task 0 for 75 s (Settings.task_timeout_s would end it)"
    )


def test_worker_that_holds_a_task_is_named_with_how_far_it_is() -> None:
    """What its pipes show says which of the ways to be late this is. [JOB-1]"""
    bench = Bench(FOUR)
    [key] = bench.run("a")
    bench.plan.places[0].ever_answered = True
    bench.evidence[key] = Evidence(sent_bytes=9, unread_bytes=9)

    assert "held task 0 for 75 s: it read none of the 9 bytes that it was sent (Settings." in said(bench, 75.0)


def test_resting_worker_is_named_with_the_rest_of_its_rest() -> None:
    """Workers may refuse for ever: it is said that they do. [BUSY-3]"""
    bench = Bench()
    [key] = bench.run("a")
    bench.refuse(key, 100.0)

    assert said(bench, 60.0) == (
        "no answer for a while: 1 tasks wait, 0 are at workers: worker 1.1 said TooBusy and rests for another 40.0 s"
    )


def test_until_when_nothing_will_be_done_comes_first_where_all_refuse() -> None:
    """Which of a thousand workers comes back first would else be told last, or not at all. [BUSY-3]"""
    bench = Bench(slots=3)
    keys = bench.run("a", "b", "c")
    for key, delay_s in zip(keys, (100.0, 70.0, 900.0), strict=True):
        bench.refuse(key, delay_s)

    assert said(bench, 1.0).startswith(
        "no answer for a while: 3 tasks wait, 0 are at workers: "
        "all 3 workers said TooBusy, and the first of them is asked again in "
    )
    rests_s = [worker.rest_until_s - bench.now_s - 1.0 for worker in bench.plan.workers.values()]
    assert f"asked again in {min(rests_s):.1f} s; worker 1.1 said TooBusy" in said(bench, 1.0)


def test_workers_that_do_not_all_refuse_are_named_one_by_one() -> None:
    """One of them works. [BUSY-3]"""
    bench = Bench(slots=2)
    keys = bench.run("a", "b")
    bench.refuse(keys[0], 100.0)

    assert "workers said TooBusy" not in said(bench, 60.0)


def test_slot_that_waits_to_be_started_again_is_named_with_its_last_end() -> None:
    """When it is started again, and why its last worker ended."""
    bench = Bench()
    bench.end(bench.run("a")[0])
    bench.later(0.05)
    bench.end(bench.start()[0])

    assert said(bench) == (
        "no answer for a while: 1 tasks wait, 0 are at workers: slot 1 is started again in 0.1 s (exit status 1)"
    )


def test_slot_that_is_late_is_not_early() -> None:
    """A slot whose time has come is started in 0 s, not before now."""
    bench = Bench()
    [key] = bench.run("a")
    bench.end(key)

    assert "slot 1 is started again in 0.0 s" in said(bench, 10.0)


def test_idle_worker_and_worker_on_its_way_out_are_named_as_what_they_are() -> None:
    """A worker that holds nothing says so, and how far it is."""
    bench = Bench(Settings(window=1, task_timeout_s=1.0), slots=3)
    bench.add("a", exhausted=False)
    bench.start()
    bench.hand_out()
    text = said(bench, 1.0)

    assert "worker 1.1 was sent TERM and holds nothing" in text
    assert "worker 2.1 live and holds nothing" in text


def test_task_of_an_earlier_run_is_named_as_that() -> None:
    """A worker that still does what nobody waits for is named too."""
    bench = Bench(LOCK_STEP)
    bench.run("old")
    bench.ledger.cancel_all("the run was ended")
    bench.plan.begin(Ledger(first_task_id=bench.ledger.next_task_id(), max_attempts=3, max_kills=10))

    assert "worker 1.1 has held a task of an earlier run for 5 s" in said(bench, 5.0)


def test_only_a_few_workers_are_named() -> None:
    """With a thousand workers the text is still one line to read."""
    bench = Bench(slots=MOST_NAMED + 3)
    bench.add(*range(MOST_NAMED + 3), exhausted=False)
    bench.start()
    bench.start()
    bench.hand_out()

    text = said(bench)

    assert text.count("has held") == MOST_NAMED
    assert text.endswith("; and 3 more")
