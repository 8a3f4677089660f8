"""``verify``: every verdict of a report found anew from what the kit and the worker said, without the worker."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, TextIO

import attrs

from spreadjobs_conform.again import misfit
from spreadjobs_conform.baseline import NOT_KEPT, Baseline, Problem, recorded
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.candidate_record import candidate_of
from spreadjobs_conform.findings import DoesNotFit
from spreadjobs_conform.registry import Case
from spreadjobs_conform.replay import ReplayStage, Tape
from spreadjobs_conform.report_escape import escaped_line
from spreadjobs_conform.report_json import case_line
from spreadjobs_conform.report_lines import SPEC, Line, Lines
from spreadjobs_conform.required import load_required
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.runner import judged, left_out, not_run, weighed
from spreadjobs_conform.verdicts import Exit, Status, Verdict, exit_of

_COMPARED: Final = (
    "requirements",
    "level",
    "family",
    "summary",
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


OF_A_MASTER: Final = (
    "it is that of a master: what a master and its workers did is told there, and its verdicts cannot be found anew "
    "from that; run the kit again (`again` in its header)"
)


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
        DoesNotFit: The report does not say what was tested, or it was a master.
    """
    if report.header.get("class") == "master":
        raise DoesNotFit(OF_A_MASTER)
    candidate = candidate_of(report.header, report.calibration or {})
    baseline, day = _baseline(report.header)
    by_id = {case.id: case for case in cases}
    required = None if report.header.get("all_scored") is True else load_required()
    missing = left_out(cases, [str(line.get("case")) for line in report.cases], candidate, required)
    yield from _of_the_header(report.header, missing)
    anew: dict[str, Verdict] = {}
    for line in report.cases:
        case = by_id.get(str(line.get("case")))
        if case is None:
            yield Checked(str(line.get("case")), Finding.DIFFERS, "this kit has no such case")
        elif case.id in anew:
            yield Checked(case.id, Finding.DIFFERS, "it is there twice: one of them is of another case")
        else:
            verdict, text = _again(line, case, candidate, requirements)
            scored = required is None or case.id in required
            anew[case.id] = verdict = baseline.apply(attrs.evolve(verdict, scored=scored))
            yield _compared(line, verdict, text)
    if report.footer is not None and report.footer.get("complete") is True:
        stale_too = report.header.get("prune_baseline") is not True
        problems = baseline.problems([*anew.values()], cases, day)
        yield from _of_the_baseline(report.footer.get("problems"), problems, stale_too=stale_too)


def _baseline(header: Line) -> tuple[Baseline, date]:
    """The baseline of the run, and the day by which it was looked at."""
    try:
        started = datetime.fromisoformat(str(header.get("started"))).astimezone(UTC)
        return recorded(header.get("baseline")), started.date()
    except (ValueError, OverflowError) as error:
        raise DoesNotFit(f"its header: {error}") from error


def _of_the_header(header: Line, missing: int) -> Iterator[Checked]:
    if (said := header.get("left_out", 0)) != missing:
        text = f"left_out: the report says {said!r:.200}, {missing} cases are not there"
        yield Checked("header", Finding.DIFFERS, text)
    if (spec := header.get("spec")) != SPEC:
        yield Checked("header", Finding.DIFFERS, f"spec: the report says {spec!r:.200}, this kit judges by {SPEC}")
    if text := misfit(header.get("again"), header):
        yield Checked("header", Finding.DIFFERS, f"again: {text}")


def _of_the_baseline(said: object, problems: Sequence[Problem], *, stale_too: bool) -> Iterator[Checked]:
    listed = said if isinstance(said, list) else []
    for problem in problems:
        # What was pruned is no problem any more; what could not be is one.
        if problem.text not in listed and (stale_too or not problem.stale):
            yield Checked("footer", Finding.DIFFERS, f"problems: this is missing: {problem.text:.300}")
    for text in listed:
        if text not in [problem.text for problem in problems] and not str(text).startswith(NOT_KEPT):
            yield Checked("footer", Finding.DIFFERS, f"problems: nothing gives this: {text!r:.300}")


def _again(
    line: Line, case: Case, candidate: Candidate, requirements: Mapping[str, Requirement]
) -> tuple[Verdict, str | None]:
    """
    The verdict found anew, before any baseline.

    Returns:
        Also why it could not be found, and empty if nothing is stored; None if it was.
    """
    level = case.level(requirements)
    idle = not_run(case, candidate)
    record = line.get("record")
    if idle is not None:
        return Verdict(case=case, level=level, status=idle[0], reason=idle[1]), None
    # Of what cannot be found anew, a baseline may still explain what is said of it.
    said = Verdict(case=case, level=level, status=_said(line), reason=str(line.get("reason")))
    if not isinstance(record, dict):
        return said, ""
    try:
        tape = Tape(record)
        verdict = weighed(judged(case, candidate, ReplayStage(tape), level), requirements)
        tape.check_over()
    except DoesNotFit as error:
        return said, f"its record does not fit: {error}"
    return verdict, None


def _said(line: Line) -> Status:
    """The status that a line has, before any baseline."""
    found = next((status for status in Status if status.value == line.get("status")), Status.FAIL)
    return Status.FAIL if found.value in _BASELINE else found


def _compared(line: Line, verdict: Verdict, text: str | None) -> Checked:
    case_id = verdict.case.id
    if text:
        return Checked(case_id, Finding.DIFFERS, text)
    anew = case_line(verdict)
    stored = text is None
    for key in _COMPARED if stored else ("status", "summary"):
        said, due = line.get(key), anew[key]
        if said != due:
            whose = "its record" if stored else "the header"
            return Checked(case_id, Finding.DIFFERS, f"{key}: the report says {said!r:.200}, {whose} {due!r:.200}")
    return Checked(case_id, Finding.SAME if stored else Finding.NOT_STORED, "the worker wrote more than a report keeps")


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
    stream.writelines(escaped_line(text) + "\n" for text in _tolerated(report))
    stream.write(", ".join(f"{count} {finding.value}" for finding, count in counts.items() if count) + "\n")
    if counts[Finding.DIFFERS] or _of_the_whole(report) or not checked:
        stream.write("NOT VERIFIED\n")
        return Exit.FAILED
    stream.write("VERIFIED, as far as it is stored\n" if counts[Finding.NOT_STORED] else "VERIFIED\n")
    return Exit.NOT_TESTED if counts[Finding.NOT_STORED] else Exit.CONFORMANT


def _tolerated(report: Lines) -> Iterator[str]:
    """What the run's baseline has: whether it is right to tolerate that, no record tells."""
    entries = _baseline(report.header)[0].entries.values()
    if entries:
        known = sum(line.get("status") in _BASELINE for line in report.cases)
        yield f"{known} of the failures are tolerated; the baseline of the run, as the header has it:"
    for entry in entries:
        until = f", to be looked at again by {entry.review}" if entry.review is not None else ""
        part = f"fails with {entry.fails_with!r}" if entry.fails_with else "fails in any way"
        yield f"  {entry.name} {part}: {entry.reason}{until}"


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
