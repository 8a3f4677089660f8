"""The kit as a whole: a pass means that something was seen. What proves nothing is no pass."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest
from kit_runs import Run, kit, kit_with_report
from kit_scripts import DIES, RIGHT, WORKER, python
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.kill_table import folder

LOUD: Final = f"""
import sys
sys.path.insert(0, {str(folder())!r})
from right_worker import Worker, run
class Loud(Worker):
    def respond(self, request):
        sys.stderr.write("Traceback (most recent call last):\\nFatalError: all is lost\\n")
        return super().respond(request)
    def at_end(self):
        raise SystemExit(3)
run(Loud)
"""
"""Does everything right, complains at every task, and exits as a program that failed does."""

NEVER_READS: Final = "import select; poll = select.poll(); poll.register(0, 0); poll.poll()"
"""Notices the end of its standard input without having read a byte of it, and exits with status 0."""


BEFORE_THE_FIRST_REQUEST: Final = (
    "eof/before-anything",
    "eof/when-prepared",
    "eof/status-when-prepared",
    "eof/during-preparation",
    "eof/inside-a-preparation-item",
    "eof/inside-the-first-request",
)


def transcript(run: Run, case_id: str) -> list[tuple[object, str]]:
    """Who did what in a case."""
    line = next(line for line in run.lines if line.get("case") == case_id)
    events = line["transcript"]
    assert isinstance(events, list)
    return [(event["actor"], str(event["what"])) for event in events]


@pytest.mark.parametrize(
    "words",
    [
        ("--case", "no/such-case"),
        ("--req", "RUN-1"),
        ("--case", "data/*", "--req", "CMD-4"),
        ("--case", "cmd/*"),
        ("--case", "wire/pickle-*", "--codec", "json"),
    ],
)
def test_nothing_selected_is_an_error(words: tuple[str, ...]) -> None:
    """A choice that leaves no case that applies gives status 2, whatever the worker."""
    run = kit(*words, "--", *python(RIGHT))

    assert run.status == 2
    assert run.out == ""


def test_a_part_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    """A run of some of the cases says in every form how many others apply and score."""
    whole = {"pickle": 157, "json": 141}
    for codec, cases in whole.items():
        badge, page = tmp_path / "badge.svg", tmp_path / "page.md"
        words = ("--codec", codec, "--case", "run/task-id-0", "--badge", str(badge), "--markdown", str(page))
        run = kit_with_report(tmp_path, *words, "--", *WORKER, "--codec", codec)

        left_out = f"{cases - 1} cases left out"
        assert run.lines[0]["left_out"] == cases - 1
        assert run.out.endswith(f"CONFORMANT in what was selected ({left_out})\n")
        assert f"conformant, {left_out}" in badge.read_text("utf-8")
        assert left_out in page.read_text("utf-8")


def test_what_does_not_apply_is_not_left_out() -> None:
    """A choice without the cases of other classes is the whole."""
    run = kit("--class", "command", "--case", "cmd/*", "--", "ls", "/")

    assert run.out.endswith("\nCONFORMANT\n")


@pytest.mark.slow
def test_every_pass_rests_on_what_the_worker_did(tmp_path: Path) -> None:
    """Each case that a right worker passes made all checks that it declares, and saw the worker do something."""
    run = kit_with_report(tmp_path, "--", *WORKER)
    declared = {case.id: case.checks for case in all_cases()}

    assert run.status == 0, run.out
    for line in run.lines:
        if line["kind"] == "case" and line["status"] == "pass":
            case_id, checks = str(line["case"]), line["checks"]
            assert isinstance(checks, int)
            assert checks >= declared[case_id], case_id
            assert "worker" in [actor for actor, _ in transcript(run, case_id)], case_id


@pytest.mark.parametrize(
    "case_id",
    [
        "eof/when-prepared",
        "eof/during-preparation",
        "eof/inside-a-preparation-item",
        "eof/inside-the-first-request",
        "eof/inside-a-later-request",
        "prep/items-that-look-like-requests",
    ],
)
def test_negative_case_passes_only_when_its_point_was_reached(case_id: str, tmp_path: Path) -> None:
    """What a worker leaves undone is looked for after the transcript shows that it has read what it was sent."""
    right = kit_with_report(tmp_path, "--case", case_id, "--", *WORKER)
    deaf = kit_with_report(tmp_path, "--case", case_id, "--timeout-scale", "0.1", "--", *python(NEVER_READS))

    told = [what.partition(" that ")[0] for actor, what in transcript(right, case_id) if actor == "kit"]
    assert right.statuses() == {case_id: "pass"}
    assert "saw" in told
    assert deaf.statuses()[case_id] in {"fail", "not-testable"}
    assert deaf.status in {1, 3}


CLOSES: Final = ("sh", "-c", "exec 0<&-; exec sleep 3")
"""Closes its standard input at once, and is there for a while."""
ENDS: Final = ("sleep", "0.6")
"""Never looks at its standard input, and ends by itself with status 0."""


@pytest.mark.parametrize("command", [CLOSES, ENDS], ids=lambda command: command[-1])
def test_end_of_input_that_nobody_waited_for_proves_nothing(command: tuple[str, ...], tmp_path: Path) -> None:
    """A program that closed its input, or ends by itself, passes no case about the end of input in preparation."""
    words = [word for case_id in BEFORE_THE_FIRST_REQUEST for word in ("--case", case_id)]
    run = kit_with_report(tmp_path, *words, "--timeout-scale", "0.2", "--", *command)

    assert "pass" not in run.statuses().values(), run.out
    assert not [case for case in run.statuses() if "was read" in str(transcript(run, str(case)))]


@pytest.mark.slow
def test_stderr_and_exit_status_alone_do_not_decide(tmp_path: Path) -> None:
    """A worker that complains at every task and exits with 3 fails the cases about the exit status, and no other."""
    run = kit_with_report(tmp_path, "--", *python(LOUD))

    failed = {case for case, status in run.statuses().items() if status not in {"pass", "not-applicable"}}
    assert failed == {"eof/status-when-idle", "eof/status-when-prepared", "eof/status-after-failures"}, run.out
    assert run.status == 0, run.out


def test_program_that_ends_with_status_0_at_once_passes_nothing(tmp_path: Path) -> None:
    """Silence and a good exit status are no evidence: a program that does nothing has not a single pass."""
    run = kit_with_report(tmp_path, "--timeout-scale", "0.2", "-j", "4", "--", *DIES)

    assert "pass" not in run.statuses().values(), [case for case, status in run.statuses().items() if status == "pass"]
    assert run.status == 1


def test_case_that_fails_before_its_point_is_no_harness_error(tmp_path: Path) -> None:
    """A worker that ends in the middle of a case with many checks is blamed, not the kit."""
    code = f"import sys\nsys.path.insert(0, {str(folder())!r})\nimport run_7_stops"
    run = kit_with_report(tmp_path, "--case", "run/a-thousand-tasks", "--", sys.executable, "-S", "-c", code)

    assert run.statuses() == {"run/a-thousand-tasks": "fail"}
