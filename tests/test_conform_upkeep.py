"""Whole runs of the kit with a baseline, and with cases that do not score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
import spreadjobs_conform.running as program
from kit_runs import kit, kit_with_report
from kit_scripts import RIGHT, python
from spreadjobs_conform import verify
from spreadjobs_conform.baseline_toml import TODO

ENDS_WITH_3: Final = python(RIGHT + "\nsys.exit(3)")
"""Right but for a SHOULD: its exit status."""
OTHER_VALUE: Final = python(RIGHT.replace("p.get('value')", "'another' if i == 0 else p.get('value')"))
"""Right but for the answer to task 0."""
TWO: Final = ("--case", "run/task-id-0", "--case", "eof/status-when-idle")


def entry(case: str, fails_with: str, table: str = "known", more: str = "") -> str:
    """The text of one entry."""
    return f'[{table}."{case}"]\nreason = "its author knows"\nfails_with = "{fails_with}"\n{more}\n'


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """Where a baseline may lie."""
    return tmp_path / "baseline.toml"


def run(baseline: Path, text: str, worker: Sequence[str], *options: str) -> tuple[int, str]:
    """Exit status and words of a run with that baseline."""
    baseline.write_text(text, encoding="utf-8")
    ended = kit(*TWO, "--baseline", str(baseline), *options, "--", *worker)
    return ended.status, ended.out + ended.err


def test_known_failure_is_conformant(baseline: Path) -> None:
    """A MUST that fails as its entry says does not make the run fail, and its reason is shown."""
    status, told = run(baseline, entry("run/task-id-0", "'another'"), OTHER_VALUE)

    assert status == 0, told
    assert "(tolerated: its author knows)" in told
    assert "left out), but for 1 known failure\n" in told


@pytest.mark.parametrize(
    ("text", "worker", "due"),
    [
        (entry("eof/status-when-idle", "status 3"), python(RIGHT), "eof/status-when-idle passed"),
        (entry("eof/status-when-idle", "status 4"), ENDS_WITH_3, "failed in another way than its entry says"),
        (entry("eof/status-when-idle", "status 4", "flaky"), ENDS_WITH_3, "failed in another way than its entry"),
        (entry("eof/status-when-idle", "status 3", more="review = 2020-01-01"), ENDS_WITH_3, "review is due"),
        (entry("eof/no-such-case", "status 3"), ENDS_WITH_3, "there is no case eof/no-such-case"),
    ],
    ids=["passed", "other-way", "flaky-other-way", "review", "unknown"],
)
def test_wrong_entry_makes_the_run_fail(text: str, worker: Sequence[str], due: str, baseline: Path) -> None:
    """A run that would be conformant without its baseline fails by a wrong entry, and says what to do."""
    status, told = run(baseline, text, worker)

    assert status == 1, told
    assert f"baseline: {due}" in told or f"baseline: eof/status-when-idle {due}" in told
    assert run(baseline, "", worker)[0] == 0


def test_present_failures_become_entries(baseline: Path) -> None:
    """What --write-baseline wrote is refused until reasons are written, and then makes the same run conformant."""
    words = (*TWO, "--write-baseline", str(baseline), "--", *OTHER_VALUE)

    written, again = kit(*words), kit(*words)

    assert (written.status, again.status) == (1, 1)
    assert f"added 1 entry to {baseline}; say in each why it is tolerated, or it will be refused" in written.out
    assert f"nothing to add to {baseline}\n" in again.out
    assert f"{baseline} has entries already for these, which failed: run/task-id-0" in again.out
    text = baseline.read_text(encoding="utf-8")
    assert text.count(TODO) == 1
    refused, told = run(baseline, text, OTHER_VALUE)
    assert refused == 2
    assert 'in the reason of known."run/task-id-0"' in told
    assert run(baseline, text.replace(TODO, "a demonstration"), OTHER_VALUE)[0] == 0


def test_what_a_run_found_is_told_though_its_baseline_cannot_be_written(baseline: Path, tmp_path: Path) -> None:
    """The failures, the report and why nothing was added: status 1."""
    baseline.write_text("known = {}\n", encoding="utf-8")

    ended = kit_with_report(tmp_path, *TWO, "--write-baseline", str(baseline), "--", *OTHER_VALUE)

    assert ended.status == 1
    assert "FAIL  run/task-id-0" in ended.out
    assert f"baseline: it could not be kept: --write-baseline {baseline}: " in ended.out
    assert kit("verify", str(tmp_path / "report.jsonl")).status == 0
    assert ended.lines[-1]["complete"] is True
    assert baseline.read_text(encoding="utf-8") == "known = {}\n"


def test_a_stale_baseline_is_not_blamed_on_the_worker(baseline: Path) -> None:
    """A worker that was mended is told from one that is wrong."""
    mended = run(baseline, entry("eof/status-when-idle", "status 3"), python(RIGHT))
    wrong = run(baseline, entry("eof/status-when-idle", "status 3"), OTHER_VALUE)

    assert (mended[0], wrong[0]) == (1, 1)
    assert mended[1].endswith("\nTHE BASELINE IS STALE: no case failed that it does not know\n")
    assert wrong[1].endswith("\nNOT CONFORMANT\n")


def test_stale_entries_are_pruned(baseline: Path) -> None:
    """Entries that passed or match nothing are removed and count no more; the others and their comments stay."""
    kept = "# mine\n" + entry("run/task-id-0", "'another'")
    stale = entry("eof/status-when-idle", "status 3") + "\n" + entry("eof/none", "status")

    status, told = run(baseline, kept + "\n" + stale, OTHER_VALUE, "--prune-baseline")

    assert status == 0, told
    assert f"removed from {baseline}: eof/status-when-idle, eof/none" in told
    assert baseline.read_text(encoding="utf-8").strip() == kept.strip()


def test_entry_that_cannot_be_pruned_stays_a_problem(baseline: Path) -> None:
    """Where the form is strange, nothing is changed, the run fails, and what to remove by hand is said."""
    text = "[known]\n'eof/status-when-idle' = {reason = '''r\nr''', fails_with = 'xxxx'}\n"

    status, told = run(baseline, text, python(RIGHT), "--prune-baseline")

    assert status == 1
    assert "remove by hand: eof/status-when-idle" in told
    assert baseline.read_text(encoding="utf-8") == text


def test_entry_of_another_failure_is_not_pruned(baseline: Path) -> None:
    """A case that fails in another way needs somebody who looks at it."""
    text = entry("eof/status-when-idle", "status 4")

    assert run(baseline, text, ENDS_WITH_3, "--prune-baseline")[0] == 1
    assert baseline.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--prune-baseline",), "--prune-baseline goes with --baseline FILE"),
        (("--write-baseline", "/no/such/folder/b.toml"), "there is no folder /no/such/folder"),
        (("--write-baseline", __file__), "baseline"),
    ],
)
def test_files_that_cannot_be_kept_are_refused_at_the_start(words: tuple[str, ...], named: str) -> None:
    """Nothing is run for a baseline that could not be read or written afterwards."""
    ended = kit(*TWO, *words, "--", "/no/such/worker")

    assert ended.status == 2
    assert named in ended.err


def freeze(monkeypatch: pytest.MonkeyPatch, *ids: str) -> None:
    """Makes a smaller set of cases the required one, as if the others had come later."""
    for module in (program, verify):
        monkeypatch.setattr(module, "load_required", lambda: frozenset(ids))


def test_case_of_a_later_version_changes_nothing(
    tmp_path: Path, baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A MUST that fails outside the required set is shown and reported, and the run stays conformant."""
    freeze(monkeypatch, "eof/status-when-idle")

    ended = kit_with_report(tmp_path, *TWO, "--write-baseline", str(baseline), "--", *OTHER_VALUE)

    assert ended.status == 0
    assert "FAIL, not scored  run/task-id-0  (MUST RUN-5)" in ended.out
    assert " --case run/task-id-0 --all-scored -- " in ended.out
    assert "NOT SCORED  run/task-id-0 fail\n" in ended.out
    assert ended.out.endswith("CONFORMANT\n")
    scored = {line["case"]: line["scored"] for line in ended.lines if line["kind"] == "case"}
    assert list(scored.items()) == [("eof/status-when-idle", True), ("run/task-id-0", False)]
    assert not baseline.exists()
    assert kit("verify", str(tmp_path / "report.jsonl")).status == 0


