"""What a worker's end means: who is blamed, and whether its slot gets another worker."""

from __future__ import annotations

import pytest

from spreadjobs.arglists import read_arglists
from spreadjobs.endings import (
    End,
    natural_end,
    not_started,
    overdue,
    overstayed,
    progress,
    release,
    report,
    settle,
)
from spreadjobs.events import Evidence, Exit
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Attempt, Cause
from spreadjobs.settings import Settings
from spreadjobs.slots import SlotPhase, SlotState, WorkerPhase, WorkerState
from spreadjobs.states import Event, WorkerMachine

DEFAULT = Settings()
CAUSES: list[Cause] = ["died", "timed out", "violation", "departed"]


def place(*, answered: bool = False) -> SlotState:
    """A slot with a worker."""
    state = SlotState(read_arglists([["worker"]])[0], SlotPhase.OCCUPIED)
    state.ever_answered = answered
    return state


def worker_with(ledger: Ledger, count: int, *, answered: bool) -> WorkerState:
    """A worker that holds so many tasks, of a slot that has answered before or not."""
    machine = WorkerMachine()
    machine.happen(Event.STARTED)
    for index in range(count):
        ledger.add(index)
        task = ledger.take(0, alone=True, others=set())
        assert task is not None
        machine.request_sent(ledger.send(task))
    return WorkerState(1, place(answered=answered), "1.1", machine)


def tasks(ledger: Ledger) -> list[tuple[list[Attempt], list[Attempt], bool]]:
    """Attempts, departures and the mark "alone" of every task that waits."""
    found = []
    while (task := ledger.take(9, alone=True, others={9})) is not None:
        found.append((task.attempts, task.departures, task.solo))
    return found


# --- blame


@pytest.mark.parametrize("cause", ["died", "timed out", "violation"])
def test_task_that_was_alone_is_charged(cause: Cause) -> None:
    """Alone on a worker of a slot that has answered: the attempt is the task's, with the last stderr lines. [JOB-2]"""
    ledger = Ledger(first_task_id=1, max_attempts=3)
    worker = worker_with(ledger, 1, answered=True)

    assert release(worker, ledger, cause, "why", ["last words"]) == 1

    attempt = Attempt(worker="1.1", cause=cause, detail="why", stderr=("last words",))
    assert tasks(ledger) == [([attempt], [], True)]
    assert not worker.machine.outstanding


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("answered", [True, False])
def test_several_tasks_are_not_charged_but_sent_alone(cause: Cause, answered: bool) -> None:  # noqa: FBT001
    """Nobody knows which one it was: all go back uncharged, in order, to be sent one at a time. [JOB-2]"""
    ledger = Ledger(first_task_id=1, max_attempts=1)
    worker = worker_with(ledger, 3, answered=answered)

    assert release(worker, ledger, cause, "why", ()) == 3

    assert tasks(ledger) == [([], [], True)] * 3


@pytest.mark.parametrize("cause", ["died", "timed out", "violation"])
def test_slot_that_never_answered_charges_no_task(cause: Cause) -> None:
    """A program that never worked is to blame itself. [JOB-2]"""
    ledger = Ledger(first_task_id=1, max_attempts=1)

    assert release(worker_with(ledger, 1, answered=False), ledger, cause, "why", ()) == 1

    assert tasks(ledger) == [([], [], False)]


@pytest.mark.parametrize("answered", [True, False])
def test_departure_charges_nobody_but_is_remembered(answered: bool) -> None:  # noqa: FBT001
    """The task that was alone on a worker that left is not charged; that it was there is kept. [RUN-14]"""
    ledger = Ledger(first_task_id=1, max_attempts=3)

    release(worker_with(ledger, 1, answered=answered), ledger, "departed", "why", ())

    assert tasks(ledger) == [([], [Attempt(worker="1.1", cause="departed", detail="why")], True)]


def test_idle_worker_blames_nobody() -> None:
    """A worker that held nothing takes nothing with it."""
    ledger = Ledger(first_task_id=1, max_attempts=1)
    ledger.add("a")

    assert release(WorkerState(1, place(), "1.1", WorkerMachine()), ledger, "died", "why", ()) == 0
    assert tasks(ledger) == [([], [], False)]


# --- the slot


