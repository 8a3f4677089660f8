"""
TAP 14: a test point a case.

It has a "not ok" without TODO, or bails out, exactly if the run failed: a report that is not whole is never green.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from spreadjobs_conform.report_escape import one_line, quoted, tap
from spreadjobs_conform.report_read import CaseRecord, Report
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.verdicts import Status


def tap14(reports: Sequence[Report], requirements: Mapping[str, Requirement]) -> str:
    """
    The text of a TAP stream.

    Args:
        reports: With unique names, which stand before the ids if there are several.
        requirements: All there are, by id.
    """
    planned = sum(max(report.header.selected, len(report.cases)) for report in reports)
    planned += sum(len(report.problems) - bool(report.incomplete) for report in reports)
    lines = ["TAP version 14", f"1..{planned}"]
    number = 0
    for report in reports:
        prefix = f"{report.name}: " if len(reports) > 1 else ""
        for case in report.cases:
            number += 1
            lines += _point(number, prefix, report, case, requirements)
        for problem in report.footer.problems if report.footer is not None else ():
            number += 1
            lines += [f"not ok {number} - {tap(prefix + 'the baseline')}", *_block([("came", problem)])]
    # In the end, so that nothing that is known is lost: readers stop there.
    lines += [f"Bail out! {one_line(f'{report.name}: {report.incomplete}')}" for report in reports if report.incomplete]
    return "\n".join([*lines, ""])


def _point(
    number: int, prefix: str, report: Report, case: CaseRecord, requirements: Mapping[str, Requirement]
) -> Iterator[str]:
    name = f"{number} - {tap(prefix + case.case)}"
    match case.status:
        case Status.PASS:
            yield f"ok {name}"
        case Status.NOT_APPLICABLE | Status.NOT_TESTABLE:
            yield f"ok {name} # SKIP {tap(f'{case.status.value}: {case.reason}')}"
        case Status.KNOWN | Status.FLAKY:
            yield f"not ok {name} # TODO {tap(f'{case.status.value}: {case.reason}')}"
        case Status.FAIL | Status.HARNESS_ERROR if not report.counts(case):
            yield f"not ok {name} # TODO {tap(report.excuse(case))}"
        case Status.FAIL | Status.HARNESS_ERROR:
            yield f"not ok {name}"
    if case.status in (Status.FAIL, Status.HARNESS_ERROR):
        pairs = [("status", case.status.value), ("level", case.level)]
        yield from _block([*pairs, *case.account(requirements, report.again(case))])


def _block(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A YAML block; what there is several of becomes a list."""
    yield "  ---"
    for label in dict.fromkeys(label for label, _ in pairs):
        texts = [text for each, text in pairs if each == label]
        if len(texts) == 1:
            yield f"  {label}: {quoted(texts[0])}"
        else:
            yield f"  {label}:"
            yield from (f"    - {quoted(text)}" for text in texts)
    yield "  ..."
