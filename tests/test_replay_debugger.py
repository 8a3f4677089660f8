"""A case under a debugger: its command line, and what it and the worker get to read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from failed_cases import FAILS, saved, served
from processes import ENVIRONMENT
from terminals import terminal

from spreadjobs.case_file import read_case
from spreadjobs.replay_debugger import GDB, NoDebugger, debugging, pdb_debugging

PDB = str(Path(sys.modules["spreadjobs.replay_debugger"].__file__ or "").with_name("replay_pdb.py"))
REPLAY = [sys.executable, "-m", "spreadjobs", "replay"]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """With the files of the debugged cases in a folder of the test's."""
    (tmp_path / "with space").mkdir()
    monkeypatch.setenv("PYTHONPATH", ENVIRONMENT["PYTHONPATH"])
    return {**ENVIRONMENT, "TMPDIR": str(tmp_path / "with space"), "TERM": "dumb"}


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("gdb 'open", "No closing quotation"),
        ("gdb", "the word {worker} is due in it"),
        ("gdb x{worker}", "the word {worker} is due in it"),
        ("/no/such/debugger {worker}", "/no/such/debugger is not installed"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(tmp_path: Path, template: str, said: str) -> None:
    """The error says what is due."""
    with pytest.raises(NoDebugger, match=said):
        debugging(template, ["worker"], tmp_path)


def test_a_missing_gdb_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that there may be other debuggers."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoDebugger, match="gdb is not installed; on Debian: apt-get install gdb; for another debugger"):
        debugging(GDB, ["worker"], tmp_path)


@pytest.mark.parametrize(
    ("worker", "becomes"),
    [
        (["worker.py", "-v"], [PDB, "worker.py", "-v"]),
        (["-u", "-W", "error", "-Xdev", "w.py", "-m"], ["-u", "-W", "error", "-Xdev", PDB, "w.py", "-m"]),
        (["-m", "pkg.worker", "f:g"], [PDB, "-m", "pkg.worker", "f:g"]),
        (["-um", "pkg.worker", "f:g"], ["-u", PDB, "-m", "pkg.worker", "f:g"]),
        (["-mpkg.worker", "f:g"], [PDB, "-m", "pkg.worker", "f:g"]),
    ],
)
def test_a_python_program_is_run_by_the_one_that_runs_pdb(worker: Sequence[str], becomes: Sequence[str]) -> None:
    """Options of Python stay in front, arguments of the program behind."""
    assert pdb_debugging([sys.executable, *worker], None, "/").arguments == [sys.executable, *becomes]


def test_a_program_that_names_python_in_its_first_line_is_a_python_program(tmp_path: Path) -> None:
    """Also one that is found on PATH, or in the worker's folder."""
    program = tmp_path / "worker"
    program.write_text("#!/usr/bin/env python3\n", encoding="ascii")
    program.chmod(0o755)
    due = ["/usr/bin/env", "python3", PDB, str(program), "-v"]

    assert pdb_debugging(["worker", "-v"], str(tmp_path), "/").arguments == due
    assert pdb_debugging(["./worker", "-v"], "", str(tmp_path)).arguments[-2:] == [f"{tmp_path}/./worker", "-v"]
    assert pdb_debugging([str(program), "-v"], "", "/").arguments == due


@pytest.mark.parametrize(
    ("worker", "said"),
    [
        ([sys.executable, "-c", "text"], "write the text into a file"),
        ([sys.executable, "-u"], "python without a program"),
        (["/bin/sh", "-c", "text"], "'/bin/sh' is no Python 3 program; for others there are --gdb and --debugger"),
        (["/no/such/python"], "'/no/such/python' is not there"),
    ],
)
def test_what_pdb_cannot_run_is_refused(worker: Sequence[str], said: str) -> None:
    """The error says what to do."""
    with pytest.raises(NoDebugger, match=said):
        pdb_debugging(worker, os.environ["PATH"], "/")


def test_a_debugger_gets_the_workers_command_and_its_bytes(tmp_path: Path, environment: dict[str, str]) -> None:
    """In the folder and the environment of the case; the worker's answers go into a file, not to the terminal."""
    path = saved(tmp_path, served(tmp_path), "status")
    debugger = tmp_path / "debugger"
    debugger.write_text('#!/bin/sh\n"$@"\necho "$? $SPREAD_JOBS_WORKER $(pwd) $#" >&2\n', encoding="ascii")
    debugger.chmod(0o755)

    done = subprocess.run(
        [*REPLAY, path, "--debugger", f"{debugger} {{worker}}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert done.stderr == f"7 1.3 {tmp_path} 4\n"
    assert "\nruns: cd " in done.stdout
    assert f"\nunder {debugger}; the worker reads {environment['TMPDIR']}/spread-jobs-task-000000-" in done.stdout


def test_a_debugger_may_start_the_worker_on_its_bytes_itself(tmp_path: Path, environment: dict[str, str]) -> None:
    """One that reads commands from the terminal: it has the files, and the script that puts them in place."""
    path = saved(tmp_path, FAILS, "raise")

    done = subprocess.run(
        [
            *REPLAY,
            path,
            "--debugger",
            "sh -c 'cat {input} | wc -c; sh {start} \"$@\"; cat {output} | wc -c' x {worker}",
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    *_, read, wrote = map(str.strip, done.stdout.splitlines())
    assert int(read) == len(read_case(path).request)
    assert int(wrote) > 0
    assert done.stderr == "was given raise\n"


def test_a_debugger_that_is_not_there_is_said(tmp_path: Path, environment: dict[str, str]) -> None:
    """With the status of bad usage, and nothing is run."""
    path = saved(tmp_path, FAILS, "raise")

    done = subprocess.run(
        [*REPLAY, path, "--pdb"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    assert done.stderr == (
        "spread-jobs replay: --pdb: the worker is python -c TEXT; write the text into a file to debug it\n"
    )


@pytest.mark.skipif(shutil.which("gdb") is None, reason="needs gdb")
def test_gdb_stops_where_a_worker_crashes(tmp_path: Path, environment: dict[str, str]) -> None:
    """With the worker's arguments, of which a "run < FILE" would take the place."""
    path = saved(tmp_path, ["/bin/sh", "-c", "read line; kill -SEGV $$", "a b"], 1)

    with terminal([*REPLAY, str(path), "--gdb"], environment) as user:
        user.until("SIGSEGV")
        user.until("(gdb) ")
        user.type("show args\n")
        assert "a\\ b" in user.until("(gdb) ")
        user.type("kill\n")
        user.until("(y or n) ")
        user.type("y\n")
        user.until("(gdb) ")
        user.type("quit\n")
        status, _ = user.end()

    assert status == 0