@pytest.mark.parametrize("held", [0, 1, 5])
def test_slot_that_never_answered_is_given_up_after_restarts_ends(held: int) -> None:
    """Ends in a row without an answer count against the slot; so many are too many. [JOB-4]"""
    slot = place()
    fates = []
    for _ in range(3):
        slot.phase = SlotPhase.OCCUPIED
        settle(slot, DEFAULT, End("died", "why", held), 0.0)
        fates.append(slot.phase)

    assert fates == [SlotPhase.WAITING, SlotPhase.WAITING, SlotPhase.GONE]
    assert slot.why == "why"


@pytest.mark.parametrize(("settings", "ends"), [(Settings(restarts=1), 1), (Settings(max_attempts=5), 5)])
def test_restarts_is_max_attempts_unless_set(settings: Settings, ends: int) -> None:
    """``restarts=None`` means as many as a task has attempts."""
    slot = place()
    for _ in range(ends):
        assert slot.phase is not SlotPhase.GONE
        settle(slot, settings, End("died", "why"), 0.0)

    assert slot.phase is SlotPhase.GONE


@pytest.mark.parametrize("held", [1, 2])
def test_ends_with_tasks_do_not_count_against_a_slot_that_has_answered(held: int) -> None:
    """With one task the task is charged, with several nobody is: the slot is started again, and again. [JOB-2]"""
    slot = place(answered=True)
    for _ in range(20):
        settle(slot, DEFAULT, End("died", "why", held), 0.0)

    assert slot.phase is SlotPhase.WAITING
    assert slot.counted_ends == 0


def test_idle_ends_count_against_a_slot_that_has_answered() -> None:
    """A worker that dies with nothing in its hands can only blame itself."""
    slot = place(answered=True)
    for _ in range(3):
        settle(slot, DEFAULT, End("died", "why", 0), 0.0)

    assert slot.phase is SlotPhase.GONE


def test_delay_grows_from_a_twentieth_second_to_five() -> None:
    """0.05 s, doubled with each end since the last answer, 5 s at most."""
    slot = place(answered=True)
    delays = []
    for _ in range(9):
        settle(slot, DEFAULT, End("died", "why", 1), 100.0)
        delays.append(round(slot.start_at_s - 100.0, 6))

    assert delays == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_second_violation_gives_the_slot_up() -> None:
    """A bug in a program does not heal, however many answers came between. [VIO-2]"""
    slot = place(answered=True)
    settle(slot, DEFAULT, End("violation", "why", 1), 0.0)
    first = slot.phase
    slot.ends = slot.counted_ends = 0
    settle(slot, DEFAULT, End("violation", "why again", 1), 0.0)

    assert (first, slot.phase) == (SlotPhase.WAITING, SlotPhase.GONE)


def test_departed_worker_is_not_replaced() -> None:
    """Who leaves with status 0 does not come back, and has done nothing wrong. [RUN-14]"""
    slot = place(answered=True)
    settle(slot, DEFAULT, End("departed", "left", 1), 0.0)

    assert (slot.phase, slot.why, slot.ends, slot.usefulness) == (SlotPhase.GONE, "left", 0, 1.0)


def test_departed_worker_is_replaced_where_that_is_asked_for() -> None:
    """``replace_departed=True`` is for programs that recycle themselves; they stay as useful as they were. [RUN-14]"""
    slot = place(answered=True)
    settle(slot, Settings(replace_departed=True), End("departed", "left", 1), 0.0)

    assert (slot.phase, slot.usefulness) == (SlotPhase.WAITING, 1.0)


def test_replacements_that_leave_without_an_answer_are_given_up() -> None:
    """A program that only leaves is not started for ever. [RUN-14]"""
    slot = place()
    for _ in range(3):
        settle(slot, Settings(replace_departed=True), End("departed", "left", 1), 0.0)

    assert slot.phase is SlotPhase.GONE


def test_end_takes_the_usefulness_away() -> None:
    """A slot whose worker died is of no use until it answers again."""
    slot = place(answered=True)
    settle(slot, DEFAULT, End("died", "why", 1), 0.0)

    assert slot.usefulness == 0.0


# --- programs that cannot be started


def test_missing_program_is_not_tried_again() -> None:
    """Where another try cannot help, there is none. [JOB-4]"""
    slot = place()
    not_started(slot, DEFAULT, "no such file", hopeless=True, now_s=0.0)

    assert (slot.phase, slot.why, slot.usefulness) == (SlotPhase.GONE, "no such file", 0.0)


