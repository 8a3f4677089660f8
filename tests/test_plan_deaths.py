"""The plan when workers die or leave: which task is to blame, and which slot is started again."""

from __future__ import annotations

import pytest
from bench import FOUR, ONE_TRY, Bench, experienced, of, why

from spreadjobs.events import Discard, Exit, Say
from spreadjobs.outcomes import Answered, Attempt, Quarantined
from spreadjobs.settings import Settings
from spreadjobs.slots import SlotPhase


def test_task_alone_at_a_death_is_charged_and_tried_again() -> None:
    """Alone on a worker that died: an attempt, another worker, the same task. [JOB-2]"""
    bench, [key] = experienced()
    bench.add("a")
    bench.hand_out()
    bench.last_words[key] = ("assertion failed",)

    orders = bench.end(key, Exit(signal="SIGABRT"))

    assert orders == [Discard(key, text_due=False), Say("1.1: killed by SIGABRT", warning=True)]
    bench.later(0.05)
    [again] = bench.start()
    assert bench.hand_out() == {again: ["a"]}
    bench.answer(again, "A")
    [outcome] = bench.outcomes()
    assert outcome.attempts == (
        Attempt(worker="1.1", cause="died", detail="killed by SIGABRT", stderr=("assertion failed",), signal="SIGABRT"),
    )


@pytest.mark.parametrize("exit_", [Exit(signal="SIGKILL"), Exit(status=137)])
def test_kills_have_a_larger_limit_of_their_own(exit_: Exit) -> None:
    """A task is set aside for ``max_kills`` signals from outside, not for ``max_attempts``. [JOB-5]"""
    bench, [key] = experienced(Settings(window=1, max_attempts=2, max_kills=4))
    bench.add("unlucky")
    fates = []
    for _ in range(4):
        bench.hand_out()
        bench.end(key, exit_)
        fates.append(bench.ledger.unfinished)
        bench.later(5.0)
        [key] = bench.start() or [0]

    [outcome] = bench.outcomes()
    assert fates == [1, 1, 1, 0]
    assert isinstance(outcome, Quarantined)
    assert [attempt.cause for attempt in outcome.attempts] == ["killed"] * 4


def test_idle_workers_that_are_killed_are_replaced_more_often() -> None:
    """Nobody knows that the program is at fault; for ever it is not started again either. [JOB-5]"""
    bench, [key] = experienced(Settings(window=1, restarts=2, max_kills=4))
    bench.add("a", exhausted=False)
    for _ in range(3):
        bench.end(key, Exit(signal="SIGKILL"))
        bench.later(5.0)
        [key] = bench.start()
    [place] = bench.plan.places
    assert (place.kills, place.counted_ends) == (3, 0)

    bench.end(key, Exit(signal="SIGKILL"))

    assert place.phase is SlotPhase.GONE


def test_an_answer_forgives_the_kills_of_a_slot() -> None:
    """Only kills in a row count. [JOB-5]"""
    bench, [key] = experienced(Settings(window=1, max_kills=2))
    bench.add("a", exhausted=False)
    bench.end(key, Exit(signal="SIGTERM"))
    bench.later(5.0)
    [key] = bench.start()
    bench.hand_out()
    bench.answer(key, "A")

    assert bench.plan.places[0].kills == 0


def test_workers_that_ended_together_are_not_started_together() -> None:
    """The delay of a restart is spread by chance. [JOB-4]"""
    bench = Bench(slots=2, factors=[0.8, 1.4])
    bench.add("a", "b", exhausted=False)
    keys = bench.start()
    for key in keys:
        bench.end(key)

    assert sorted(place.start_at_s - bench.now_s for place in bench.plan.places) == pytest.approx([0.04, 0.07])


def test_poison_task_is_quarantined_after_max_attempts() -> None:
    """A task that ends every worker is set aside, the others are finished. [JOB-3]"""
    bench, [key] = experienced()
    bench.add("poison", "good")
    for _ in range(3):
        while bench.hand_out() != {key: ["poison"]}:
            bench.answer(key, "v")
        bench.end(key)
        bench.later(5.0)
        [key] = bench.start() or [0]

    outcomes = bench.outcomes()
    assert [type(outcome) for outcome in outcomes] == [Answered, Quarantined]
    assert [attempt.worker for attempt in outcomes[1].attempts] == ["1.1", "1.2", "1.3"]
    assert bench.ledger.unfinished == 0


