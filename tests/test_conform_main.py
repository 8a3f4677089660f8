"""``spreadjobs_conform.__main__``: whole runs of the kit against right programs, wrong ones and none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
import spreadjobs_conform.__main__ as program
from kit_runs import kit, kit_with_report
from kit_scripts import DIES, RIGHT, WORKER, python
from processes import identity, logged, survivors
from spreadjobs_conform import runner
from spreadjobs_conform.registry import Case
from spreadjobs_conform.verdicts import Status, Verdict

BOUND_S: Final = 60.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kit_options", "worker_options"),
    [
        ((), ()),
        (("--pickle-protocol", "2"), ()),
        (("--codec", "json"), ("--codec", "json")),
        (("--dialect", "untagged"), ("--dialect", "untagged")),
    ],
)
def test_reference_worker_is_conformant(
    kit_options: tuple[str, ...], worker_options: tuple[str, ...], tmp_path: Path
) -> None:
    """The reference worker passes every case that applies, in both codecs and both dialects."""
    run = kit_with_report(tmp_path, "--strict", *kit_options, "--", *WORKER, *worker_options)

    assert set(run.statuses().values()) == {"pass", "not-applicable"}, run.out
    assert len([status for status in run.statuses().values() if status == "pass"]) > 90
    assert run.status == 0
    assert run.out.endswith("CONFORMANT\n")


def test_linux_command_is_conformant() -> None:
    """A plain command passes the family cmd, and nothing else applies. [CMD-2]"""
    run = kit("--class", "command", "--", "ls", "-l", "/")

    assert run.status == 0
    assert "cmd    6 pass" in run.out


def test_commands_that_break_their_rules_fail(tmp_path: Path) -> None:
    """A command with status 3, and one that leaves a child, fail just there. [CMD-5]"""
    status = kit_with_report(tmp_path, "--class", "command", "--strict", "--", "sh", "-c", "exit 3")
    child = "sleep 30 & echo done"
    holder = kit_with_report(tmp_path, "--class", "command", "--timeout-scale", "0.1", "--", "sh", "-c", child)

    assert [name for name, found in status.statuses().items() if found == "fail"] == ["cmd/exit-status-0"]
    assert status.status == 1
    assert [name for name, found in holder.statuses().items() if found == "fail"] == ["cmd/nothing-holds-stdout"]
    assert "sleep 30" in holder.out


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.parametrize("command", [("cat",), ("true",), ("yes",), ("sleep", "1000")], ids=lambda words: words[0])
def test_run_against_anything_is_bounded(command: tuple[str, ...], tmp_path: Path) -> None:
    """A run against any program ends within a minute, with failures and no fault of the kit."""
    began_s = time.monotonic()

    run = kit_with_report(tmp_path, "--", *command)

    assert time.monotonic() - began_s < BOUND_S
    assert run.status == 1, run.out
    assert 1 <= run.out.count("\nFAIL  ") < list(run.statuses().values()).count("fail") / 2
    assert "harness-error" not in run.statuses().values()
    assert run.statuses()["run/returns-the-task-id"] == "fail"


def test_missing_executable_gives_status_4(tmp_path: Path) -> None:
    """A worker that cannot be started is not judged."""
    run = kit_with_report(tmp_path, "--", "/no/such/worker")

    assert run.status == 4
    assert "/no/such/worker" in run.err
    assert run.lines[-1]["complete"] is False


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--case", "cmd/*", "--", "w"), "nothing is selected that applies"),
        (("--case", "zzz", "--", "w"), "--case zzz"),
        (("--report", "/no/such/folder/r", "--", "w"), "/no/such/folder/r"),
        (("--baseline", "/no/such/baseline", "--", "w"), "/no/such/baseline"),
        (("explain", "zzz"), "zzz"),
        ((), "no worker is given"),
    ],
)
def test_usage_errors_give_status_2(words: tuple[str, ...], named: str) -> None:
    """What makes no sense is said before a worker is started."""
    run = kit(*words)

    assert run.status == 2
    assert named in run.err


def test_list_and_explain_are_shown() -> None:
    """The list and the explanations come on standard output, with status 0."""
    assert len(json.loads(kit("list", "--json").out)) >= 45
    assert "run/task-id-0" in kit("list").out
    assert kit("explain", "RUN-5").out.startswith("RUN-5 (MUST, worker)")


@pytest.mark.parametrize("words", [("list",), ("--case", "run/*", "--", *DIES)], ids=["list", "run"])
def test_reader_that_goes_away_is_no_fault_of_the_kit(words: tuple[str, ...]) -> None:
    """When nobody reads standard output any more, the kit ends quietly with status 141."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "spreadjobs_conform", *words]
        # Unbuffered, nothing would be left for the interpreter to complain about.
        env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=env, timeout=BOUND_S, check=False)
    finally:
        os.close(writing)

    assert (ended.returncode, ended.stderr) == (141, b"")


