"""The plan: what is done next, fact by fact."""

from __future__ import annotations

import math

import attrs
import pytest
from bench import FOUR, TIMED, Bench, experienced, kinds, of

from spreadjobs.errors import CannotEncode, RemoteException
from spreadjobs.events import Came, CloseStdin, Discard, Exit, Launch, Say, Show, Started, Took, Unencodable
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Answered, Failed
from spreadjobs.settings import Settings
from spreadjobs.slots import BACKLOG, GRACE_S

# --- the plain way


def test_run_from_start_to_end() -> None:
    """Launch, send, answer, end of input, exit: nothing is said, nothing is killed."""
    bench = Bench()
    bench.add("a")
    assert bench.dispatch() == [Launch(1, 0, "1.1")]
    assert bench.tell(1, Started()) == []
    assert bench.hand_out() == {1: ["a"]}
    bench.now_s += 2.0
    assert bench.answer(1, "A") == [Took([1000.0], 1002.0)]
    assert bench.outcomes() == [Answered(task_index=0, value="A", worker="1.1")]
    over = [bench.plan.over]

    assert bench.plan.finish(bench.now_s) == [CloseStdin(1)]
    assert bench.end(1, Exit(status=0)) == [Discard(1, text_due=True)]

    assert [*over, bench.plan.over] == [False, True]
    assert [(report.name, report.answered, report.busy_s, report.status) for report in bench.plan.reports] == [
        ("1.1", 1, 2.0, 0)
    ]


def test_answers_of_one_read_are_one_fact() -> None:
    """Each answer is timed by its own request. [RUN-6]"""
    bench = Bench(FOUR)
    [key] = bench.run("a", "b", "c")
    bench.now_s += 1.0

    assert bench.answer(key, "A", "B") == [Took([1000.0, 1000.0], 1001.0)]
    assert [outcome.task_index for outcome in bench.outcomes()] == [0, 1]
    assert bench.held(key) == [102]


def test_printed_lines_are_shown_with_the_tasks_position() -> None:
    """Lines come with every kind of response, and nothing is shown where there are none. [OUT-3]"""
    bench = Bench(attrs.evolve(FOUR, window=4))
    [key] = bench.run("a", "b", "c")
    first, second, third = bench.held(key)
    messages = [
        ((first, "A"), ["o\n"], None),
        (("TooBusy", second, 0.5), "busy\n", None),
        (("RemoteException", third, "T", "m", "t"), None, ["e\n"]),
    ]

    shown = of(Show, bench.tell(key, Came(messages)))

    assert shown == [Show(0, ["o\n"], ()), Show(1, ("busy\n",), ()), Show(2, (), ["e\n"])]


def test_failure_is_an_outcome_and_the_worker_goes_on() -> None:
    """A task that raised has ended; it is not the worker's end, and counts as a response. [ERR-2]"""
    bench = Bench()
    [key] = bench.run("a", "b")

    orders = bench.tell(key, Came([(("RemoteException", 100, "ValueError", "bad", "Traceback"), ["o"], ["e"])]))

    [outcome] = bench.outcomes()
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, RemoteException)
    assert (outcome.error.args, outcome.error.task_index) == (("ValueError", "bad", "Traceback"), 0)
    assert (outcome.error.out, outcome.error.err) == (["o"], ["e"])
    assert of(Took, orders) == []
    assert bench.worker(key).answered == 1
    assert bench.hand_out() == {key: ["b"]}


def test_unencodable_payload_fails_and_the_others_go_on() -> None:
    """The request was not sent, so the worker has room for another one."""
    bench = Bench(FOUR)
    [key] = bench.run("a", "b", "c")

    assert bench.tell(key, Unencodable(bench.held(key)[1], "a socket")) == []

    [outcome] = bench.outcomes()
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, CannotEncode)
    assert (outcome.task_index, str(outcome.error)) == (1, "a socket")
    bench.answer(key, "A", "C")
    assert [outcome.task_index for outcome in bench.outcomes()] == [0, 2]


def test_worker_whose_only_request_was_not_sent_is_idle() -> None:
    """What was not sent is not waited for: no limit runs."""
    bench = Bench(TIMED)
    [key] = bench.run("a")

    bench.tell(key, Unencodable(bench.held(key)[0], "a socket"))

    assert bench.worker(key).held_s(bench.now_s) == 0.0
    assert bench.later(20.0) == []


def test_todo_is_taken_as_far_as_it_is_wanted() -> None:
    """Short tasks widen the window, and so does what is wanted of todo; workers still to be started are told of."""
    bench = Bench(Settings(), slots=5)
    bench.add("a", exhausted=False)
    eager = [bench.plan.eager]
    keys = bench.start()
    eager.append(bench.plan.eager)
    bench.hand_out()
    wanted = bench.plan.wanted()
    bench.answer(keys[0], "A")

    assert (eager, wanted, bench.plan.wanted()) == ([True, True], 3, 5)


def test_slots_whose_time_has_come_are_not_forgotten() -> None:
    """More slots are to be started again than a turn starts: the plan wants to be looked at again at once."""
    bench = Bench(slots=6)
    bench.add("a", exhausted=False)
    for key in [*bench.start(), *bench.start()]:
        bench.end(key)
    bench.later(1.0)

    assert len(of(Launch, bench.dispatch())) == 4
    assert bench.plan.wake_s() == bench.now_s
    bench.later(0.0)
    assert len(of(Launch, bench.dispatch())) == 2