def test_program_that_could_not_be_started_now_is_tried_again() -> None:
    """A full process table may have room later; the limit is that of other ends. [JOB-4]"""
    slot = place()
    fates = []
    for _ in range(3):
        not_started(slot, DEFAULT, "try again", hopeless=False, now_s=0.0)
        fates.append(slot.phase)

    assert fates == [SlotPhase.WAITING, SlotPhase.WAITING, SlotPhase.GONE]
    assert slot.why == "try again"


# --- why


def ended(**changes: object) -> WorkerState:
    """A worker that has ended so."""
    worker = WorkerState(1, place(), "1.1", WorkerMachine())
    for name, value in changes.items():
        setattr(worker, name, value)
    return worker


def test_status_0_at_a_boundary_is_a_departure() -> None:
    """Left by itself, with the setting that would replace it. [RUN-13]"""
    worker = ended(exit=Exit(status=0), stdout_ended=True)
    assert natural_end(worker) == ("departed", "left with exit status 0 and never answered anything; is it a worker?")

    worker.place.ever_answered = True
    cause, why = natural_end(worker)

    assert cause == "departed"
    assert "Settings.replace_departed" in why


def test_status_0_inside_a_message_is_no_departure() -> None:
    """A message broke off: it died. [RUN-13]"""
    assert natural_end(ended(exit=Exit(status=0), inside_message=True)) == (
        "died",
        "exit status 0, in the middle of a message",
    )


@pytest.mark.parametrize(
    ("exit_", "words"), [(Exit(status=3), "exit status 3"), (Exit(signal="SIGSEGV"), "killed by SIGSEGV")]
)
def test_other_ends_are_deaths(exit_: Exit, words: str) -> None:
    """A status other than 0 and a signal are said as they are. [JOB-4]"""
    assert natural_end(ended(exit=exit_)) == ("died", words)


def test_end_in_shutdown_is_in_order() -> None:
    """Behind the end of its input a worker may end in any way; how is told. [SHUT-5]"""
    assert natural_end(ended(exit=Exit(status=3), phase=WorkerPhase.CLOSING)) == (
        "departed",
        "exit status 3, in shutdown",
    )


def test_what_it_was_ended_for_is_why_it_ended() -> None:
    """The signal that the master sent is not the cause. [VIO-2]"""
    fault: tuple[Cause, str] = ("violation", "it spoke out of turn")

    assert natural_end(ended(exit=Exit(signal="SIGKILL"), fault=fault, phase=WorkerPhase.KILLED)) == fault


def test_process_that_does_not_go_away_is_named() -> None:
    """Even KILL does not end a process in uninterruptible sleep. [SHUT-10]"""
    assert natural_end(ended()) == ("died", "its process did not go away after KILL")


@pytest.mark.parametrize(
    ("stdout_ended", "held_by", "words"),
    [
        (True, ["sleep (pid 7)"], "was then held open by sleep (pid 7), of its group, until KILL (spec SHUT-4)"),
        (True, [], "was then held open by another process, of its group, until KILL (spec SHUT-4)"),
        (
            False,
            ["a (pid 7)", "b (pid 8)"],
            "is held open by a (pid 7), b (pid 8), not of its group, and was not",
        ),
    ],
)
def test_who_held_its_output_is_named(stdout_ended: bool, held_by: list[str], words: str) -> None:  # noqa: FBT001
    """A process that it left behind is told from one that lives on itself. [SHUT-4]"""
    worker = ended(exit=Exit(status=3), stdout_ended=stdout_ended, held_by=held_by)
    assert natural_end(worker)[1].startswith(f"exit status 3; its standard output {words}")

    worker.phase = WorkerPhase.TERMINATED
    assert natural_end(worker)[1].startswith(f"exit status 3, in shutdown; its standard output {words}")

    worker.fault = ("timed out", "no response")
    assert natural_end(worker)[1].startswith(f"no response; its standard output {words}")


def test_what_it_did_instead_of_ending_is_said() -> None:
    """The signal alone would not say why the master sent it. [SHUT-3]"""
    worker = ended(exit=Exit(signal="SIGTERM"), phase=WorkerPhase.TERMINATED, late="did not end in time")

    assert natural_end(worker) == ("departed", "killed by SIGTERM, in shutdown: did not end in time")


