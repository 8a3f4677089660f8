"""
The HTML page: one file, with nothing from elsewhere.

Its style and its script lie beside this module and are put into the page. A policy in the page lets the browser run
that one script alone: what a worker wrote cannot run, even if its escapes were wrong.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING

import attrs

from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.report_badge import outcome
from spreadjobs_conform.report_escape import visible
from spreadjobs_conform.report_markdown import MARKS
from spreadjobs_conform.report_read import TOLD, CaseRecord, Report, party
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.verdicts import Status

if TYPE_CHECKING:
    from jinja2 import Environment

MISSING = "the HTML page needs jinja2, which is not installed: pip install 'spreadjobs[reports]'"


@attrs.frozen
class Cell:
    """What one worker did in one case."""

    status: str
    mark: str
    reason: str
    target: str
    """The id of what the page says more of it; empty if nothing."""


@attrs.frozen
class Row:
    """One case of the matrix."""

    case: str
    family: str
    level: str
    requirements: str
    summary: str
    cells: tuple[Cell, ...]
    statuses: str
    """Of all cells, without repetition, for the filter."""


@attrs.frozen
class Account:
    """A failure in full."""

    id: str
    worker: str
    record: CaseRecord
    mark: str
    pairs: tuple[tuple[str, str], ...]
    blocks: tuple[tuple[str, list[str]], ...]
    """What stands beside the conversation, which has a table."""


def check_installed() -> None:
    """
    Makes sure that the page can be made.

    Raises:
        UsageFault: jinja2 is not installed.
    """
    _environment()


def page(reports: Sequence[Report], requirements: Mapping[str, Requirement]) -> str:
    """
    The text of the page.

    Args:
        reports: With unique names.
        requirements: All there are, by id.

    Raises:
        UsageFault: jinja2 is not installed.
    """
    environment = _environment()
    files = resources.files(__package__)
    template, style, script = (
        files.joinpath(name).read_text("utf-8") for name in ("report.html.j2", "report.css", "report.js")
    )
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    rows = _rows(reports)
    words, _ = outcome(reports)
    several = f"{len(reports)} {party(reports)}s, " if len(reports) > 1 else ""
    return environment.from_string(template).render(
        title=f"spread-jobs {', '.join(sorted({report.header.spec for report in reports}))}: {several}{words}",
        reports=reports,
        rows=rows,
        families=list(dict.fromkeys(row.family for row in rows)),
        statuses=[status.value for status in Status if any(report.count(status) for report in reports)],
        levels=list(dict.fromkeys(row.level for row in rows)),
        accounts=_accounts(reports, requirements),
        untested=_untested(reports),
        marks={status.value: mark for status, mark in MARKS.items()},
        style=style,
        script=script,
        digest=digest,
    )


def _environment() -> Environment:
    try:
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - an extra: the kit works without it
    except ImportError as error:
        raise UsageFault(MISSING) from error
    return Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True, lstrip_blocks=True
    )


def _shown(value: object) -> object:
    """Every value that the page shows goes through here; what is marked as safe is the kit's own."""
    return visible(value) if type(value) is str else value


def _rows(reports: Sequence[Report]) -> list[Row]:
    by_case = [{case.case: (number, case) for number, case in enumerate(report.cases)} for report in reports]
    first = {case.case: case for report in reversed(reports) for case in report.cases}
    rows: list[Row] = []
    for case_id in dict.fromkeys(case.case for report in reports for case in report.cases):
        cells: list[Cell] = []
        for index, cases in enumerate(by_case):
            number, case = cases.get(case_id, (0, None))
            cells.append(Cell("not-run", "", "", "") if case is None else _cell(index, number, case))
        case = first[case_id]
        statuses = " ".join(dict.fromkeys(cell.status for cell in cells))
        names = ", ".join(case.requirements)
        rows.append(Row(case_id, case.family, case.level, names, case.summary, tuple(cells), statuses))
    # Cases that move many bytes come last in a report; here they stand with their family.
    families = list(dict.fromkeys(row.family for row in rows))
    return sorted(rows, key=lambda row: families.index(row.family))


def _cell(index: int, number: int, case: CaseRecord) -> Cell:
    target = _id(index, number) if case.status in TOLD else ""
    if case.status is Status.NOT_TESTABLE:
        target = "untested"
    return Cell(case.status.value, MARKS[case.status], case.reason, target)


def _id(index: int, number: int) -> str:
    # Of numbers alone: a report may have been put together by anyone.
    return f"account-{index}-{number}"


def _accounts(reports: Sequence[Report], requirements: Mapping[str, Requirement]) -> list[Account]:
    found: list[Account] = []
    for index, report in enumerate(reports):
        numbers = {case.case: number for number, case in enumerate(report.cases)}
        for case in report.told():
            pairs = tuple(case.account(requirements, report.again(case)))
            blocks = tuple(attrs.evolve(case, transcript=()).blocks())
            found.append(Account(_id(index, numbers[case.case]), report.name, case, MARKS[case.status], pairs, blocks))
    return found


def _untested(reports: Sequence[Report]) -> list[tuple[str, str, str]]:
    """Worker, cases and the reason that they have in common."""
    groups: dict[tuple[str, str], list[str]] = {}
    for report in reports:
        for case in report.cases:
            if case.status is Status.NOT_TESTABLE:
                groups.setdefault((report.name, case.reason), []).append(case.case)
    return [(name, ", ".join(cases), reason) for (name, reason), cases in groups.items()]