def test_several_tasks_at_a_death_are_sent_alone_uncharged() -> None:
    """With batched answers the oldest unanswered is often innocent. [JOB-2]"""
    bench, [key] = experienced(FOUR)
    bench.add("a", "b", "c")
    bench.hand_out()
    bench.end(key)
    bench.later(0.05)
    [key] = bench.start()

    sent = []
    for _ in range(3):
        sent += bench.hand_out()[key]
        bench.answer(key, "v")

    assert sent == ["a", "b", "c"]
    assert [outcome.attempts for outcome in bench.outcomes()] == [(), (), ()]


def test_slot_that_never_answered_is_given_up_and_charges_no_task() -> None:
    """A program that dies at once is started three times; then the run has no worker. [JOB-4]"""
    bench = Bench()
    bench.add("a")
    said = []
    for _ in range(3):
        [key] = bench.start()
        bench.hand_out()
        said = of(Say, bench.end(key))
        bench.later(1.0)

    assert said == [Say("1.3: exit status 1 and is given up", warning=True)]
    assert bench.plan.lost
    assert bench.start() == []
    assert (bench.ledger.waiting, bench.outcomes()) == (1, [])
    assert bench.plan.places[0].why == "exit status 1"


def test_answer_begins_the_count_of_ends_anew() -> None:
    """Ends in a row: a slot that answers in between is not given up, and its delay begins anew."""
    bench = Bench()
    bench.add(*range(10))
    for _ in range(5):
        [key] = bench.start()
        bench.hand_out()
        bench.answer(key, "v")
        bench.end(key)  # Idle.
        assert bench.plan.places[0].start_at_s == bench.now_s + 0.05
        bench.later(0.05)

    assert not bench.plan.lost


def test_departed_worker_is_let_go_without_a_warning() -> None:
    """Status 0 at a boundary: nobody is charged, nobody is warned, nobody is started. [RUN-13] [RUN-14]"""
    bench, [first, second] = experienced(slots=2)
    bench.add("a")
    bench.hand_out()

    [discard, say] = bench.end(first, Exit(status=0))

    assert discard == Discard(first, text_due=False)
    assert isinstance(say, Say)
    assert not say.warning
    assert bench.hand_out() == {second: ["a"]}
    assert bench.later(60.0) == []
    assert bench.start() == []
    assert bench.plan.places[0].phase is SlotPhase.GONE


def test_task_that_makes_workers_leave_is_set_aside() -> None:
    """It may call ``sys.exit``: max_attempts departures are too many. [RUN-14]"""
    bench, keys = experienced(slots=4)
    bench.add("leave")
    for _ in range(3):
        [key] = bench.hand_out()
        bench.end(key, Exit(status=0))

    [outcome] = bench.outcomes()
    assert isinstance(outcome, Quarantined)
    assert [attempt.cause for attempt in outcome.attempts] == ["departed"] * 3
    assert len(keys) == 4


def test_recycled_program_is_started_again() -> None:
    """``replace_departed=True``: a program that leaves after each answer does all of todo. [RUN-14]"""
    bench = Bench(Settings(window=1, replace_departed=True))
    bench.add(*range(8))
    for _ in range(8):
        [key] = bench.start()
        bench.hand_out()
        bench.answer(key, "v")
        bench.end(key, Exit(status=0))
        bench.later(0.05)

    assert len(bench.outcomes()) == 8


def test_status_0_inside_a_message_is_a_death() -> None:
    """A message broke off: the task that was alone is charged. [RUN-13]"""
    bench, [key] = experienced(ONE_TRY)
    bench.add("a")
    bench.hand_out()

    bench.end(key, Exit(status=0), inside=True)

    assert isinstance(bench.outcomes()[0], Quarantined)
    assert why(bench) == "exit status 0, in the middle of a message"
