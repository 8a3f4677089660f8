"""Who gets which task, and which slots are started."""

from __future__ import annotations

import attrs
import pytest
from bench import FOUR, LOCK_STEP, Bench, of

from spreadjobs.dispatch import LAUNCHES_A_TURN
from spreadjobs.events import Came, Launch, Send, Started
from spreadjobs.settings import LEGACY, Settings

AUTO = Settings()


def test_few_workers_are_started_a_turn() -> None:
    """The first ones work while the next ones are started."""
    bench = Bench(slots=LAUNCHES_A_TURN + 2)
    bench.add("a", exhausted=False)

    first, eager, second = of(Launch, bench.dispatch()), bench.plan.eager, of(Launch, bench.dispatch())

    assert [launch.slot for launch in first] == [0, 1, 2, 3]
    assert [launch.name for launch in second] == ["5.1", "6.1"]
    assert eager
    assert not bench.plan.eager


def test_slots_that_wait_to_be_started_again_are_started_a_few_a_turn() -> None:
    """What cannot be started this turn has its turn at once, not when something else happens."""
    bench = Bench(slots=LAUNCHES_A_TURN + 2)
    bench.add("a", exhausted=False)
    for key in [*bench.start(), *bench.start()]:
        bench.end(key)
    bench.later(1.0)

    assert len(of(Launch, bench.dispatch())) == LAUNCHES_A_TURN
    assert bench.plan.wake_s() <= bench.now_s
    bench.later(0.0)
    assert len(of(Launch, bench.dispatch())) == 2
    bench.later(0.0)
    assert bench.plan.wake_s() > bench.now_s


def test_slot_is_not_started_again_before_its_time() -> None:
    """A slot waits for its delay, also when work waits."""
    bench = Bench()
    bench.end(bench.run("a")[0])

    assert bench.dispatch() == []
    bench.later(0.04)
    assert bench.dispatch() == []
    bench.later(0.01)
    assert of(Launch, bench.dispatch()) == [Launch(2, 0, "1.2")]


def test_nothing_is_started_where_no_work_waits() -> None:
    """Workers that would find nothing to do are not started."""
    bench = Bench(slots=6)
    bench.add("a")
    bench.start()
    bench.hand_out()

    assert bench.dispatch() == []
    assert not bench.plan.eager


def test_worker_gets_nothing_before_it_runs() -> None:
    """A worker whose process is not there yet is sent nothing. [EXEC-8]"""
    bench = Bench()
    bench.add("a")

    assert [type(order) for order in bench.dispatch()] == [Launch]
    assert bench.dispatch() == []
    bench.tell(1, Started())
    assert [type(order) for order in bench.dispatch()] == [Send]


def test_lock_step_is_one_request_at_a_time() -> None:
    """``window=1``: no request before the last one is answered. [RUN-8]"""
    bench = Bench(LOCK_STEP)
    [key] = bench.run("a", "b")

    assert bench.hand_out() == {}
    bench.answer(key, "A")
    assert bench.hand_out() == {key: ["b"]}


def test_window_is_filled() -> None:
    """A worker may be sent so many requests, the rest when it has answered. [RUN-8]"""
    bench = Bench(FOUR)
    bench.add(*"abcdef", exhausted=False)
    [key] = bench.start()

    assert bench.hand_out() == {key: list("abcd")}
    bench.answer(key, 0, 0)
    assert bench.hand_out() == {key: list("ef")}
    assert bench.held(key) == [102, 103, 104, 105]


@pytest.mark.parametrize("settings", [LEGACY, attrs.evolve(LEGACY, window=1)])
def test_untagged_dialect_is_lock_step(settings: Settings) -> None:
    """However short its tasks are, an untagged worker holds one. [UNT-3]"""
    bench = Bench(settings)
    [key] = bench.run(*"abcdef")
    for _ in range(4):
        assert len(bench.held(key)) == 1
        bench.tell(key, Came([("v", None, None)]))
        bench.hand_out()

    assert bench.worker(key).window == 1


def test_automatic_window_begins_with_one_and_grows() -> None:
    """``window="auto"``: more only while the measured tasks are short. [RUN-8]"""
    bench = Bench(AUTO)
    bench.add(*range(20), exhausted=False)
    [key] = bench.start()
    sizes = []
    for _ in range(3):
        sizes.append(len(bench.hand_out()[key]))
        bench.now_s += 0.00001
        bench.answer(key, *["v"] * sizes[-1])
    bench.hand_out()
    bench.now_s += 10
    bench.answer(key, *["v"] * 8)

    assert sizes == [1, 2, 4]
    assert bench.worker(key).window == 1


def test_last_tasks_are_shared_evenly() -> None:
    """When no more are to come, one worker does not take what others could do."""
    bench = Bench(FOUR, slots=3)
    bench.add("a", exhausted=False)
    keys = bench.start()
    bench.add(*range(11))

    assert [len(payloads) for payloads in bench.hand_out().values()] == [2, 2, 2]
    assert [len(payloads) for payloads in bench.hand_out().values()] == []
    assert len(keys) == 3


