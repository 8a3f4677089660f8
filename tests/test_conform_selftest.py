"""Tests of ``spreadjobs_conform.selftest``; the whole of it runs in ``test_wrong_workers``."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from kit_runs import kit
from spreadjobs_conform import selftest
from spreadjobs_conform.kill_table import CONTROLS, KillTable, load_table
from spreadjobs_conform.requirements import Requirement

TABLE = load_table()
ONE = "shut_5_status_3"


def test_selftest_of_a_wrong_worker_passes() -> None:
    """The kit kills the worker that was chosen, and says by what."""
    run = kit("selftest", "-j", "1", "--only", ONE)

    assert run.status == 0, run.out
    assert f"ok     {ONE} pickle: 2 of 2 due failures name SHUT-5, all else is as it must be (" in run.out
    assert "1 wrong workers in 1 runs, right ones in 0; 0 not as they must be; 1 of " in run.out
    assert run.out.endswith("SELFTEST PASSED\n")


def test_selftest_fails_if_the_kit_does_not_find_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that expects another fault than the kit finds makes the selftest fail, with what is missing."""
    row = next(worker for worker in TABLE.workers if worker.file == ONE)
    other = attrs.evolve(row, breaks="RUN-3", passes=("eof/when-idle",))
    monkeypatch.setattr(selftest, "load_table", lambda: KillTable((other,), TABLE.sample))

    run = kit("selftest", "--only", ONE)

    assert run.status == 1
    assert f"WRONG  {ONE} pickle\n       eof/status-when-" in run.out
    assert "should name RUN-3: fail: exit status 3" in run.out
    assert run.out.endswith("SELFTEST FAILED\n")


def test_selftest_fails_if_a_requirement_has_no_wrong_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """All runs may be as they must be: a requirement that nobody breaks makes the selftest of all workers fail."""
    row = next(worker for worker in TABLE.workers if worker.file == ONE)
    monkeypatch.setattr(selftest, "load_table", lambda: KillTable((row,), TABLE.sample))
    monkeypatch.setattr(selftest, "CONTROLS", ())

    run = kit("selftest")

    assert run.status == 1
    assert f"ok     {ONE} pickle" in run.out
    assert "WRONG  RUN-3: no wrong worker fails a case that names it\n" in run.out
    assert "WRONG  SHUT-5" not in run.out


def test_selftest_of_nothing_is_refused() -> None:
    """A pattern that no worker has is no reason to be green."""
    run = kit("selftest", "--only", "no_such*")

    assert run.status == 2
    assert "--only no_such*: no worker of the selftest has such a name" in run.err


def test_selftest_with_a_stale_table_is_a_fault_of_the_kit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that waits for a case that does not exist gives status 5."""
    row = attrs.evolve(TABLE.workers[0], fails=("run/no-such-case",))
    monkeypatch.setattr(selftest, "load_table", lambda: KillTable((row,), TABLE.sample))

    run = kit("selftest")

    assert run.status == 5
    assert "run/no-such-case" in run.err


def test_whole_selftest_has_every_worker_in_every_way() -> None:
    """Without --only all rows and controls are run; with --whole the rows on every case."""
    due = len(CONTROLS) + sum(len(worker.runs) for worker in TABLE.workers)
    sample, whole = (selftest.trials_of(TABLE, (), whole=choice) for choice in (False, True))

    assert len(sample) == len(whole) == due
    assert all(trial.cases for trial in sample if trial.wrong)
    assert not any(trial.cases for trial in (*whole, *sample[: len(CONTROLS)]))


def test_requirement_that_nobody_breaks_is_a_gap() -> None:
    """A MUST or SHOULD of workers that can be tested, and is not, is told; other requirements are not."""
    rows = [("A-1", "MUST", "worker"), ("A-2", "SHOULD", "worker"), ("A-3", "MAY", "worker"), ("A-4", "MUST", "master")]
    requirements = {name: Requirement(name, level, party, "A text.") for name, level, party in rows}
    requirements["A-5"] = Requirement("A-5", "MUST", "worker", "A text.", untestable="nobody can see it")

    gaps = selftest.gaps_of(requirements, [])

    assert [gap.partition(":")[0] for gap in gaps] == ["A-1", "A-2"]


def test_matrix_of_a_worker_is_written(tmp_path: Path) -> None:
    """--matrix runs every case and writes who kills whom."""
    page = tmp_path / "matrix.md"
    run = kit("selftest", "--only", "cmd_4*", "--only", "right_command", "--matrix", str(page))

    assert run.status == 0, run.out
    text = page.read_text(encoding="utf-8")
    assert "| cmd_4_status_3 | CMD-4 | command | cmd/exit-status-0 | 0 | 5 |" in text
    assert "| CMD-4 | SHOULD | cmd_4_status_3 | cmd/exit-status-0 |" in text
    assert "| CMD-5 | MUST |  | nothing: a gap |" in text
    assert "| cmd/exit-status-0 | CMD-4 | 1 | cmd_4_status_3 |" in text
    assert "| right_command | command | 6 | 0 |" in text


def test_matrix_that_cannot_be_written_is_told() -> None:
    """The place that cannot be written is named."""
    run = kit("selftest", "--only", "right_command", "--matrix", "/no/such/folder/matrix.md")

    assert run.status == 2
    assert "--matrix /no/such/folder/matrix.md" in run.err