# --- starting


def test_missing_program_is_said_and_the_others_go_on() -> None:
    """Warn and go on with the other workers. [JOB-4]"""
    bench = Bench(slots=2)
    bench.add("a")
    bench.dispatch()

    assert bench.miss(1) == [Say("1.1: no such file", warning=True)]
    bench.tell(2, Started())

    assert bench.hand_out() == {2: ["a"]}
    assert not bench.plan.lost
    assert not bench.plan.places[0].ever_started
    assert [report.reason for report in bench.plan.reports] == ["no such file"]


def test_all_programs_missing_is_the_end() -> None:
    """Where nothing could be started, nothing is left to wait for. [JOB-4]"""
    bench = Bench(slots=2)
    bench.add("a")
    bench.dispatch()
    bench.miss(1)
    bench.miss(2)

    assert bench.plan.lost
    assert bench.plan.wake_s() == math.inf


# --- several runs with the same workers


def test_further_run_goes_on_with_the_same_workers() -> None:
    """Ids count on, so that an answer of the earlier run is not taken for a new one. [RUN-2]"""
    bench, [key] = experienced(FOUR)
    bench.add("old")
    bench.hand_out()
    [old] = bench.held(key)
    bench.ledger.cancel_all("the run was ended")
    bench.outcomes()
    bench.ledger = Ledger(first_task_id=bench.ledger.next_task_id(), max_attempts=3, max_kills=10)
    bench.plan.begin(bench.ledger)
    assert not bench.plan.exhausted
    bench.add("new")
    assert bench.hand_out() == {key: ["new"]}

    orders = bench.tell(key, Came([((old, "OLD"), ["shown to nobody\n"], None)]))

    assert orders == []
    assert bench.outcomes() == []
    bench.answer(key, "NEW")
    assert bench.outcomes() == [Answered(task_index=0, value="NEW", worker="1.1")]


def test_refusal_of_an_earlier_runs_task_is_heeded() -> None:
    """A worker that asks to be left alone is left alone. [BUSY-3]"""
    bench, [key] = experienced()
    bench.add("old")
    bench.hand_out()
    bench.ledger.cancel_all("the run was ended")
    bench.plan.begin(Ledger(first_task_id=bench.ledger.next_task_id(), max_attempts=3, max_kills=10))

    assert kinds(bench.refuse(key, 5.0)) == ["Say"]
    assert bench.worker(key).rest_until_s >= bench.now_s + 5.0


@pytest.mark.parametrize("settings", [Settings(), Settings(window=64)])
def test_a_further_run_learns_anew_how_long_tasks_take(settings: Settings) -> None:
    """A run of long tasks may follow one of short ones: nothing is sent ahead before the first answers."""
    bench, [key] = experienced(settings)
    bench.worker(key).window = 64

    bench.plan.begin(bench.ledger)

    assert bench.worker(key).window == (1 if settings.window == "auto" else 64)


def test_worker_that_ended_by_order_can_be_started_again() -> None:
    """A further run behind an end in good order finds its slots ready."""
    bench, [key] = experienced()
    bench.plan.finish(bench.now_s)
    bench.end(key, Exit(status=0))
    bench.plan.begin(bench.ledger)
    bench.add("a")

    assert of(Launch, bench.dispatch()) == [Launch(2, 0, "1.2")]


# --- the clock


def test_alarms_that_were_put_off_do_not_ring() -> None:
    """A limit that moved on is looked at again when it is due, once."""
    bench, [key] = experienced(Settings(window=2, task_timeout_s=10.0))
    bench.add("a", "b")
    bench.hand_out()
    bench.later(5.0)
    bench.answer(key, "A")
    assert bench.plan.wake_s() == bench.now_s + 5.0

    assert bench.later(5.0) == []
    assert bench.plan.wake_s() == bench.now_s + 5.0


def test_earlier_limit_takes_the_place_of_a_later_one() -> None:
    """A limit that comes nearer is looked at in time, and the old one is forgotten."""
    bench, [key] = experienced()
    bench.plan.finish(bench.now_s)
    bench.plan.finish(bench.now_s, hurried=True)
    bench.later(GRACE_S)
    bench.end(key, Exit(signal="SIGTERM"))

    assert bench.later(100.0) == []
    assert bench.plan.wake_s() == math.inf


def test_a_backlog_of_answers_widens_the_windows() -> None:
    """Tasks of two milliseconds are queued one by one, but more of them where several workers wait for the master."""
    windows = []
    for ready in (BACKLOG - 1, BACKLOG):
        bench = Bench(Settings())
        (key,) = bench.run(*range(40))
        bench.plan.note_ready(ready)
        for _ in range(3):
            bench.later(0.002 * len(bench.plan.workers[key].machine.outstanding))
            for payload in range(len(bench.plan.workers[key].machine.outstanding)):
                bench.answer(key, payload)
            bench.hand_out()
        windows.append(bench.plan.workers[key].window)

    assert windows[0] == 1
    assert windows[1] > 1