# --- late


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (Evidence(), ""),
        (Evidence(sent_bytes=9, unread_bytes=None), ""),
        (Evidence(sent_bytes=9, unread_bytes=9), "it read none of the 9 bytes that it was sent"),
        (Evidence(sent_bytes=9, unread_bytes=2), "it read 7 of the 9 bytes that it was sent, and no more"),
        (Evidence(sent_bytes=9, unread_bytes=0), "it read all that it was sent, and no message is begun"),
        (
            Evidence(sent_bytes=9, unread_bytes=0, begun_bytes=5),
            "it stopped in the middle of a message, of which 5 bytes came",
        ),
    ],
)
def test_ways_to_be_late_are_told_apart(evidence: Evidence, words: str) -> None:
    """Half a message, nothing read, not all read, all read: what the pipes show, and nothing where they do not."""
    assert progress(evidence) == words


LIMITED = Settings(task_timeout_s=10.0, start_timeout_s=30.0)
SILENT = Evidence(sent_bytes=9, unread_bytes=9)


def test_limit_of_a_task_is_said_with_how_far_the_worker_is() -> None:
    """No response, and what the pipes show of it. [JOB-2]"""
    worker = worker_with(Ledger(first_task_id=1, max_attempts=3), 1, answered=True)
    worker.answered, worker.busy_since_s = 1, 90.0
    worker.oldest_since_s = 90.0

    assert overdue(worker, LIMITED, Evidence(), 100.0) == (
        "timed out",
        "no response to its oldest request within 10.0 s",
    )
    assert overdue(worker, LIMITED, SILENT, 100.0) == (
        "timed out",
        "no response to its oldest request within 10.0 s; it read none of the 9 bytes that it was sent",
    )


def test_limit_of_the_first_answer_is_said_as_that() -> None:
    """It is another setting that would give it more time. [JOB-4]"""
    worker = worker_with(Ledger(first_task_id=1, max_attempts=3), 1, answered=False)
    worker.busy_since_s = worker.oldest_since_s = 70.0

    cause, why = overdue(worker, LIMITED, SILENT, 100.0)

    assert (cause, why.partition(";")[0]) == ("timed out", "no first answer within 30.0 s")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stdout_ended": True}, "closed its standard output and lived on (spec RUN-13)"),
        (
            {"stdout_ended": True, "inside_message": True},
            "closed its standard output in the middle of a message and lived on (spec RUN-13)",
        ),
        ({"takes_more": False}, "closed its standard input and lived on (spec RUN-7)"),
    ],
)
def test_closed_pipe_of_a_live_worker_is_a_violation(changes: dict[str, object], words: str) -> None:
    """No way to leave, and no way to work. [RUN-13] [RUN-7]"""
    assert overdue(ended(**changes), Settings(), Evidence(), 100.0) == ("violation", words)


def test_late_in_shutdown_is_said_with_what_it_did() -> None:
    """Closed its output, did not read its input, held a task, or just did not end. [SHUT-3]"""
    idle = ended(since_s=70.0)
    late = "did not end within 30.0 s of the end of its input or its last byte (spec SHUT-3)"
    text = Evidence(sent_bytes=9, unread_bytes=0, begun_bytes=100)

    assert overstayed(idle, text, 100.0) == late
    assert overstayed(idle, SILENT, 100.0) == f"{late}; it read none of the 9 bytes that it was sent"
    unread = Evidence(sent_bytes=9, unread_bytes=9, begun_bytes=100)
    assert overstayed(idle, unread, 100.0) == f"{late}; it read none of the 9 bytes that it was sent"
    busy = worker_with(Ledger(first_task_id=1, max_attempts=3), 1, answered=True)
    busy.since_s = 70.0
    assert overstayed(busy, text, 100.0) == f"{late}; it stopped in the middle of a message, of which 100 bytes came"
    idle.stdout_ended = True
    assert overstayed(idle, text, 100.0) == "closed its standard output and lived on for 30.0 s (spec SHUT-3)"


def test_report_has_what_the_caller_asks_for() -> None:
    """Exit status or signal, tasks answered, seconds busy, last lines."""
    told = report(ended(exit=Exit(signal="SIGTERM"), answered=5, busy_s=2.5), "why", ["line"], 100.0)
    missing = report(ended(), "no such file", (), 100.0)

    assert (told.name, told.arguments, told.status, told.signal) == ("1.1", ("worker",), None, "SIGTERM")
    assert (told.reason, told.answered, told.busy_s, told.stderr) == ("why", 5, 2.5, ("line",))
    assert (missing.status, missing.signal, missing.answered) == (None, None, 0)
