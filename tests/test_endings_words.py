"""Why a worker ended, in the words that stand in errors and reports: which fault it was, and how far it had come."""

from __future__ import annotations

import pytest
from ended_workers import ended, worker_with

from spreadjobs.endings import natural_end, overdue, overstayed, progress
from spreadjobs.events import Evidence, Exit
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Cause
from spreadjobs.settings import Settings
from spreadjobs.slots import WorkerPhase

LIMITED = Settings(task_timeout_s=10.0, start_timeout_s=30.0)
SILENT = Evidence(sent_bytes=9, unread_bytes=9)


def test_status_0_at_a_boundary_is_a_departure() -> None:
    """Left by itself, with the setting that would replace it. [RUN-13]"""
    worker = ended(exit=Exit(status=0), stdout_ended=True)
    assert natural_end(worker, Settings()) == (
        "departed",
        "left with exit status 0 and never answered anything; is it a worker?",
    )

    worker.place.ever_answered = True
    cause, why = natural_end(worker, Settings())

    assert cause == "departed"
    assert why == "left by itself with exit status 0 (Settings.replace_departed would replace it)"
    assert natural_end(worker, Settings(replace_departed=True)) == ("departed", "left by itself with exit status 0")


def test_status_0_inside_a_message_is_no_departure() -> None:
    """A message broke off: it died. [RUN-13]"""
    assert natural_end(ended(exit=Exit(status=0), inside_message=True), Settings()) == (
        "died",
        "exit status 0, in the middle of a message",
    )


@pytest.mark.parametrize(
    ("exit_", "words"), [(Exit(status=3), "exit status 3"), (Exit(signal="SIGSEGV"), "killed by SIGSEGV")]
)
def test_other_ends_are_deaths(exit_: Exit, words: str) -> None:
    """A status other than 0 and a signal are said as they are. [JOB-4]"""
    assert natural_end(ended(exit=exit_), Settings()) == ("died", words)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    ("exit_", "words"), [(Exit(signal="SIGKILL"), "killed by SIGKILL"), (Exit(status=137), "exit status 137")]
)
def test_who_may_have_sent_a_signal_from_outside_is_said(exit_: Exit, words: str, *, inside: bool) -> None:
    """No more is known than that it was not the master: the worker may have killed itself. [JOB-5]"""
    cause, why = natural_end(ended(exit=exit_, inside_message=inside), Settings())

    assert cause == "killed"
    assert why.startswith(f"{words} (not sent by the master; perhaps by the kernel where memory ran out,")
    assert why.endswith("in the middle of a message") == inside


def test_end_in_shutdown_is_in_order() -> None:
    """Behind the end of its input a worker may end in any way; how is told. [SHUT-5]"""
    assert natural_end(ended(exit=Exit(status=3), phase=WorkerPhase.CLOSING), Settings()) == (
        "departed",
        "exit status 3, in shutdown",
    )


def test_what_it_was_ended_for_is_why_it_ended() -> None:
    """The signal that the master sent is not the cause. [VIO-2]"""
    fault: tuple[Cause, str] = ("violation", "it spoke out of turn")

    assert natural_end(ended(exit=Exit(signal="SIGKILL"), fault=fault, phase=WorkerPhase.KILLED), Settings()) == fault


def test_process_that_does_not_go_away_is_named() -> None:
    """Even KILL does not end a process in uninterruptible sleep. [SHUT-10]"""
    assert natural_end(ended(), Settings()) == ("died", "its process did not go away after KILL")


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
def test_who_held_its_output_is_named(*, stdout_ended: bool, held_by: list[str], words: str) -> None:
    """A process that it left behind is told from one that lives on itself. [SHUT-4]"""
    worker = ended(exit=Exit(status=3), stdout_ended=stdout_ended, held_by=held_by)
    assert natural_end(worker, Settings())[1].startswith(f"exit status 3; its standard output {words}")

    worker.phase = WorkerPhase.TERMINATED
    assert natural_end(worker, Settings())[1].startswith(f"exit status 3, in shutdown; its standard output {words}")

    worker.fault = ("timed out", "no response")
    assert natural_end(worker, Settings())[1].startswith(f"no response; its standard output {words}")


def test_what_it_did_instead_of_ending_is_said() -> None:
    """The signal alone would not say why the master sent it. [SHUT-3]"""
    worker = ended(exit=Exit(signal="SIGTERM"), phase=WorkerPhase.TERMINATED, late="did not end in time")

    assert natural_end(worker, Settings()) == ("departed", "killed by SIGTERM, in shutdown: did not end in time")


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


def test_limit_of_a_task_is_said_with_how_far_the_worker_is() -> None:
    """No response, and what the pipes show of it. [JOB-2]"""
    worker = worker_with(Ledger(first_task_id=1, max_attempts=3, max_kills=10), 1, answered=True)
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
    worker = worker_with(Ledger(first_task_id=1, max_attempts=3, max_kills=10), 1, answered=False)
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
    busy = worker_with(Ledger(first_task_id=1, max_attempts=3, max_kills=10), 1, answered=True)
    busy.since_s = 70.0
    assert overstayed(busy, text, 100.0) == f"{late}; it stopped in the middle of a message, of which 100 bytes came"
    idle.stdout_ended = True
    assert overstayed(idle, text, 100.0) == "closed its standard output and lived on for 30.0 s (spec SHUT-3)"
