"""
The kit against workers that are wrong on purpose: it must fail exactly there, and name the requirement.

Each worker in ``wrong_workers/`` breaks one requirement; ``wrong_workers/expected.toml`` says which cases must find
that. A kit that passes a wrong worker is a kit that proves nothing.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import time
import tomllib
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import pytest
from kit_runs import kit

FOLDER: Final = Path(__file__).parent / "wrong_workers"
REQUIREMENTS: Final = Path(__file__).parents[1] / "spec" / "1.0" / "requirements.toml"
TABLE: Final = tomllib.loads((FOLDER / "expected.toml").read_text(encoding="utf-8"))

RIGHT: Final = [
    *(("right_worker", way) for way in ("pickle", "json", "untagged")),
    *(("odd_worker", way) for way in ("pickle", "json", "untagged")),
    ("right_command", "command"),
]
"""Workers of the folder that break nothing, and the ways to run them."""

RUNS: Final = {
    "pickle": ((), ()),
    "json": (("--codec", "json"), ("--codec", "json")),
    "untagged": (("--dialect", "untagged"), ("--dialect", "untagged")),
    "command": (("--class", "command"), ()),
}
"""Ways to run a worker: options of the kit, and options of the worker."""

KIT_LIMIT_S: Final = 100.0
WHOLE: Final = "WRONG_WORKERS_WHOLE" in os.environ
"""Set it to run every case on every wrong worker, which takes a quarter of an hour, instead of a sample."""
SHORT_WAITS: Final = ("--timeout-scale", "0.4")
"""For the sake of the workers that hang; too short for large messages after many hangs, so not for whole runs."""
ALL_ANEW: Final = " the same verdict\nVERIFIED\n"
AT_A_TIME: Final = 4
"""Runs of the kit side by side."""
SETTLE_S: Final = 1.0
"""How long a process that was killed may still be seen."""
MARK: Final = "WRONG_WORKER_RUN"
"""Environment variable by which the processes of one run of the kit are found again."""


@attrs.frozen(kw_only=True)
class Wrong:
    """A row of the table; ``expected.toml`` says what the columns mean."""

    file: str
    breaks: str
    runs: tuple[str, ...] = attrs.field(converter=tuple)
    fails: tuple[str, ...] = attrs.field(converter=tuple)
    seen_as: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    passes: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    may_fail: dict[str, str] = attrs.field(factory=dict)
    touches: tuple[str, ...] = attrs.field(default=(), converter=tuple)

    def may(self, case: str) -> bool:
        """Tell whether a case may fail as a consequence."""
        patterns = [*self.may_fail, *(pattern for name in self.touches for pattern in TABLE["touches"][name])]
        listed = any(fnmatchcase(case, pattern) for pattern in patterns)
        return listed and case not in self.fails and case not in self.passes


@attrs.frozen(kw_only=True)
class Verdict:
    """What one run of the kit said."""

    status: int
    text: str
    cases: dict[str, dict[str, object]]
    left: list[str]
    """Command lines of processes of this run that were still there afterwards."""
    anew: str
    """What ``verify`` says of the report."""

    def with_status(self, *statuses: str) -> set[str]:
        """Ids of the cases that ended so."""
        return {case for case, line in self.cases.items() if line["status"] in statuses}

    def violated(self, case: str) -> set[str]:
        """Ids of the requirements that a case found broken."""
        violated = self.cases[case]["violated"]
        assert isinstance(violated, list)
        return set(violated)


Verdicts: TypeAlias = dict[tuple[str, str], "Future[Verdict]"]

WRONG: Final = [Wrong(**row) for row in TABLE["worker"]]
BY_FILE: Final = {wrong.file: wrong for wrong in WRONG}


def processes_of(mark: str) -> list[str]:
    """Find the processes that have a mark in their environment, and still do a moment later, where it can be told."""
    deadline_s = time.monotonic() + SETTLE_S
    while (found := _processes_of(mark)) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return found


def _processes_of(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended, or belongs to another user
    return found


def run_kit(folder: Path, worker: str, way: str, *options: str, cases: tuple[str, ...] = ()) -> Verdict:
    """Run the kit on a worker of the folder, and read its report to the footer."""
    kit_options, worker_options = RUNS[way]
    report = folder / f"{worker}-{way}-{len(options)}-{len(cases)}.jsonl"
    selection = [word for case in cases for word in ("--case", case)]
    # -S: without site-packages a worker starts in half the time, which is most of what these tests take.
    command = [sys.executable, "-S", str(FOLDER / f"{worker}.py"), *worker_options]
    program = [sys.executable, "-m", "spreadjobs_conform", "--report", str(report), *kit_options, *options, *selection]
    mark = uuid.uuid4().hex
    done = subprocess.run(
        [*program, "--", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=KIT_LIMIT_S,
        check=False,
        env={**os.environ, MARK: mark},
    )
    assert report.exists(), done.stdout + done.stderr
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    assert [lines[0]["kind"], lines[-1]["kind"]] == ["header", "footer"]
    return Verdict(
        status=done.returncode,
        text=done.stdout + done.stderr,
        cases={line["case"]: line for line in lines if line["kind"] == "case"},
        left=processes_of(mark),
        anew=kit("verify", str(report)).out,
    )


def check(wrong: Wrong, verdict: Verdict) -> None:
    """Compare a verdict with a row of the table."""
    failed = verdict.with_status("fail")
    passed = verdict.with_status("pass")
    tried = set(verdict.cases) - verdict.with_status("not-applicable")
    due = {case for case in wrong.fails if case in tried}
    reasons = {case: verdict.cases[case]["reason"] for case in sorted(failed)}
    assert due <= failed, reasons
    assert {case for case in failed - due if not wrong.may(case)} == set(), reasons
    assert {case for case in tried - failed - passed if not wrong.may(case)} == set(), verdict.text
    assert due, f"no case that finds {wrong.breaks} applies to this run"
    names = {wrong.breaks, *wrong.seen_as}
    unnamed = {case: reasons[case] for case in due if names.isdisjoint(verdict.violated(case))}
    assert unnamed == {}, f"{names} should be named"
    assert verdict.status == 1, verdict.text
    assert verdict.left == []
    assert verdict.anew.endswith(ALL_ANEW), verdict.anew


def each_run() -> list[object]:
    """Every row of the table, once for each way to run it."""
    return [pytest.param(wrong, way, id=f"{wrong.file}-{way}") for wrong in WRONG for way in wrong.runs]


def judge(folder: Path, file: str, way: str) -> Verdict:
    """Run the kit: all cases on a right worker, those of its row and a sample of the others on a wrong one."""
    wrong = BY_FILE.get(file)
    if wrong is None:
        return run_kit(folder, file, way, "--strict")
    sample = [case for case in TABLE["sample"][way] if not wrong.may(case)]
    cases = () if WHOLE else tuple(dict.fromkeys((*wrong.fails, *wrong.passes, *sample)))
    # --strict: some workers break a SHOULD.
    return run_kit(folder, file, way, "--strict", *(() if WHOLE else SHORT_WAITS), cases=cases)


@pytest.fixture(scope="module")
def verdicts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verdicts]:
    """Give the verdicts on all runs that were selected; a few are made at a time, since the kit mostly waits."""
    folder = tmp_path_factory.mktemp("reports")
    tests = " ".join(item.name for item in request.session.items)
    runs = [*RIGHT, *((wrong.file, way) for wrong in WRONG for way in wrong.runs)]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {(file, way): pool.submit(judge, folder, file, way) for file, way in runs if f"[{file}-{way}]" in tests}
        pool.shutdown(cancel_futures=True)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("wrong", "way"), each_run())
def test_kit_fails_a_wrong_worker_exactly_where_it_is_wrong(wrong: Wrong, way: str, verdicts: Verdicts) -> None:
    """A wrong worker fails the cases of the requirement that it breaks, by name, and passes a sample of the others."""
    check(wrong, verdicts[wrong.file, way].result())


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("file", "way"), RIGHT)
def test_kit_passes_a_right_worker_everywhere(file: str, way: str, verdicts: Verdicts) -> None:
    """A worker that breaks nothing passes every case that applies, also one that does all that a worker MAY do."""
    verdict = verdicts[file, way].result()

    assert verdict.with_status("pass") | verdict.with_status("not-applicable") == set(verdict.cases), verdict.text
    assert verdict.with_status("pass")
    assert verdict.status == 0, verdict.text
    assert verdict.left == []
    assert verdict.anew.endswith(ALL_ANEW), verdict.anew


def test_kit_forgives_a_broken_should_unless_strict(tmp_path: Path) -> None:
    """A worker that breaks a SHOULD alone fails that case, and the run gives status 0 without --strict. [SHUT-5]"""
    verdict = run_kit(tmp_path, "shut_5_status_3", "pickle", cases=("eof/status-when-idle", "eof/when-idle"))

    assert verdict.with_status("fail") == {"eof/status-when-idle"}
    assert verdict.status == 0, verdict.text


def test_processes_of_a_run_are_found() -> None:
    """The search for what a run left behind does find a process that lives."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("this machine does not show the environment of processes")
    mark = uuid.uuid4().hex
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE, env={MARK: mark}) as living:
        assert len(processes_of(mark)) == 1
        living.communicate(b"\n")

    assert processes_of(mark) == []