def test_last_tasks_are_kept_for_workers_that_are_being_started() -> None:
    """Long tasks behind short ones must not all wait at the worker that was there first."""
    bench = Bench(FOUR, slots=4)
    bench.add(*range(6), exhausted=False)
    first = bench.dispatch()[0]
    assert isinstance(first, Launch)
    bench.tell(first.worker, Started())
    bench.plan.to_come = 3

    assert bench.hand_out() == {first.worker: [0, 1]}

    bench.plan.exhausted = True
    bench.answer(first.worker, "v", "v")
    assert bench.hand_out() == {first.worker: [2]}
    assert bench.hand_out() == {}


def test_a_slot_that_is_given_up_gets_no_share() -> None:
    """What is left is shared by those that are left."""
    bench = Bench(attrs.evolve(FOUR, restarts=1), slots=2)
    bench.add(*range(8))
    keys = bench.start()
    bench.end(keys[0])

    assert bench.hand_out() == {keys[1]: [0, 1, 2, 3]}


def test_workers_are_filled_while_more_is_to_come() -> None:
    """As long as todo gives as much as they have room for."""
    bench = Bench(FOUR, slots=2)
    bench.add(*"abcdefghi", exhausted=False)
    bench.start()

    assert [len(payloads) for payloads in bench.hand_out().values()] == [4, 4]


def test_what_a_slow_todo_gives_goes_to_those_who_hold_least() -> None:
    """Nobody is idle while another one has tasks waiting, as far as they were not sent before."""
    bench = Bench(FOUR, slots=2)
    bench.add(*"ab", exhausted=False)
    first, second = bench.start()
    assert bench.hand_out() == {first: ["a"], second: ["b"]}

    bench.answer(second, "B")
    bench.add("c", exhausted=False)
    assert bench.hand_out() == {second: ["c"]}
    bench.add("d", "e", "f", exhausted=False)
    assert bench.hand_out() == {first: ["d"], second: ["e", "f"]}


def test_fewer_tasks_than_workers_leave_workers_idle() -> None:
    """A worker for which nothing is left gets nothing."""
    bench = Bench(FOUR, slots=3)
    bench.add(exhausted=False)
    bench.start()
    bench.add("a", "b")

    assert bench.hand_out() == {1: ["a"], 2: ["b"]}


def test_task_that_is_sent_alone_waits_for_an_empty_worker_and_keeps_it_to_itself() -> None:
    """Nothing is sent along with a solo task, and the workers run empty so that it does not wait for ever. [JOB-2]"""
    bench = Bench(FOUR, slots=2)
    bench.add(*"abcdefgh", exhausted=False)
    first, second = bench.start()
    assert bench.hand_out() == {first: list("abcd"), second: list("efgh")}
    bench.answer(first, 0)
    bench.end(first)
    bench.add("i", exhausted=False)

    bench.answer(second, 0, 0, 0)
    assert bench.hand_out() == {}, "it still holds a task"
    bench.answer(second, 0)
    assert bench.hand_out() == {second: ["b"]}
    assert bench.plan.wanted() < 0, "nothing more is wanted for it"
    bench.answer(second, 0)
    assert bench.hand_out() == {second: ["c"]}


def test_charged_task_waits_while_another_slot_lives() -> None:
    """An idle worker of the slot on which it failed does not get it; it gets others. [JOB-2]"""
    bench = Bench(LOCK_STEP, slots=2)
    first, second = bench.run("a", "b", "c", "d")
    bench.answer(first, "A")
    bench.hand_out()
    bench.end(first)  # Alone with c.
    bench.later(0.05)
    [third] = bench.start()
    assert bench.hand_out() == {third: ["d"]}
    bench.answer(third, "D")

    assert bench.hand_out() == {}
    bench.answer(second, "B")
    assert bench.hand_out() == {second: ["c"]}


def test_resting_worker_gets_nothing_until_it_has_rested() -> None:
    """A worker that refused is left alone, then it is asked again. [BUSY-3]"""
    bench = Bench()
    [key] = bench.run("a")
    bench.refuse(key, 2.0)

    assert bench.hand_out() == {}
    assert bench.now_s + 2.0 <= bench.plan.wake_s()
    bench.wake()
    assert bench.hand_out() == {key: ["a"]}


def test_wanted_is_the_room_that_nothing_waits_for() -> None:
    """Todo is taken as far as it can be handed out at once."""
    bench = Bench(FOUR, slots=2)
    bench.add("a", exhausted=False)
    assert bench.plan.wanted() == -1

    bench.start()
    assert bench.plan.wanted() == 7

    bench.hand_out()
    assert bench.plan.wanted() == 7


def test_nothing_is_sent_once_the_end_was_ordered() -> None:
    """Behind ``finish`` no task is handed out, whatever still waits. [SHUT-1]"""
    bench = Bench()
    bench.run("a", "b")
    bench.plan.finish(bench.now_s)
    bench.answer(1, "A")

    assert bench.dispatch() == []


def test_slot_of_a_command_is_started_again_if_it_could_not_be_started() -> None:
    """Command mode is over when every slot was started or given up. [CMD-1] [JOB-4]"""
    bench = Bench()
    bench.plan.workless = True
    bench.plan.finish(bench.now_s)
    over = [bench.plan.over]

    for key in (1, 2, 3):
        assert [launch.worker for launch in of(Launch, bench.dispatch())] == [key]
        bench.miss(key, "try again", hopeless=False)
        over.append(bench.plan.over)
        bench.later(1.0)

    assert over == [False, False, False, True]
    assert bench.plan.lost
