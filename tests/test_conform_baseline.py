"""Tests of ``spreadjobs_conform.baseline`` and ``verdicts``."""

from __future__ import annotations

from pathlib import Path

import pytest
from spreadjobs_conform.baseline import Baseline, load_baseline
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.verdicts import Exit, Status, Verdict, judge

CASES = {case.id: case for case in all_cases()}


def verdict(case: str, status: Status, reason: str = "", level: str = "MUST") -> Verdict:
    """A verdict on one case."""
    return Verdict(case=CASES[case], level=level, status=status, reason=reason)


def test_known_failures_must_match_their_reason() -> None:
    """A failure with the reason that the baseline has is known, one with another stays a failure."""
    baseline = Baseline(known={"data/sets": "frozenset"}, flaky={"run/task-id-0": "hang"})

    assert baseline.apply(verdict("data/sets", Status.FAIL, "a frozenset came")).status is Status.KNOWN
    assert baseline.apply(verdict("run/task-id-0", Status.FAIL, "a hang")).status is Status.FLAKY
    other = baseline.apply(verdict("data/sets", Status.FAIL, "a list came"))
    assert other.status is Status.FAIL
    assert "expects the reason 'frozenset'" in other.reason
    assert baseline.apply(verdict("data/bytes", Status.FAIL)).status is Status.FAIL
    assert baseline.apply(verdict("data/sets", Status.PASS)).status is Status.PASS


@pytest.mark.parametrize(
    ("baseline", "named"),
    [
        (Baseline(known={"data/none-such": "x"}), "no case data/none-such"),
        (Baseline(known={"data/sets": "x"}), "data/sets passed"),
        (Baseline(known={"data/bytes": "x"}), "not-applicable"),
        (Baseline(flaky={"data/bytes": "x"}), "not-applicable"),
    ],
)
def test_stale_entries_are_problems(baseline: Baseline, named: str) -> None:
    """An entry that matches nothing, or whose case passed, is a problem of the run."""
    verdicts = [verdict("data/sets", Status.PASS), verdict("data/bytes", Status.NOT_APPLICABLE)]

    (problem,) = baseline.problems(verdicts, all_cases())

    assert named in problem
    assert judge(verdicts, [problem], strict=False).exit is Exit.FAILED


def test_entries_that_say_nothing_here_are_no_problems() -> None:
    """A flaky case that passed, one that failed as known, and one that was not selected are no problems."""
    baseline = Baseline(known={"data/lists": "x", "data/sets": "x"}, flaky={"run/task-id-0": "x"})
    verdicts = [verdict("data/sets", Status.KNOWN), verdict("run/task-id-0", Status.PASS)]

    assert baseline.problems(verdicts, all_cases()) == []
    assert judge(verdicts, [], strict=True).exit is Exit.CONFORMANT


@pytest.mark.parametrize(
    ("statuses", "strict", "due"),
    [
        ([(Status.PASS, "MUST"), (Status.NOT_APPLICABLE, "MUST")], False, Exit.CONFORMANT),
        ([(Status.FAIL, "MUST")], False, Exit.FAILED),
        ([(Status.FAIL, "SHOULD")], False, Exit.CONFORMANT),
        ([(Status.FAIL, "SHOULD")], True, Exit.FAILED),
        ([(Status.NOT_TESTABLE, "MUST")], False, Exit.NOT_TESTED),
        ([(Status.NOT_TESTABLE, "SHOULD")], True, Exit.CONFORMANT),
        ([(Status.NOT_TESTABLE, "MUST"), (Status.FAIL, "MUST")], False, Exit.FAILED),
        ([(Status.HARNESS_ERROR, "SHOULD"), (Status.FAIL, "MUST")], False, Exit.KIT_FAULT),
    ],
)
def test_exit_status_follows_the_verdicts(statuses: list[tuple[Status, str]], strict: bool, due: Exit) -> None:  # noqa: FBT001 - a row of the table
    """The exit status is that of the worst verdict that counts."""
    verdicts = [verdict("data/sets", status, level=level) for status, level in statuses]

    outcome = judge(verdicts, [], strict=strict)

    assert outcome.exit is due
    assert sum(outcome.totals().values()) == len(statuses)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[known", "Expected"),
        ("[unknown]", "'unknown'"),
        ("known = 5", "'known'"),
        ("[known]\n'data/sets' = 5", "data/sets"),
        ("[flaky]\n'data/sets' = ' '", "data/sets"),
    ],
)
def test_wrong_baselines_are_named(text: str, named: str, tmp_path: Path) -> None:
    """What is wrong with a baseline is said with its key."""
    path = tmp_path / "baseline.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(UsageFault, match=named):
        load_baseline(path)


def test_baseline_is_read(tmp_path: Path) -> None:
    """A baseline has known and flaky cases, each with a part of the reason."""
    path = tmp_path / "baseline.toml"
    path.write_text("[known]\n'data/sets' = 'frozenset'\n", encoding="utf-8")

    assert load_baseline(path) == Baseline(known={"data/sets": "frozenset"}, flaky={})
    with pytest.raises(UsageFault, match=r"nowhere\.toml"):
        load_baseline(tmp_path / "nowhere.toml")
