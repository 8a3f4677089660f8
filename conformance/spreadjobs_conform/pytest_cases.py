"""
The cases as tests of pytest. A case that does not apply is no test, so that ids depend on the options alone.

pass: passed. fail: failed, with the kit's own text. known: an expected failure, strict, so that a pass fails. flaky, a
case that does not score, a SHOULD without --strict: an expected failure if it fails. not-testable: skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import pytest

from spreadjobs_conform.baseline import Problem
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.findings import CannotStart, UsageFault
from spreadjobs_conform.pytest_bench import Bench, bench_for
from spreadjobs_conform.registry import Case
from spreadjobs_conform.report_escape import escaped_line
from spreadjobs_conform.verdicts import Status, Verdict

if TYPE_CHECKING:
    # pytest has no public name for what it returns here.
    from _pytest._code.code import TerminalRepr

NAME: Final = "spread-jobs-conform"
MARK: Final = "spread_jobs"

Style: TypeAlias = Literal["long", "short", "line", "no", "native", "value", "auto"]
"""How pytest tells of errors that are not the worker's."""


class CaseFailure(Exception):
    """The worker failed; the text is for people, and whole."""


class KnownFailure(CaseFailure):
    """It failed as the baseline says that it does."""


class Cases:
    """
    What pytest calls.

    Args:
        bench: Runs the cases.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """
        Starts the worker once, so that a wrong command is one clear error and not one a test.

        Raises:
            pytest.UsageError: It cannot be started.
        """
        # A process of pytest-xdist has its tests run only after the one that started it has passed here.
        if session.config.option.collectonly or hasattr(session.config, "workerinput"):
            return
        try:
            self.bench.start()
        except (CannotStart, UsageFault) as fault:
            raise pytest.UsageError(f"--spread-jobs-worker: {fault}") from fault

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Adds the cases; first of all, so that -k and -m hold for them too."""
        collector = CaseCollector.from_parent(session, name=NAME, nodeid=NAME)
        collector.bench = self.bench
        collector.add_marker(MARK)
        report = session.config.hook.pytest_make_collect_report(collector=collector)
        # It counts them.
        session.config.hook.pytest_collectreport(report=report)
        items.extend(report.result)

    def pytest_unconfigure(self) -> None:
        """Ends what the worker has left behind."""
        self.bench.close()


class CaseCollector(pytest.Collector):
    """The cases, and the baseline if there is one."""

    bench: Bench

    def collect(self) -> Iterator[pytest.Item]:
        """The tests, in the order of the cases."""
        baseline = self.bench.baseline
        if baseline.entries:
            item = BaselineItem.from_parent(self, name="baseline")
            item.bench = self.bench
            yield item
        for case in self.bench.cases:
            test = CaseItem.from_parent(self, name=case.id)
            test.bench, test.case = self.bench, case
            entry = baseline.entries.get(case.id)
            if entry is not None and not entry.flaky and self.bench.scores(case):
                reason = (
                    f"known: {entry.reason or entry.fails_with}; once it passes, remove {entry.name} from the baseline"
                )
                test.add_marker(pytest.mark.xfail(strict=True, raises=KnownFailure, reason=reason))
            yield test


class ToldItem(pytest.Item):
    """A test whose failure is told by its own text alone."""

    bench: Bench

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Style | None = None
    ) -> str | TerminalRepr:
        """The text of the kit; of all else, what pytest says."""
        if isinstance(excinfo.value, CaseFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands: in no file of the user's."""
        return self.session.config.rootpath, None, self.name


class BaselineItem(ToldItem):
    """Entries that match no case, or none that applies."""

    def runtest(self) -> None:
        """
        Looks at the entries; runs nothing.

        Raises:
            CaseFailure: Some are stale.
        """
        problems = self.bench.baseline.problems(self.bench.idle, all_cases(), _today())
        if problems:
            raise CaseFailure(_lines(problems))


class CaseItem(ToldItem):
    """One case."""

    case: Case

    def runtest(self) -> None:
        """
        Runs the case.

        Raises:
            CaseFailure: The worker failed, or its entry in the baseline is stale.
        """
        verdict = self.bench.run(self.case)
        problems = self.bench.baseline.problems([verdict], [self.case], _today())
        _check(verdict, [problem for problem in problems if problem.case == self.case.id], self)


def _check(verdict: Verdict, problems: list[Problem], test: CaseItem) -> None:
    if verdict.status is Status.PASS:
        # One that was known to fail has a mark by which pytest fails it now.
        problems = [problem for problem in problems if not problem.stale]
    failed = verdict.status not in (Status.PASS, Status.NOT_TESTABLE)
    told = test.bench.told(verdict) if failed else ""
    if problems:
        raise CaseFailure(f"{_lines(problems)}\n{told}".strip())
    if verdict.status is Status.NOT_TESTABLE:
        pytest.skip(escaped_line(verdict.reason))
    if verdict.status is Status.KNOWN and verdict.scored:
        raise KnownFailure(told)
    excuse = _excuse(verdict, strict=test.bench.options.strict)
    if failed and excuse:
        pytest.xfail(escaped_line(f"{excuse}: {verdict.reason}"))
    if failed:
        # With --runxfail, the line before this one does nothing.
        raise CaseFailure(told)


def _lines(problems: list[Problem]) -> str:
    return "\n".join(escaped_line(problem.text) for problem in problems)


def _excuse(verdict: Verdict, *, strict: bool) -> str:
    """Why a failure does not count; empty if it does."""
    if not verdict.scored:
        return "not scored"
    if verdict.status is Status.FLAKY:
        return "flaky"
    if verdict.status is Status.FAIL and verdict.level != "MUST" and not strict:
        return f"a {verdict.level}, which counts with --strict"
    return ""


def _today() -> date:
    return datetime.now(UTC).date()


def plugin_for(worker: str | None, options: str | None) -> Cases:
    """
    The plugin for a command line.

    Args:
        worker: The worker's command, quoted as for a shell; None: the manifest has it.
        options: Options of the kit, quoted likewise; None: none.

    Raises:
        pytest.UsageError: They make no sense.
    """
    try:
        return Cases(bench_for(worker, options))
    except UsageFault as fault:
        prefix = "" if str(fault).startswith("--spread-jobs-") else "--spread-jobs-worker, --spread-jobs-options: "
        raise pytest.UsageError(f"{prefix}{fault}") from fault
