"""What a worker's end means: who is blamed, and whether its slot gets another worker."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ended_workers import ended, place, worker_with

from spreadjobs.endings import End, not_started, release, report, settle
from spreadjobs.events import Exit, NotStarted
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Attempt, Cause
from spreadjobs.settings import Settings
from spreadjobs.slots import SlotPhase, WorkerState
from spreadjobs.states import WorkerMachine

DEFAULT = Settings()
CAUSES: list[Cause] = ["died", "timed out", "violation", "departed"]


def tasks(ledger: Ledger) -> list[tuple[Sequence[Attempt], Sequence[Attempt], bool]]:
    """Attempts, departures and the mark "alone" of every task that waits."""
    found = []
    while taken := ledger.take(9, 1, alone=True, others={9}):
        found += [(task.attempts, task.departures, task.solo) for task in taken]
    return found


# --- blame


@pytest.mark.parametrize("cause", ["died", "timed out", "violation"])
def test_task_that_was_alone_is_charged(cause: Cause) -> None:
    """Alone on a worker of a slot that has answered: the attempt is the task's, with the last stderr lines. [JOB-2]"""
    ledger = Ledger(first_task_id=1, max_attempts=3, max_kills=10)
    worker = worker_with(ledger, 1, answered=True)

    assert release(worker, ledger, cause, "why", ["last words"]) == 1

    attempt = Attempt(worker="1.1", cause=cause, detail="why", stderr=("last words",))
    assert tasks(ledger) == [((attempt,), (), True)]
    assert not worker.machine.outstanding


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("answered", [True, False])
def test_several_tasks_are_not_charged_but_sent_alone(cause: Cause, *, answered: bool) -> None:
    """Nobody knows which one it was: all go back uncharged, in order, to be sent one at a time. [JOB-2]"""
    ledger = Ledger(first_task_id=1, max_attempts=1, max_kills=10)
    worker = worker_with(ledger, 3, answered=answered)

    assert release(worker, ledger, cause, "why", ()) == 3

    assert tasks(ledger) == [((), (), True)] * 3


@pytest.mark.parametrize("cause", ["died", "timed out", "violation"])
def test_slot_that_never_answered_charges_no_task(cause: Cause) -> None:
    """A program that never worked is to blame itself. [JOB-2]"""
    ledger = Ledger(first_task_id=1, max_attempts=1, max_kills=10)

    assert release(worker_with(ledger, 1, answered=False), ledger, cause, "why", ()) == 1

    assert tasks(ledger) == [((), (), False)]


@pytest.mark.parametrize("answered", [True, False])
def test_departure_charges_nobody_but_is_remembered(*, answered: bool) -> None:
    """The task that was alone on a worker that left is not charged; that it was there is kept. [RUN-14]"""
    ledger = Ledger(first_task_id=1, max_attempts=3, max_kills=10)

    release(worker_with(ledger, 1, answered=answered), ledger, "departed", "why", ())

    assert tasks(ledger) == [((), (Attempt(worker="1.1", cause="departed", detail="why"),), True)]


def test_idle_worker_blames_nobody() -> None:
    """A worker that held nothing takes nothing with it."""
    ledger = Ledger(first_task_id=1, max_attempts=1, max_kills=10)
    ledger.add("a")

    assert release(WorkerState(1, place(), "1.1", WorkerMachine()), ledger, "died", "why", ()) == 0
    assert tasks(ledger) == [((), (), False)]


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


def test_delay_does_not_grow_with_kills() -> None:
    """A signal from outside says nothing about the program. [JOB-5]"""
    slot = place(answered=True)
    delays = []
    for cause in ("killed", "died", "killed", "killed", "died"):
        settle(slot, DEFAULT, End(cause, "why", 1), 100.0)
        delays.append(round(slot.start_at_s - 100.0, 6))

    assert delays == [0.05, 0.05, 0.05, 0.05, 0.1]


def test_second_violation_gives_the_slot_up() -> None:
    """A bug in a program does not heal, however many answers came between. [VIO-2]"""
    slot = place(answered=True)
    settle(slot, DEFAULT, End("violation", "why", 1), 0.0)
    first = slot.phase
    slot.ends = slot.counted_ends = 0
    settle(slot, DEFAULT, End("violation", "why again", 1), 0.0)

    assert (first, slot.phase) == (SlotPhase.WAITING, SlotPhase.GONE)


@pytest.mark.parametrize("most", [1, 4])
def test_so_many_violations_as_the_settings_say_give_the_slot_up(most: int) -> None:
    """``max_violations`` bounds them; no answer in between takes one off. [VIO-2]"""
    slot = place(answered=True)
    settings = Settings(max_violations=most)
    for _ in range(most):
        assert slot.phase is not SlotPhase.GONE
        slot.ends = slot.counted_ends = 0
        settle(slot, settings, End("violation", "why", 1), 0.0)

    assert slot.phase is SlotPhase.GONE


@pytest.mark.parametrize("cause", ["died", "killed", "timed out"])
def test_ends_of_another_cause_are_no_violations(cause: Cause) -> None:
    """Whose workers held tasks when they ended goes on however often, even where one violation would be too many."""
    slot = place(answered=True)
    for _ in range(20):
        settle(slot, Settings(max_violations=1), End(cause, "why", 1), 0.0)

    assert slot.phase is SlotPhase.WAITING


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
    not_started(slot, DEFAULT, NotStarted("no such file", hopeless=True), 0.0)

    assert (slot.phase, slot.why, slot.usefulness) == (SlotPhase.GONE, "no such file", 0.0)


def test_program_that_could_not_be_started_now_is_tried_again() -> None:
    """A full process table may have room later; the limit is that of other ends. [JOB-4]"""
    slot = place()
    fates = []
    for _ in range(3):
        not_started(slot, DEFAULT, NotStarted("try again", hopeless=False), 0.0)
        fates.append(slot.phase)

    assert fates == [SlotPhase.WAITING, SlotPhase.WAITING, SlotPhase.GONE]
    assert slot.why == "try again"


def test_report_has_what_the_caller_asks_for() -> None:
    """Exit status or signal, tasks answered, seconds busy, last lines."""
    told = report(ended(exit=Exit(signal="SIGTERM"), answered=5, busy_s=2.5), "why", ["line"], 100.0)
    missing = report(ended(), "no such file", (), 100.0)

    assert (told.name, told.arguments, told.status, told.signal) == ("1.1", ("worker",), None, "SIGTERM")
    assert (told.reason, told.answered, told.busy_s, told.stderr) == ("why", 5, 2.5, ("line",))
    assert (missing.status, missing.signal, missing.answered) == (None, None, 0)
