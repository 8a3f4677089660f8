"""Markdown for the summary page of a CI, and a plain summary for terminals, of one report or several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from spreadjobs_conform.report_escape import fenced, markdown, one_line
from spreadjobs_conform.report_read import CaseRecord, Report, party
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.verdicts import Status

MAX_CELL: Final = 240
"""Characters of a text in a table."""
MAX_FOLDED: Final = 60
"""Failures with their conversations: CI services cut or refuse summaries of more than a megabyte."""
SHOWN_EVENTS: Final = 12
NOT_RUN: Final = "not run"
MARKS: Final[Mapping[Status, str]] = {
    Status.PASS: "✓",
    Status.FAIL: "✗",
    Status.KNOWN: "✗",
    Status.FLAKY: "✗",
    Status.NOT_APPLICABLE: "-",
    Status.NOT_TESTABLE: "?",
    Status.HARNESS_ERROR: "!",
}
"""Always beside the word: a mark alone says little."""


def as_markdown(reports: Sequence[Report], requirements: Mapping[str, Requirement]) -> str:
    """
    The text of a Markdown file (GitHub's dialect, which others read too).

    Args:
        reports: With unique names.
        requirements: All there are, by id.
    """
    spec = markdown(", ".join(sorted({report.header.spec for report in reports})))
    lines = [f"# spread-jobs {spec}: conformance", "", *_totals(reports), ""]
    for report in reports:
        lines += [f"- **{markdown(f'{report.name}: {problem}')}**" for problem in report.problems]
    for report in reports:
        lines += _failures(report)
    if len(reports) > 1:
        lines += _matrix(reports)
    told = [(report, case) for report in reports for case in report.told()]
    for report, case in told[:MAX_FOLDED]:
        lines += _folded(report, case, requirements)
    if len(told) > MAX_FOLDED:
        lines += ["", f"The conversations of {len(told) - MAX_FOLDED} more are left out here."]
    for report in reports:
        lines += _not_tested(report)
    return "\n".join([*lines, ""])


def _totals(reports: Sequence[Report]) -> Iterator[str]:
    yield f"| {party(reports)} | verdict | {' | '.join(status.value for status in Status)} | time |"
    yield f"|---|---|{'---:|' * (len(Status) + 1)}"
    for report in reports:
        counts = " | ".join(str(report.count(status) or "") for status in Status)
        yield f"| {markdown(report.name)} | **{markdown(report.verdict())}** | {counts} | {report.took_s:.1f} s |"


def _failures(report: Report) -> Iterator[str]:
    told = report.told()
    if not told:
        return
    yield from ("", f"## {markdown(report.name)}", "")
    yield from ("| case | status | level | came | due | cure |", "|---|---|---|---|---|---|")
    for case in told:
        status = f"{MARKS[case.status]} {case.status.value}" + ("" if case.scored else " (not scored)")
        cells = [case.case, status, f"{case.level} {', '.join(case.violated or case.requirements)}"]
        cells += [case.came or case.reason, case.due, case.cure]
        yield f"| {' | '.join(markdown(cell, MAX_CELL) for cell in cells)} |"


def _matrix(reports: Sequence[Report]) -> Iterator[str]:
    yield from ("", "## All cases", "", f"<details><summary>{party(reports)}s and cases</summary>", "")
    yield f"| case | {' | '.join(markdown(report.name) for report in reports)} |"
    yield f"|---|{'---|' * len(reports)}"
    by_case = [{case.case: case for case in report.cases} for report in reports]
    for case_id in dict.fromkeys(case.case for report in reports for case in report.cases):
        found = [cases.get(case_id) for cases in by_case]
        cells = [NOT_RUN if case is None else f"{MARKS[case.status]} {case.status.value}" for case in found]
        yield f"| {markdown(case_id)} | {' | '.join(cells)} |"
    yield from ("", "</details>")


def _folded(report: Report, case: CaseRecord, requirements: Mapping[str, Requirement]) -> Iterator[str]:
    yield from ("", f"<details><summary>{markdown(f'{report.name}: {case.case}')}</summary>", "")
    yield fenced(case.in_full(requirements, report.again(case), SHOWN_EVENTS))
    yield from ("", "</details>")


def _not_tested(report: Report) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for case in report.cases:
        if case.status is Status.NOT_TESTABLE:
            reasons.setdefault(case.reason, []).append(case.case)
    if reasons:
        yield from ("", f"## {markdown(report.name)}: not tested", "")
    for reason, cases in reasons.items():
        yield f"- {markdown(', '.join(cases))}: {markdown(reason)}"


def as_text(reports: Sequence[Report], requirements: Mapping[str, Requirement]) -> str:
    """
    A summary to be read as it is.

    Args:
        reports: With unique names.
        requirements: All there are, by id.
    """
    lines: list[str] = []
    for report in reports:
        totals = ", ".join(f"{count} {status.value}" for status, count in report.totals().items())
        lines += [f"# {one_line(report.name)}", f"{totals or 'no case'} in {report.took_s:.1f} s", report.verdict()]
        lines += [f"- {one_line(problem)}" for problem in report.problems]
        for case in report.told():
            lines += ["", f"- {case.status.value}  {one_line(case.case)}  ({case.level})"]
            pairs = case.account(requirements, report.again(case))
            lines += [f"    {label + ':':<7} {one_line(text)}" for label, text in pairs]
        lines.append("")
    if len(reports) > 1:
        lines += _text_matrix(reports)
    return "\n".join(lines)


def _text_matrix(reports: Sequence[Report]) -> Iterator[str]:
    """Only the cases in which the workers differ: the others are told by the totals."""
    by_case = [{case.case: case.status.value for case in report.cases} for report in reports]
    ids = dict.fromkeys(case.case for report in reports for case in report.cases)
    rows = [(one_line(case_id), *(cases.get(case_id, NOT_RUN) for cases in by_case)) for case_id in ids]
    # Of a run that was cut short, most rows would say just that.
    differing = [row for row in rows if len({*row[1:]} - {NOT_RUN}) > 1]
    if not differing:
        yield f"# The {party(reports)}s differ in no case"
        yield ""
        return
    yield f"# Where the {party(reports)}s differ"
    table = [("case", *(one_line(report.name) for report in reports)), *differing]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        yield "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
    yield ""
