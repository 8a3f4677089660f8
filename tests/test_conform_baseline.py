"""Tests of ``spreadjobs_conform.baseline`` and ``verdicts``."""

from __future__ import annotations

from datetime import date
from typing import Final

import attrs
import pytest
from spreadjobs_conform.baseline import Baseline, Entry
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.verdicts import Exit, Status, Verdict, judge

CASES: Final = {case.id: case for case in all_cases()}
TODAY: Final = date(2027, 2, 1)
KNOWN: Final = Entry(case="data/sets", fails_with="frozenset", reason="numpy has no frozenset")
FLAKY: Final = Entry(case="run/task-id-0", flaky=True, fails_with="hang", reason="a race")


def verdict(case: str, status: Status, reason: str = "", level: str = "MUST", *, scored: bool = True) -> Verdict:
    """A verdict on one case."""
    return Verdict(case=CASES[case], level=level, status=status, reason=reason, scored=scored)


def baseline_of(*entries: Entry) -> Baseline:
    """A baseline with these entries."""
    return Baseline({entry.case: entry for entry in entries})


def test_known_failures_must_match_their_reason() -> None:
    """A failure with the reason that the baseline has is known, one with another stays a failure."""
    baseline = baseline_of(KNOWN, FLAKY)

    known = baseline.apply(verdict("data/sets", Status.FAIL, "a frozenset came"))
    assert (known.status, known.reason) == (Status.KNOWN, "a frozenset came (tolerated: numpy has no frozenset)")
    assert baseline.apply(verdict("run/task-id-0", Status.FAIL, "a hang")).status is Status.FLAKY
    other = baseline.apply(verdict("data/sets", Status.FAIL, "a list came"))
    assert other.status is Status.FAIL
    assert "expects the reason 'frozenset'" in other.reason
    assert baseline.apply(verdict("data/bytes", Status.FAIL)).status is Status.FAIL
    assert baseline.apply(verdict("data/sets", Status.PASS)).status is Status.PASS


def test_short_form_adds_nothing_to_the_reason() -> None:
    """An entry without a reason of its own leaves that of the kit as it is."""
    known = baseline_of(Entry(case="data/sets", fails_with="set")).apply(verdict("data/sets", Status.FAIL, "a set"))

    assert (known.status, known.reason) == (Status.KNOWN, "a set")


def test_flaky_entry_may_leave_the_failure_open() -> None:
    """A flaky entry that does not say how the case fails holds for every failure of it."""
    entry = attrs.evolve(FLAKY, fails_with="")

    assert baseline_of(entry).apply(verdict(FLAKY.case, Status.FAIL, "whatever")).status is Status.FLAKY


@pytest.mark.parametrize(
    ("entry", "status", "named", "stale"),
    [
        (Entry(case="data/none-such", fails_with="x"), Status.PASS, "no case data/none-such", True),
        (Entry(case="data/set", fails_with="x"), Status.PASS, "or is data/sets meant?", True),
        (KNOWN, Status.PASS, "data/sets passed; remove the entry", True),
        (KNOWN, Status.NOT_APPLICABLE, "data/sets is not-applicable here", True),
        (attrs.evolve(KNOWN, flaky=True), Status.NOT_TESTABLE, "data/sets is not-testable here", True),
        (KNOWN, Status.FAIL, "failed in another way than its entry says; mend the worker, or edit the entry", False),
        (attrs.evolve(KNOWN, flaky=True), Status.FAIL, "failed in another way than its entry says", False),
        (attrs.evolve(KNOWN, review=date(2027, 1, 31)), Status.KNOWN, 'review is due: known."data/sets"', False),
        (attrs.evolve(KNOWN, flaky=True, review=date(2027, 1, 31)), Status.PASS, 'due: flaky."data/sets"', False),
    ],
)
def test_entries_that_are_wrong_make_the_run_fail(entry: Entry, status: Status, named: str, stale: bool) -> None:  # noqa: FBT001 - a row of the table
    """Each way in which an entry may be wrong is told with what to do, and fails the run, even for a SHOULD."""
    verdicts = [verdict("data/sets", status, "a list came", level="SHOULD")]

    (problem,) = baseline_of(entry).problems(verdicts, all_cases(), TODAY)

    assert named in problem.text
    assert problem.stale is stale
    assert judge(verdicts, [problem.text], strict=False).exit is Exit.FAILED


def test_entries_that_say_nothing_here_are_no_problems() -> None:
    """A flaky case that passed, one that failed as known, one not selected, and a review due today are no problems."""
    today = attrs.evolve(KNOWN, review=TODAY)
    baseline = baseline_of(Entry(case="data/lists", fails_with="x", review=date(2020, 1, 1)), today, FLAKY)
    verdicts = [verdict("data/sets", Status.KNOWN), verdict("run/task-id-0", Status.PASS)]

    assert baseline.problems(verdicts, all_cases(), TODAY) == []
    assert judge(verdicts, [], strict=True).exit is Exit.CONFORMANT


@pytest.mark.parametrize("status", [Status.PASS, Status.FAIL, Status.NOT_TESTABLE])
def test_entries_of_cases_that_do_not_score_are_no_problems(status: Status) -> None:
    """What does not score cannot make the run fail by way of the baseline."""
    verdicts = [verdict("data/sets", status, scored=False)]

    assert baseline_of(KNOWN).problems(verdicts, all_cases(), TODAY) == []


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
    """The exit status is that of the worst verdict that counts, and verdicts that do not score count for nothing."""
    verdicts = [verdict("data/sets", status, level=level) for status, level in statuses]

    outcome = judge(verdicts, [], strict=strict)

    assert outcome.exit is due
    assert sum(outcome.totals().values()) == len(statuses)
    unscored = [attrs.evolve(each, scored=False) for each in verdicts]
    assert judge([verdict("data/sets", Status.PASS), *unscored], [], strict=strict).exit is Exit.CONFORMANT
