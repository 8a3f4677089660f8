"""``spread-jobs-conform master``: what the first screen says of masters that are wrong, each in its way."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from kit_runs import kit, kit_with_report
from master_runs import CASE, adapter, made, performer
from processes import ENVIRONMENT
from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.catalogue import master_cases
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.judging import judged
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.report_text import TextReport
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.verdicts import Exit, Outcome, Status, Verdict
from terminals import terminal

FORM = "spec/1.0/masters.md"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "prints_nothing",
            [
                "  came:   the adapter printed nothing; its status is 0, and no worker was started\n",
                "  due:    an account of the job on standard output, and status 0\n",
                "  cure:   print the account, one JSON object, to standard output when the job is done "
                f"({FORM}, section 3)\n",
            ],
        ),
        (
            "prints_progress",
            [
                "it begins b'1 of 3 tasks done\\n'; its status is 0, and no worker was started\n",
                "  cure:   print nothing to standard output but the account; what the master shows its user goes to "
                f"standard error ({FORM}, section 1)\n",
            ],
        ),
        (
            "crashes",
            [
                "  came:   the adapter has exited with status 1, and no worker was started: KeyError: 'worker_comm",
                "  cure:   see its last lines of standard error; exit with status 0 and an account",
                "    | KeyError: 'worker_commands'\n",
            ],
        ),
        (
            "starts_nobody",
            [
                "  came:   no worker was started, and the master said: task 0 was cancelled: not today\n",
                "  cure:   start the job's workers: execute each argument list of its `workers` as it is, no shell "
                f"({FORM}, section 2)\n",
            ],
        ),
    ],
)
def test_command_that_does_not_do_the_simplest_job_is_told_once(name: str, lines: list[str], tmp_path: Path) -> None:
    """Where the simplest job is not done, one failure tells why and the way to go, and no other case is tried."""
    run = kit_with_report(tmp_path, "--", *adapter(name), verb="master")

    ended = list(run.statuses().values())
    assert run.status == 1
    assert (run.out.count("FAIL  "), ended.count("fail"), ended.count("pass")) == (1, 1, 0)
    assert ended.count("not-testable") == sum("pickle" in case.codecs for case in master_cases()) - 1
    assert run.out.startswith("FAIL  master-")
    for line in lines:
        assert line in run.unfolded, run.out
    assert "the simplest job, one task for one worker, was not done or not told" in run.unfolded
    assert (
        "The command is to be an adapter for the master under test, a page of code: spec/1.0/masters.md" in run.unfolded
    )
    assert run.out.endswith("\nNOT CONFORMANT\n")


def test_wrong_value_is_told_with_its_conversation() -> None:
    """A value that reached the caller changed is shown with what the worker sent, the rule and the cure."""
    run = kit("master", "--case", "master-wire/any-pickle-protocol", "--", *adapter("answers_text"))

    assert run.status == 1
    for part in (
        "FAIL  master-wire/any-pickle-protocol  (MUST WIRE-6)\n",
        " is answered with ",
        " (str) came, ",
        f"  cure:   hand the caller each value with its type; for its form in the account see {FORM}, section 4\n",
        "  rule:   WIRE-6 (MUST): The master reads messages right",
        " kit     starts the master with a job: codec pickle, ",
        " master  starts worker 1.1 (process ",
        " master  to 1.1: (",
        " worker  1.1 writes ",
        " master  exits with status 0\n",
        "  again:  spread-jobs-conform master --case master-wire/any-pickle-protocol -- ",
        "\n1 fail in ",
        "\nNOT CONFORMANT\n",
    ):
        assert part in run.unfolded, run.out


def test_one_mistake_is_told_once(tmp_path: Path) -> None:
    """Failures of one cause, whatever the values and the types of them, are one block."""
    run = kit_with_report(tmp_path, "--case", "master-wire/*", "--", *adapter("answers_text"), verb="master")

    failed = list(run.statuses().values()).count("fail")
    assert failed >= 3
    assert run.out.count("FAIL  ") == 1
    assert f"\nand {failed - 1} more cases fail in the same way: master-wire/" in run.out


def test_bytes_that_are_no_message_are_shown() -> None:
    """What a master wrote in place of a message is shown in bytes, with their places, and as opcodes. [WIRE-1]"""
    run = kit("master", "--case", CASE, "--", *adapter("writes_rubbish"))

    assert run.status == 1
    assert run.out.startswith(f"FAIL  {CASE}  (MUST WIRE-1)\n")
    assert (
        "  came:   what the master wrote to worker 1.1 is no message: the message refers to memo entry 101" in run.out
    )
    assert "\n  its bytes, from their places in all that it wrote to this worker on, and what they say:\n" in run.out
    assert "\n           0  80 04 68 65 6c 6c 6f 2c 20 77 6f 72 6b 65 72 0a  ..hello, worker.\n" in run.out
    assert "\n           0  PROTO 4\n" in run.out


@pytest.mark.slow
def test_hanging_master_is_told_what_it_waits_for(tmp_path: Path) -> None:
    """A master that does not end is told what its workers are at, which sort of hang it is, and the cure."""
    words = ("--timeout-scale", "0.25", "--", *adapter("never_ends", str(tmp_path / "pids")))
    run = kit("master", "--case", CASE, *words)

    assert run.status == 1
    assert (
        "  came:   the master had not ended within 5 s; its workers: 1.1 was sent 0 messages, 2.1 was sent 0 messages\n"
        "  due:    an account of the job\n"
        "  hang:   no end of the master: it sent nothing\n"
        "  cure:   send each worker its preparation and then tasks, flushed"
    ) in run.unfolded, run.out


def test_quiet_run_shows_failures_and_the_verdict_alone() -> None:
    """With ``-q`` neither families nor totals are shown."""
    run = kit("master", "-q", "--case", CASE, "--", *adapter("prints_nothing"))
    good = kit("master", "-q", "--case", CASE, "--", *adapter("ours"))

    assert run.out.startswith(f"FAIL  {CASE}  (MUST JOB-1, PREP-1)\n")
    assert "  master-prep 1 fail" not in run.out
    assert good.out.startswith("CONFORMANT in what was selected (")
    assert good.out.count("\n") == 1


def test_fault_of_the_kit_is_none_of_the_master() -> None:
    """Where a case itself went wrong, the text says that this says nothing about the master."""
    [case] = [case for case in master_cases() if case.id == CASE]
    verdict = Verdict(case=case, level="MUST", status=Status.HARNESS_ERROR, reason="Traceback: it broke")
    out = io.StringIO()
    TextReport(out, load_requirements(), "again {}").write(Outcome((verdict,), (), Exit.KIT_FAULT), 1.0, "")

    assert out.getvalue().startswith(f"KIT FAULT  {CASE}  (MUST PREP-1)\n")
    assert "\n    | Traceback: it broke\n" in out.getvalue()
    assert out.getvalue().endswith("\nTHE KIT FAILED: this says nothing about the master\n")


def test_long_conversation_is_that_of_the_workers_concerned() -> None:
    """Of many events those are shown that have to do with the worker or the task that the failure names."""

    def by_name(play: Play) -> None:
        play.run(Job(tasks=list(range(12)), workers=3), echo)
        play.check("JOB-1", play.actors[1].name == "", f"worker {play.actors[1].name} did something", "another thing")

    def by_task(play: Play) -> None:
        play.run(Job(tasks=list(range(12)), workers=3), echo)
        play.check_answer(7, "another value")

    named = judged(made("a/name", by_name), performer("ours"), "MUST")
    asked = judged(made("a/task", by_task), performer("ours"), "MUST")

    assert named.status is asked.status is Status.FAIL
    about = named.came.split()[1]
    assert "starts the master with" in named.conversation[0]
    assert "exits with status 0" in named.conversation[-1]
    assert len(named.conversation) > 3
    assert all(f" {about}" in line for line in named.conversation[1:-1])
    # Every task goes to one worker, which is the one whose events are shown.
    assert len({line.split("to ")[1][:3] for line in asked.conversation if " master  to " in line}) == 1
    assert any(
        line.split(": ", 1)[1].startswith("(") and ", 7)" in line for line in asked.conversation if " to " in line
    )


@pytest.mark.slow
def test_hang_shows_which_worker_still_has_work() -> None:
    """A worker that was sent a task and does not answer is named."""

    def role(actor: Actor) -> None:
        actor.request()
        actor.until(lambda: False)

    def body(play: Play) -> None:
        play.run(Job(tasks=["a"]), role)

    verdict = judged(made("a/hang", body), performer("ours", scale=0.25), "MUST")

    assert verdict.status is Status.FAIL
    assert verdict.hang == "no end of the master: the input of a worker is still open"
    assert verdict.came == "the master had not ended within 5 s; its workers: 1.1 was sent 1 message"


@pytest.mark.slow
def test_hang_shows_a_worker_that_stays() -> None:
    """A worker that is still there after the end of its input is named, with the cure. [SHUT-10]"""

    def role(actor: Actor) -> None:
        request = actor.request()
        assert request is not None
        actor.answer(request, "b")
        actor.until(lambda: False)

    def body(play: Play) -> None:
        play.run(Job(tasks=["a"]), role, limit_s=5)

    verdict = judged(made("a/stays", body), performer("ours"), "MUST")

    assert verdict.hang == "no end of the master: a worker stays after the end of its input"
    assert verdict.came.endswith("its workers: 1.1 was sent 1 message, its input is closed")
    assert verdict.cure.startswith("end what stays beyond shutdown_timeout_s with all processes of its group")


@pytest.mark.slow
def test_a_terminal_has_progress_and_colour() -> None:
    """At a terminal the number of cases that are done is shown while the run goes on, and the verdict in colour."""
    words = ["--case", CASE, "-j", "1", "--", *adapter("ours")]
    program = "from spreadjobs_conform.__main__ import run; run()"
    plain = {name: value for name, value in ENVIRONMENT.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    with terminal([sys.executable, "-c", program, "master", *words], {**plain, "TERM": "xterm-256color"}) as user:
        status, seen = user.end()

    assert status == 0
    assert "0 of 1 cases, starting" in seen
    assert "\x1b[33mCONFORMANT in what was selected (" in seen