def test_table_has_every_wrong_worker_once() -> None:
    """Every file of the folder is in the table once, but for the right ones, and every row has its file."""
    files = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in dict(RIGHT))

    assert sorted(wrong.file for wrong in WRONG) == files


def docstring(file: str) -> str:
    """Give the first line of a worker's docstring."""
    text = ast.get_docstring(ast.parse((FOLDER / f"{file}.py").read_text(encoding="utf-8")))
    assert text
    return text.splitlines()[0]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.file)
def test_wrong_worker_says_which_requirement_it_breaks(wrong: Wrong) -> None:
    """Docstring, file name and table agree on the requirement, and it is one that binds workers."""
    requirement = tomllib.loads(REQUIREMENTS.read_text(encoding="utf-8"))["requirement"][wrong.breaks]

    assert re.fullmatch(rf"Breaks {wrong.breaks}: [^.]+(?:\.[^ ][^.]*)*\.", docstring(wrong.file))
    assert wrong.file.startswith(wrong.breaks.lower().replace("-", "_") + "_")
    assert requirement["party"] == "worker"
    assert requirement["level"] in {"MUST", "SHOULD"}


@pytest.mark.parametrize("file", sorted(dict(RIGHT)))
def test_control_says_that_it_breaks_nothing(file: str) -> None:
    """The controls say that they are right."""
    source = (FOLDER / f"{file}.py").read_text(encoding="utf-8")

    assert "Breaks nothing: " in (ast.get_docstring(ast.parse(source)) or "")


def test_every_requirement_of_workers_is_broken_by_a_wrong_worker() -> None:
    """Each MUST and SHOULD of workers is broken by one of them, or the table says why none can."""
    requirements = tomllib.loads(REQUIREMENTS.read_text(encoding="utf-8"))["requirement"]
    due = {
        requirement
        for requirement, row in requirements.items()
        if row["party"] == "worker" and row["level"] in {"MUST", "SHOULD"} and "untestable" not in row
    }

    broken = {wrong.breaks for wrong in WRONG}

    assert broken | set(TABLE["unbroken"]) == due
    assert not broken & set(TABLE["unbroken"])


def test_every_case_of_the_kit_is_failed_by_a_wrong_worker() -> None:
    """No case passes whatever the worker does: each is in the column ``fails`` of a row at least."""
    listed = subprocess.run(
        [sys.executable, "-m", "spreadjobs_conform", "list", "--json"], capture_output=True, check=True, timeout=60
    )

    assert {case["case"] for case in json.loads(listed.stdout)} == {case for wrong in WRONG for case in wrong.fails}
