"""
The gate: the kit against workers that are wrong on purpose, and the way from each requirement to what shows it.

The wrong workers lie in the kit; ``spread-jobs-conform selftest`` runs them. What is checked here without running
them is that nothing is missing: cases, workers and table agree with the specification.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from kit_runs import kit_with_report
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.kill_table import CONTROLS, WrongWorker, folder, load_table, unknown_cases
from spreadjobs_conform.requirements import parse_requirements

SPEC = Path(__file__).parents[1] / "spec" / "1.0" / "requirements.toml"
REQUIREMENTS = parse_requirements(SPEC.read_text(encoding="utf-8"))
CASES = all_cases()
TABLE = load_table()
DUTIES = {each.id for each in REQUIREMENTS.values() if each.party == "worker" and each.level in {"MUST", "SHOULD"}}
TESTABLE = {name for name in DUTIES if not REQUIREMENTS[name].untestable}
LIMIT_S = 900.0


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S)
def test_kit_fails_each_wrong_worker_exactly_where_it_is_wrong() -> None:
    """
    Every wrong worker fails the cases of what it breaks, by name, and no others of a sample; right ones pass all.

    A requirement that no wrong worker is killed for by its own name fails the selftest too.
    """
    command = [sys.executable, "-m", "spreadjobs_conform", "selftest"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )

    said = done.stdout[-20_000:] + done.stderr
    assert done.returncode == 0, said
    assert done.stdout.endswith("SELFTEST PASSED\n"), said
    runs = sum(len(worker.runs) for worker in TABLE.workers) + len(CONTROLS)
    assert done.stdout.count("\nok  ") + done.stdout.startswith("ok  ") == runs, said
    assert f"{len(TESTABLE)} of {len(TESTABLE)} requirements killed by their own wrong worker" in done.stdout, said


def test_every_requirement_of_workers_is_traced() -> None:
    """Each MUST and SHOULD of workers has a case that cites it and a wrong worker that breaks it, or says why not."""
    cited = {name for case in CASES for name in case.requirements}
    broken = {worker.breaks for worker in TABLE.workers}

    assert TESTABLE - cited == set()
    assert TESTABLE - broken == set()
    assert (DUTIES - TESTABLE) & (cited | broken) == set(), "what cannot be tested is tested"
    for name in DUTIES - TESTABLE:
        assert len(REQUIREMENTS[name].untestable) > 20, f"{name} needs a reason that says something"


def test_every_case_cites_what_binds_workers() -> None:
    """Each case cites requirements of workers, the first of which is a MUST or a SHOULD and gives its level."""
    for case in CASES:
        assert case.requirements, case.id
        assert {REQUIREMENTS[name].party for name in case.requirements} == {"worker"}, case.id
        assert case.requirements[0] in TESTABLE, case.id
        assert len({*case.requirements}) == len(case.requirements), case.id


def test_every_case_is_failed_by_a_wrong_worker() -> None:
    """No case passes whatever the worker does: each is in the column ``fails`` of a row at least."""
    assert {case.id for case in CASES} == {case_id for worker in TABLE.workers for case_id in worker.fails}


def test_every_wrong_worker_fails_a_case_that_cites_what_it_breaks() -> None:
    """So that a run of the cases of one requirement is red for a worker that breaks it, ``--req``."""
    cited = {case.id: case.requirements for case in CASES}

    for worker in TABLE.workers:
        assert any(worker.breaks in cited[case_id] for case_id in worker.fails), worker.file


def test_table_names_cases_that_exist() -> None:
    """No row waits for a case that is not there, and every pattern of cases fits one."""
    assert unknown_cases(TABLE, [case.id for case in CASES]) == []


def test_table_has_every_wrong_worker_once() -> None:
    """Every file of the folder is in the table once, but for the right ones, and every row has its file."""
    files = sorted(path.stem for path in folder().glob("*.py") if path.stem not in dict(CONTROLS))

    assert sorted(worker.file for worker in TABLE.workers) == files


def docstring(file: str) -> str:
    """Give a worker's docstring."""
    text = ast.get_docstring(ast.parse((folder() / f"{file}.py").read_text(encoding="utf-8")))
    assert text
    return text


@pytest.mark.parametrize("worker", TABLE.workers, ids=lambda worker: worker.file)
def test_wrong_worker_says_which_requirement_it_breaks(worker: WrongWorker) -> None:
    """Docstring, file name and table agree on the requirement, and it is one that binds workers."""
    first = docstring(worker.file).splitlines()[0]

    assert re.fullmatch(rf"Breaks {worker.breaks}: [^.]+(?:\.[^ ][^.]*)*\.", first)
    assert worker.file.startswith(worker.breaks.lower().replace("-", "_") + "_")
    assert worker.breaks in TESTABLE


@pytest.mark.parametrize("file", sorted(dict(CONTROLS)))
def test_control_says_that_it_breaks_nothing(file: str) -> None:
    """The controls say that they are right."""
    assert "Breaks nothing: " in docstring(file)


def test_kit_forgives_a_broken_should_unless_strict(tmp_path: Path) -> None:
    """A worker that breaks a SHOULD alone fails that case, and the run gives status 0 without --strict. [SHUT-5]"""
    command = (sys.executable, "-S", str(folder() / "shut_5_status_3.py"))
    run = kit_with_report(tmp_path, "--case", "eof/status-when-idle", "--case", "eof/when-idle", "--", *command)

    assert run.statuses() == {"eof/status-when-idle": "fail", "eof/when-idle": "pass"}
    assert run.status == 0, run.out


def test_published_matrix_is_that_of_these_cases_and_workers() -> None:
    """docs/kill-matrix.md has every case, wrong worker and requirement, and leaves no gap: else run ``make matrix``."""
    text = (SPEC.parents[2] / "docs" / "kill-matrix.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| ([^ |]+) \|", text, re.MULTILINE))
    (survivors,) = re.findall(r"^\| wrong workers that no case kills by name \| (.+) \|$", text, re.MULTILINE)

    assert {worker.file for worker in TABLE.workers} | {case.id for case in CASES} | DUTIES <= rows
    assert "nothing: " not in text
    # What one of these breaks is seen as the breach of another requirement, and the table says of which.
    assert set(survivors.split(", ")) <= {worker.file for worker in TABLE.workers if worker.seen_as} | {"none"}


def test_table_is_read_as_it_is_written() -> None:
    """Every row of expected.toml is a row of the table, with all of its patterns."""
    written = tomllib.loads((folder() / "expected.toml").read_text(encoding="utf-8"))

    assert [row["file"] for row in written["worker"]] == [worker.file for worker in TABLE.workers]
    for row, worker in zip(written["worker"], TABLE.workers, strict=True):
        shared = [pattern for name in row.get("touches", []) for pattern in written["touches"][name]]
        assert {*row.get("may_fail", {}), *shared} == {*worker.may_fail}, worker.file