def test_all_cases_score_if_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --all-scored, the same failure counts, and verify agrees."""
    freeze(monkeypatch, "eof/status-when-idle")

    ended = kit_with_report(tmp_path, *TWO, "--all-scored", "--", *OTHER_VALUE)

    assert ended.status == 1
    assert "FAIL  run/task-id-0  (MUST RUN-5)" in ended.out
    assert "--all-scored --case run/task-id-0 -- " in ended.out
    assert "NOT SCORED" not in ended.out
    assert kit("verify", str(tmp_path / "report.jsonl")).status == 0


def test_untestable_case_of_a_later_version_is_no_reason_for_status_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A MUST outside the required set that cannot be tested is shown, and asks for nothing."""
    freeze(monkeypatch, "eof/status-when-idle")
    manifest = tmp_path / "m.toml"
    manifest.write_text("lacks = ['op:sleep']", encoding="utf-8")
    words = ("--manifest", str(manifest), "--case", "run/sleeps*", "--case", "eof/status-when-idle", "--")

    ended = kit(*words, *python(RIGHT))

    assert ended.status == 0
    assert "NOT SCORED  run/sleeps-as-long-as-asked not-testable" in ended.out
    assert "NOT TESTED" not in ended.out


def test_run_of_nothing_that_scores_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that nothing could make fail is not conformant but a mistake."""
    freeze(monkeypatch, "data/sets")

    ended = kit(*TWO, "--", *OTHER_VALUE)

    assert ended.status == 2
    assert "nothing is selected that scores" in ended.err
    assert "--all-scored" in ended.err


def test_edited_score_is_found_out(tmp_path: Path) -> None:
    """A failure cannot be made one that does not count."""
    kit_with_report(tmp_path, *TWO, "--", *OTHER_VALUE)
    report = tmp_path / "report.jsonl"
    report.write_text(report.read_text("utf-8").replace('"scored": true', '"scored": false'), encoding="utf-8")

    verified = kit("verify", str(report))

    assert verified.status == 1
    assert "DIFFERS  run/task-id-0: scored: the report says False, its record True" in verified.out