def test_should_that_fails_counts_with_strict_alone() -> None:
    """A SHOULD that fails is told, and gives status 1 with --strict only. [SHUT-5]"""
    words = ("--case", "eof/status-when-idle", "--", *python(RIGHT + "\nsys.exit(3)"))

    run = kit(*words)

    assert run.status == 0
    assert "left out), but for 1 SHOULD that failed\n" in run.out
    assert kit("--strict", *words).status == 1


def test_processes_that_hid_are_ended() -> None:
    """A process that left its group and let go of every pipe is ended with the run."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc")
    nothing = "stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL"
    code = f"import subprocess\nsubprocess.Popen(['sleep', '4321'], start_new_session=True, {nothing})\n" + RIGHT

    assert kit("--case", "run/task-id-0", "--", *python(code)).status == 0

    end_s = time.monotonic() + 5
    while _sleepers() and time.monotonic() < end_s:
        pass
    assert not _sleepers()


def _sleepers() -> list[str]:
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"sleep", b"4321"]:
            found.append(str(path))
    return found


def test_late_verdicts_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heavy cases come last, and verdicts in the order of the cases."""
    seen: list[str] = []

    def run_case(_: runner.Runner, chosen: Case) -> Verdict:
        seen.append(chosen.id)
        return Verdict(case=chosen, level="MUST", status=Status.PASS)

    monkeypatch.setattr(runner.Runner, "run_case", run_case)

    assert kit("--case", "wire/*", "-j", "1", "--", *python(RIGHT)).status == 0
    assert seen.index("wire/message-of-16-mebibytes") > seen.index("wire/json-escapes")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_run_ends_its_workers(number: signal.Signals, tmp_path: Path) -> None:
    """A run that is interrupted ends its workers, and gives status 130."""
    report = tmp_path / "r.jsonl"
    pids = tmp_path / "pids"
    code = f"import os, time\nopen({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep(100)"
    command = [sys.executable, "-m", "spreadjobs_conform", "--report", str(report), "--", *python(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        workers = logged(pids, 1)
        process.send_signal(number)
        _, err = process.communicate(timeout=BOUND_S)

    assert process.returncode == 130, err
    assert "interrupted" in err
    footer = json.loads(report.read_text(encoding="utf-8").splitlines()[-1])
    assert (footer["kind"], footer["complete"], footer["exit_status"]) == ("footer", False, 130)
    for pid in pids.read_text(encoding="ascii").split():
        with suppress(OSError):  # it is gone
            workers.append(identity(int(pid)))
    assert survivors(workers) == []


def test_entry_point_exits_with_the_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The installed command gives the status to the system."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    monkeypatch.setattr(sys, "argv", ["spread-jobs-conform", "explain", "zzz"])
    try:
        with pytest.raises(SystemExit) as end:
            program.run()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert end.value.code == 2
    assert "zzz" in capsys.readouterr().err
