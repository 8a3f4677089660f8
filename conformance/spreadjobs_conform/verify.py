"""``verify``: every verdict of a report found anew from what the kit and the worker said, without the worker."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TextIO

import attrs

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.candidate_record import candidate_of
from spreadjobs_conform.findings import DoesNotFit
from spreadjobs_conform.registry import Case
from spreadjobs_conform.replay import ReplayStage, Tape
from spreadjobs_conform.report_escape import escaped_line
from spreadjobs_conform.report_json import case_line
from spreadjobs_conform.report_lines import Line, Lines
from spreadjobs_conform.required import load_required
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.runner import judged, left_out, not_run, weighed
from spreadjobs_conform.verdicts import Exit, Status, Verdict, exit_of

_COMPARED: Final = (
    "requirements",
    "level",
    "family",
    "status",
    "scored",
    "reason",
    "violated",
    "came",
    "due",
    "cure",
    "hang",
    "evidence",
    "checks",
    "stderr",
    "transcript",
)
_BASELINE: Final = (Status.KNOWN.value, Status.FLAKY.value)
"""What a baseline makes of a failure."""


class Finding(enum.Enum):
    """What became of one line."""

    SAME = "the same verdict"
    DIFFERS = "DIFFERS"
    NOT_STORED = "not stored"


@attrs.frozen
class Checked:
    """One case of a report, found anew."""

    case: str
    finding: Finding
    text: str = ""
    """What differs, or why nothing can be said."""


def verify(report: Lines, cases: Sequence[Case], requirements: Mapping[str, Requirement]) -> Iterator[Checked]:
    """
    Find each verdict anew.

    Args:
        report: What was read.
        cases: All that the kit has.
        requirements: All there are, by id.

    Raises:
        DoesNotFit: The report does not say what was tested.
    """
    candidate = candidate_of(report.header, report.calibration or {})
    by_id = {case.id: case for case in cases}
    seen: set[str] = set()
    required = None if report.header.get("all_scored") is True else load_required()
    missing = left_out(cases, [str(line.get("case")) for line in report.cases], candidate, required)
    if report.header.get("left_out", 0) != missing:
        said = report.header.get("left_out", 0)
        yield Checked(
            "header", Finding.DIFFERS, f"left_out: the report says {said!r:.200}, {missing} cases are not there"
        )
    for line in report.cases:
        case = by_id.get(str(line.get("case")))
        if case is None:
            yield Checked(str(line.get("case")), Finding.DIFFERS, "this kit has no such case")
        elif case.id in seen:
            yield Checked(case.id, Finding.DIFFERS, "it is there twice: one of them is of another case")
        else:
            seen.add(case.id)
            yield _checked(line, case, candidate, requirements, scored=required is None or case.id in required)


def _checked(
    line: Line, case: Case, candidate: Candidate, requirements: Mapping[str, Requirement], *, scored: bool
) -> Checked:
    level = case.level(requirements)
    idle = not_run(case, candidate)
    record = line.get("record")
    if idle is not None:
        verdict = Verdict(case=case, level=level, status=idle[0], reason=idle[1])
    elif not isinstance(record, dict):
        return Checked(case.id, Finding.NOT_STORED, "the worker wrote more than a report keeps")
    else:
        try:
            tape = Tape(record)
            verdict = weighed(judged(case, candidate, ReplayStage(tape), level), requirements)
            tape.check_over()
        except DoesNotFit as misfit:
            return Checked(case.id, Finding.DIFFERS, f"its record does not fit: {misfit}")
    anew = case_line(attrs.evolve(verdict, scored=scored))
    for key in _COMPARED:
        said, due = line.get(key), anew[key]
        if said != due and not _by_baseline(key, line, anew):
            return Checked(case.id, Finding.DIFFERS, f"{key}: the report says {said!r:.200}, its record {due!r:.200}")
    return Checked(case.id, Finding.SAME)


def _by_baseline(key: str, line: Line, anew: Line) -> bool:
    """Whether a baseline explains the difference: it makes known failures of failures, and adds to reasons."""
    if anew["status"] != Status.FAIL.value:
        return False
    if key == "status":
        return line.get("status") in _BASELINE
    return key == "reason" and str(line.get("reason")).startswith(str(anew["reason"]))


def write_verified(report: Lines, checked: Sequence[Checked], stream: TextIO) -> Exit:
    """
    Says what came of it, what is wrong first.

    Args:
        report: What was read.
        checked: Its cases.
        stream: Where to.

    Returns:
        CONFORMANT if all is as the report says; NOT_TESTED if some could not be found anew; else FAILED.
    """
    counts = {finding: sum(each.finding is finding for each in checked) for finding in Finding}
    problems = [
        f"{each.finding.value}  {each.case}: {each.text}" for each in checked if each.finding is not Finding.SAME
    ]
    problems += [f"DIFFERS  {text}" for text in _of_the_whole(report)]
    stream.writelines(escaped_line(text) + "\n" for text in problems)
    known = sum(line.get("status") in _BASELINE for line in report.cases)
    if known:
        stream.write(f"{known} of the failures are tolerated by a baseline, which a report does not hold\n")
    stream.write(", ".join(f"{count} {finding.value}" for finding, count in counts.items() if count) + "\n")
    if counts[Finding.DIFFERS] or _of_the_whole(report) or not checked:
        stream.write("NOT VERIFIED\n")
        return Exit.FAILED
    stream.write("VERIFIED, as far as it is stored\n" if counts[Finding.NOT_STORED] else "VERIFIED\n")
    return Exit.NOT_TESTED if counts[Finding.NOT_STORED] else Exit.CONFORMANT


def _of_the_whole(report: Lines) -> list[str]:
    """What is wrong with the footer."""
    if report.footer is None:
        return ["the report was cut short: it has no footer"]
    found: list[str] = []
    statuses = [line.get("status") for line in report.cases]
    totals = {status.value: statuses.count(status.value) for status in Status}
    if report.footer.get("totals") != totals:
        found.append(f"totals: the report says {report.footer.get('totals')!r}, its cases are {totals!r}")
    if report.footer.get("complete") is not True or len(report.cases) != report.header.get("selected"):
        found.append(f"{report.header.get('selected')} cases were selected, the report has {len(report.cases)}")
    due = exit_of(
        [(str(line.get("status")), str(line.get("level"))) for line in report.cases if line.get("scored") is not False],
        stale=bool(report.footer.get("problems")),
        strict=bool(report.header.get("strict")),
    )
    if report.footer.get("complete") is True and report.footer.get("exit_status") != int(due):
        found.append(f"exit status: the report says {report.footer.get('exit_status')!r}, its cases give {int(due)}")
    return found
