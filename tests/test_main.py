"""The command line ``spread-jobs``."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from programs import ECHO, TEMPLATE, program

from spreadjobs.__main__ import main

JSON = ["--codec", "json", "--", *TEMPLATE, "--codec", "json"]
"""The options and the command line of a worker that speaks JSON."""


def spread(*arguments: str, stdin: str = "") -> tuple[int, list[object], str]:
    """Exit status, the JSON lines that came out, and what was said on stderr."""
    stdout, stderr = io.StringIO(), io.StringIO()
    status = main(["run", *arguments], io.StringIO(stdin), stdout, stderr)
    return status, [json.loads(line) for line in stdout.getvalue().splitlines()], stderr.getvalue()


def lines(*payloads: object) -> str:
    """Payloads as they stand on standard input; an empty line is passed over."""
    return "\n\n".join(json.dumps(payload) for payload in payloads) + "\n"


def test_answers_come_out_in_order() -> None:
    """One JSON text a line goes in, one a line comes out. [JOB-1]"""
    stdin = lines(*({"op": "echo", "value": [number, None, "\u00fc"]} for number in range(5)))

    assert spread("-w", "2", "--prepare", "null", *JSON, stdin=stdin) == (
        0,
        [[n, None, "\u00fc"] for n in range(5)],
        "",
    )


def test_what_tasks_print_does_not_come_among_the_answers() -> None:
    """It is shown on standard error: a reader of the answers expects nothing else between them. [OUT-3]"""
    worker = program(ECHO.replace("payload))", "payload), ['printed\\n'])"))

    assert spread("-w", "1", "--", *worker, stdin=lines(1)) == (0, [1], "#slot so0 ------\nprinted\n")


def test_preparation_items_are_sent() -> None:
    """--prepare may be given again; JSON each. [PREP-1]"""
    arguments = ["-w", "1", "--prepare", '{"a": 1}', "--prepare", "null", *JSON]

    assert spread(*arguments, stdin=lines({"op": "prepared"})) == (0, [[{"a": 1}]], "")


def test_a_pickle_worker_can_be_used() -> None:
    """Answers that JSON can say come out as JSON. [PKL-1]"""
    arguments = ["-w", "1", "--pickle-protocol", "2", "--", *program(ECHO)]

    assert spread(*arguments, stdin=lines([1, 2])) == (0, [[1, 2]], "")


def test_an_answer_that_json_cannot_say_is_an_error() -> None:
    """It is named, never changed. [JSON-5]"""
    worker = program(ECHO.replace("(task_id, payload))", "(task_id, {1}))"))

    status, _, said = spread("--", *worker, stdin=lines(1))

    assert status == 2
    assert said.startswith("spread-jobs run: an answer of type set cannot be written as JSON: ")


def test_a_task_that_raised_ends_the_run_with_status_1() -> None:
    """The failure is said on stderr. [ERR-5]"""
    stdin = lines({"op": "echo", "value": 1}, {"op": "raise", "type": "Boom", "message": "m"})

    status, came, said = spread("-w", "1", "--prepare", "null", *JSON, stdin=stdin)

    assert (status, came) == (1, [1])
    assert "task 1 raised Boom: m" in said


def test_a_journal_has_what_was_answered(tmp_path: Path) -> None:
    """The same command line once more starts no worker; with another version it does. [JOB-1]"""
    journal = ("-w", "1", "--journal", str(tmp_path / "run.journal"))
    first = spread(*journal, "--", *program(ECHO), stdin=lines(1, "two"))

    said = f"spread-jobs run: 2 answers were taken from {journal[3]}\n"
    assert first == (0, [1, "two"], "")
    assert spread(*journal, "--", "/no/such/worker", stdin=lines(1, "two")) == (0, [1, "two"], said)
    status, answers, said = spread(*journal, "--journal-version", "2", "--", "/no/such/worker", stdin=lines(1))
    assert (status, answers) == (1, [])
    assert "cannot start '/no/such/worker'" in said


def test_keep_going_writes_an_object_a_task() -> None:
    """Failures, poison tasks and tasks without a worker each have their line. [JOB-1]"""
    stdin = lines(
        {"op": "echo", "value": 1}, {"op": "raise", "type": "Boom", "message": "m"}, {"op": "exit", "status": 3}
    )

    status, came, _ = spread("-w", "1", "--keep-going", "--prepare", "null", *JSON, stdin=stdin)

    assert status == 1
    assert came[0] == {"answer": 1}
    assert "Boom: m" in str(came[1])
    assert came[2] == {"error": "; ".join(f"worker 1.{n}: died: exit status 3" for n in (1, 2, 3))}


def test_keep_going_without_workers_has_a_line_for_each_task_too() -> None:
    """Nothing is left out. [JOB-4]"""
    status, errors, _ = spread("--keep-going", "--", "true", stdin=lines(1, 2))

    assert status == 1
    assert len(errors) == 2
    assert all("no worker is left: 1: left with exit status 0" in str(error) for error in errors)


def test_keep_going_past_a_payload_that_cannot_be_encoded() -> None:
    """It has its line, and no worker saw it. [JSON-5]"""
    status, came, _ = spread("--keep-going", "-w", "1", *JSON, stdin=lines(2**60))

    assert status == 1
    assert "2**53-1" in str(came[0])


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["--"], "", "no worker: write spread-jobs run"),
        ([*JSON], "{", "line 1: one JSON text a line is due"),
        (["--prepare", "{", *JSON], "", "--prepare {: one JSON text"),
        (["--task-timeout-s", "-1", *JSON], "", "task_timeout_s=-1.0"),
        (["--journal", "", *JSON], "", "--journal: the name of a file is due"),
        (["--journal-version", "2", *JSON], "", "--journal-version goes with --journal FILE"),
    ],
)
def test_bad_usage_is_said_with_status_2(arguments: list[str], stdin: str, said: str) -> None:
    """The text names what is wrong. [JOB-4]"""
    status, came, error = spread(*arguments, stdin=stdin)

    assert (status, came) == (2, [])
    assert said in error


@pytest.mark.parametrize("count", ["0", "-3", "x"])
def test_the_number_of_workers_is_checked(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    """1 or more. [JOB-4]"""
    with pytest.raises(SystemExit) as caught:
        spread("-w", count, "--", "true")

    assert caught.value.code == 2
    assert "--workers" in capsys.readouterr().err


def test_an_interrupt_gives_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """As shells have it. [SHUT-10]"""

    def interrupted(_text: str) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("spreadjobs.__main__.json.loads", interrupted)
    assert main(["run", "--", "true"], io.StringIO("1\n"), io.StringIO(), io.StringIO()) == 130


def test_the_version_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the protocol's version beside it; a source tree has none. [EXEC-5]"""
    with pytest.raises(SystemExit):
        main(["--version"], io.StringIO(), io.StringIO(), io.StringIO())
    assert "protocol 1.0" in capsys.readouterr().out

    def missing(_name: str) -> str:
        from importlib.metadata import PackageNotFoundError  # noqa: PLC0415 - only here

        raise PackageNotFoundError

    monkeypatch.setattr("spreadjobs.__main__.version", missing)
    with pytest.raises(SystemExit):
        main(["--version"], io.StringIO(), io.StringIO(), io.StringIO())
    assert "not installed" in capsys.readouterr().out


def test_python_m_spreadjobs_is_the_command_line() -> None:
    """Like spread-jobs itself. [EXEC-1]"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-m", "spreadjobs", "run", "-w", "1", "--prepare", "null", *JSON],
        input=lines({"op": "echo", "value": 7}),
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "7\n", "")
