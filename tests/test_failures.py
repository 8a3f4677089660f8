"""What a run raises that did not give all its answers."""

from __future__ import annotations

import pytest

from spreadjobs.errors import (
    CannotEncode,
    NoResponse,
    PoisonTask,
    RemoteException,
    RunError,
    UnencodableTask,
    WrongAnswer,
)
from spreadjobs.failures import ends_run, first_failure, run_error
from spreadjobs.outcomes import Answered, Attempt, Cancelled, Failed, Outcome, Quarantined

DIED = Attempt(worker="1.1", cause="died", detail="killed by SIGKILL", stderr=("one", "two", "three", "four"))
LEFT = Attempt(worker="2.1", cause="departed", detail="exit status 0")
NOBODY = NoResponse("no worker is left")

ANSWERED: Outcome[object] = Answered(task_index=0, value="v", worker="1.1")
RAISED = Failed(task_index=1, error=RemoteException("ValueError", "bad"), worker="1.1")
UNENCODABLE = Failed(task_index=2, error=CannotEncode("a socket cannot be pickled"))
POISON = Quarantined(task_index=3, attempts=(DIED, LEFT))
CANCELLED = Cancelled(task_index=4, reason="no worker is left")


def raised(*outcomes: Outcome[object]) -> RunError:
    """What a run with these outcomes raises."""
    return run_error(outcomes, NOBODY)


def failure(*outcomes: Outcome[object]) -> Exception | None:
    """The first failure of these."""
    return first_failure(outcomes)


@pytest.mark.parametrize(
    ("outcome", "ends"),
    [(ANSWERED, False), (RAISED, True), (UNENCODABLE, False), (POISON, False), (CANCELLED, True)],
    ids=["answered", "raised", "unencodable", "poison", "cancelled"],
)
def test_run_goes_on_behind_what_is_one_tasks_own(outcome: Outcome[object], *, ends: bool) -> None:
    """A task that raised ends the run, and so does the lack of workers; a poison task and a bad payload do not."""
    assert ends_run(outcome) is ends


def test_task_that_raised_is_what_the_run_raises() -> None:
    """The first failure in the order of completion; a payload that could not be encoded is none. [ERR-5]"""
    other = Failed(task_index=0, error=WrongAnswer("wrong type", 0, "1.1"))

    assert failure(POISON, UNENCODABLE, RAISED, other) is RAISED.error
    assert failure(other) is other.error
    assert failure(POISON, UNENCODABLE, CANCELLED, ANSWERED) is None


def test_poison_task_wins_over_the_lack_of_workers() -> None:
    """It is probably why no worker is left. [JOB-3] [JOB-4]"""
    error = raised(CANCELLED, UNENCODABLE, POISON)

    assert isinstance(error, PoisonTask)
    assert (error.task_index, error.task_indexes, error.attempts) == (3, (3,), (DIED, LEFT))


def test_poison_task_is_told_with_every_attempt() -> None:
    """Worker, cause, exit status or signal, last stderr lines: the whole story. [JOB-3]"""
    assert str(raised(POISON)).split("\n") == [
        "task 3 was alone on a worker that ended, 2 times, and was set aside; every other task was done "
        "(.partial has the answers, .attempts the attempts):",
        "  worker 1.1: died: killed by SIGKILL",
        "    stderr: two",
        "    stderr: three",
        "    stderr: four",
        "  worker 2.1: departed: exit status 0",
    ]


def test_poison_task_does_not_hide_that_no_worker_is_left() -> None:
    """Other tasks without an answer are counted, with the reason. [JOB-3] [JOB-4]"""
    first, *_ = str(raised(POISON, CANCELLED)).split("\n")

    assert "; of the others 1 that were begun have no answer either (no worker is left) (.partial" in first


def test_several_poison_tasks_are_all_named() -> None:
    """The first in todo order is told in full, of the others how they ended last. [JOB-3]"""
    others = [Quarantined(task_index=index, attempts=(LEFT,)) for index in (9, 7)]

    error = raised(others[0], POISON, others[1])

    assert isinstance(error, PoisonTask)
    assert (error.task_index, error.task_indexes) == (3, (3, 7, 9))
    assert str(error).endswith("\n  likewise task 7: exit status 0\n  likewise task 9: exit status 0")


def test_lack_of_workers_tells_the_attempts_of_the_first_task_that_is_missing() -> None:
    """What was tried with it is in the error. [JOB-4]"""
    tried = Cancelled(task_index=2, reason="no worker is left", attempts=(DIED,))
    error = raised(Cancelled(task_index=8, reason="no worker is left", attempts=(LEFT,)), tried)

    assert error is NOBODY
    assert error.attempts == (DIED,)


def test_lack_of_workers_wins_over_bad_payloads() -> None:
    """NoResponse says what is missing. [JOB-4]"""
    assert raised(UNENCODABLE, CANCELLED) is NOBODY


def test_bad_payloads_are_told_with_their_positions() -> None:
    """All other tasks were done; each bad payload has its reason."""
    earlier = Failed(task_index=1, error=CannotEncode("a lambda"))

    error = raised(UNENCODABLE, earlier)

    assert isinstance(error, UnencodableTask)
    assert error.task_index == 1
    assert dict(error.reasons) == {1: "a lambda", 2: "a socket cannot be pickled"}
    assert str(error).split("\n")[1:] == ["  task 1: a lambda", "  task 2: a socket cannot be pickled"]
