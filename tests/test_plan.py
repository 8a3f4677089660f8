"""The plan: what is done next, fact by fact."""

from __future__ import annotations

import math

import attrs
from bench import FOUR, LOCK_STEP, Bench, kinds, of

from spreadjobs.errors import CannotEncode, RemoteException
from spreadjobs.events import (
    Came,
    CloseStdin,
    Discard,
    Evidence,
    Exit,
    Exited,
    Kill,
    Launch,
    Say,
    Show,
    Started,
    StdinBroken,
    StdoutEnded,
    Terminate,
    Took,
    Unencodable,
)
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Answered, Failed, Quarantined
from spreadjobs.settings import Settings
from spreadjobs.slots import GRACE_S, LINGER_S, SlotPhase
from spreadjobs.states import State

TIMED = Settings(window=1, task_timeout_s=10.0)
ONE_TRY = Settings(window=1, max_attempts=1)


def experienced(settings: Settings = LOCK_STEP, *, slots: int = 1) -> tuple[Bench, list[int]]:
    """A bench whose workers have each answered one task and hold nothing."""
    bench = Bench(settings, slots=slots)
    bench.add(*range(slots))
    keys = bench.start()
    bench.hand_out()
    for key in keys:
        bench.answer(key, "v")
    bench.outcomes()
    return bench, keys


def why(bench: Bench) -> str:
    """Why the last worker ended, as its report has it."""
    return bench.plan.reports[-1].reason


# --- the plain way


def test_run_from_start_to_end() -> None:
    """Launch, send, answer, end of input, exit: nothing is said, nothing is killed."""
    bench = Bench()
    bench.add("a")
    assert bench.dispatch() == [Launch(1, 0, "1.1")]
    assert bench.tell(1, Started()) == []
    assert bench.hand_out() == {1: ["a"]}
    bench.now_s += 2.0
    assert bench.answer(1, "A") == [Took(1000.0, 1002.0)]
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

    assert bench.answer(key, "A", "B") == [Took(1000.0, 1001.0)] * 2
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


# --- blame


def test_task_alone_at_a_death_is_charged_and_tried_again() -> None:
    """Alone on a worker that died: an attempt, another worker, the same task. [JOB-2]"""
    bench, [key] = experienced()
    bench.add("a")
    bench.hand_out()
    bench.last_words[key] = ("Killed",)

    orders = bench.end(key, Exit(signal="SIGKILL"))

    assert orders == [Discard(key, text_due=False), Say("1.1: killed by SIGKILL", warning=True)]
    bench.later(0.05)
    [again] = bench.start()
    assert bench.hand_out() == {again: ["a"]}
    bench.answer(again, "A")
    [outcome] = bench.outcomes()
    assert [(try_.worker, try_.cause, try_.detail, try_.stderr) for try_ in outcome.attempts] == [
        ("1.1", "died", "killed by SIGKILL", ("Killed",))
    ]


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


# --- violations


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


# --- refusals


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
    from spreadjobs.messages import LegacyTooBusy  # noqa: PLC0415 - one test's own

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


# --- time limits


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


# --- pipes that are closed, and held open


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
    assert not say.warning


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


def test_process_that_survives_kill_is_let_go() -> None:
    """Nothing is waited for without limit. [SHUT-10]"""
    bench, [key] = experienced()
    bench.garbage(key)

    assert kinds(bench.later(GRACE_S)) == ["Discard", "Say"]
    assert bench.plan.reports[-1].status is None
    assert bench.plan.workers == {}


# --- how workers are ended


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


# --- command mode


def commands(slots: int) -> Bench:
    """Command mode, as the engine sets it up."""
    bench = Bench(slots=slots)
    bench.add()
    bench.plan.workless = bench.plan.command = True
    assert bench.plan.finish(bench.now_s) == []
    return bench


def test_every_command_is_started_once_and_its_input_closed() -> None:
    """Nothing is sent, the input ends at once, what it writes is text. [CMD-1]"""
    bench = commands(5)
    keys = []
    while not bench.plan.over:
        keys += [launch.worker for launch in of(Launch, bench.dispatch())]
        assert bench.tell(keys[0], Started()) == [CloseStdin(keys[0])]
        assert bench.end(keys.pop(0), Exit(status=3)) == [Discard(len(bench.plan.reports), text_due=True)]

    assert len(bench.plan.reports) == 5
    assert bench.dispatch() == []


def test_limit_of_shutdown_does_not_hold_for_commands() -> None:
    """Its time in shutdown is its work. [CMD-3]"""
    bench = commands(1)
    bench.dispatch()
    bench.tell(1, Started())

    assert bench.later(10_000.0) == []


def test_exception_starts_no_further_commands() -> None:
    """Ctrl-C among many commands ends those that run, and no other one is started."""
    bench = commands(6)
    for launch in of(Launch, bench.dispatch()):
        bench.tell(launch.worker, Started())

    assert kinds(bench.plan.abort(bench.now_s)) == ["Terminate"] * 4
    assert bench.dispatch() == []
    for key in (1, 2, 3, 4):
        bench.end(key, Exit(signal="SIGTERM"))
    assert bench.plan.over


# --- several runs with the same workers


def test_further_run_goes_on_with_the_same_workers() -> None:
    """Ids count on, so that an answer of the earlier run is not taken for a new one. [RUN-2]"""
    bench, [key] = experienced(FOUR)
    bench.add("old")
    bench.hand_out()
    [old] = bench.held(key)
    bench.ledger.cancel_all("the run was ended")
    bench.outcomes()
    bench.ledger = Ledger(first_task_id=bench.ledger.next_task_id(), max_attempts=3)
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
    bench.plan.begin(Ledger(first_task_id=bench.ledger.next_task_id(), max_attempts=3))

    assert kinds(bench.refuse(key, 5.0)) == ["Say"]
    assert bench.worker(key).rest_until_s >= bench.now_s + 5.0


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
