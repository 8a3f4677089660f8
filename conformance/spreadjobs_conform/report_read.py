"""A report as typed values: what every format but the JSON lines themselves is made of."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import attrs

from spreadjobs_conform.baseline import Baseline, recorded
from spreadjobs_conform.report_escape import escaped_line, quoted_lines
from spreadjobs_conform.report_fields import Fields
from spreadjobs_conform.report_layout import evidence_title
from spreadjobs_conform.report_lines import Lines, read_lines
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.verdicts import Exit, Status, exit_of, party_of, verdict_line

MAX_NAME: Final = 40
"""Characters of a worker's name: it heads a column."""
LEVELS: Final = ("MUST", "SHOULD")
NOT_SCORED: Final = "not scored: the case came after the required set was frozen, and counts with --all-scored alone"
TOLD: Final = (Status.FAIL, Status.HARNESS_ERROR, Status.KNOWN, Status.FLAKY)
"""What is told in full wherever there is room."""
WORST_FIRST: Final = (Exit.KIT_FAULT, Exit.FAILED, Exit.NOT_TESTED)  # The whole has the exit status of the worst.


@attrs.frozen(kw_only=True)
class Header:
    """What was tested, and how."""

    spec: str
    command: tuple[str, ...]
    worker_class: str
    codec: str
    dialect: str
    pickle_protocol: int
    selected: int
    """How many cases were to be run."""
    left_out: int
    """How many others apply and score."""
    strict: bool
    baseline: Baseline
    """What is known to fail."""
    started: str
    """ISO 8601 in UTC, with its offset."""
    again: str = ""
    """The command line of the run, with ``{}`` where the choice of cases goes."""


@attrs.frozen(kw_only=True)
class Said:
    """One event of a conversation."""

    at_s: float
    """Seconds since the worker was started."""
    actor: str
    what: str
    size_bytes: int = 0
    offset: int | None = None
    """The place of the first of the bytes in what was sent, or in what came."""
    head: str = ""
    """The first bytes, escaped as Python does it."""

    def line(self) -> str:
        """For people."""
        place = "" if self.offset is None else f" from byte {self.offset}"
        size = f" [{self.size_bytes} bytes{place}]" if self.size_bytes else ""
        return f"{self.at_s:8.3f} s  {self.actor:<6}  {self.what}{size}"


@attrs.frozen(kw_only=True)
class CaseRecord:
    """What became of one case."""

    case: str
    requirements: tuple[str, ...]
    level: str
    family: str
    summary: str = ""
    status: Status
    scored: bool
    """Whether it is in the required set; otherwise it counts for nothing."""
    reason: str
    violated: tuple[str, ...]
    came: str
    due: str
    cure: str
    hang: str = ""
    """Which sort of hang it was, if it was one."""
    evidence: tuple[str, ...] = attrs.field(default=(), repr=False)
    """The bytes that are no message, or what is wrong with the last one, for people."""
    took_s: float
    stderr: tuple[str, ...]
    transcript: tuple[Said, ...] = attrs.field(repr=False)
    of_master: bool = False
    """Whether it is one of the cases for masters."""

    def account(self, requirements: Mapping[str, Requirement], again: str) -> list[tuple[str, str]]:
        """
        A failure in full but for the conversation: pairs of a label and a text, without those that say nothing.

        Args:
            requirements: All that this kit knows, by id.
            again: What ``Report.again`` gave for this case.
        """
        rules = [f"{name} ({found.level}): {found.text}" for name in self.violated if (found := requirements.get(name))]
        pairs = [("shows", self.summary), ("came", self.came), ("due", self.due), ("hang", self.hang)]
        pairs += [("rule", rule) for rule in rules] + [("cure", self.cure)]
        if not self.came or self.came not in self.reason or "(the baseline" in self.reason:
            pairs.append(("note", self.reason))
        if not self.scored:
            pairs.append(("note", NOT_SCORED))
        return [(label, text) for label, text in (*pairs, ("again", again)) if text]

    def blocks(self, most: int | None = None) -> list[tuple[str, list[str]]]:
        """
        What was said, what the bytes are, and the worker's standard error: titles and lines, without empty ones.

        Args:
            most: How many of the last events; None: all there are.
        """
        blocks = [
            ("conversation", [said.line() for said in self.transcript][-(most or len(self.transcript)) :]),
            (evidence_title(of_master=self.of_master), list(self.evidence)),
            ("last lines of its standard error", quoted_lines(self.stderr)),
        ]
        return [(title, lines) for title, lines in blocks if lines]

    def in_full(self, requirements: Mapping[str, Requirement], again: str, most: int | None = None) -> str:
        """
        A failure in full, as plain text.

        Args:
            requirements: All that this kit knows, by id.
            again: What ``Report.again`` gave for this case.
            most: How many of the last events; None: all there are.
        """
        lines = [f"{label + ':':<7} {escaped_line(text)}" for label, text in self.account(requirements, again)]
        for title, block in self.blocks(most):
            lines += [f"{title}:", *(f"  {escaped_line(each)}" for each in block)]
        return "\n".join(lines)


@attrs.frozen(kw_only=True)
class Footer:
    """How the run ended."""

    complete: bool
    """Whether it ran to its end."""
    problems: tuple[str, ...]
    """What is wrong with the baseline."""
    exit_status: int
    took_s: float


@attrs.frozen(kw_only=True)
class Report:
    """One run of one worker."""

    name: str
    """Of the worker, for people; unique among the reports that are shown together."""
    header: Header
    cases: tuple[CaseRecord, ...] = attrs.field(repr=False)
    footer: Footer | None
    """None: the report was cut short."""

    @property
    def incomplete(self) -> str:
        """Why this is not the report of a whole run; empty if it is."""
        had = f"{len(self.cases)} of {self.header.selected} cases are there"
        if self.footer is None:
            return f"the report was cut short: it has no footer, and {had}"
        if all(case.status is Status.NOT_APPLICABLE for case in self.cases):
            return "no case was run, which shows nothing"
        if not self.footer.complete or len(self.cases) != self.header.selected:
            return f"the run did not come to its end: {had}"
        return ""

    @property
    def exit(self) -> Exit:
        """The exit status of the run; a report that is not whole counts as failed."""
        return Exit.FAILED if self.incomplete or self.footer is None else Exit(self.footer.exit_status)

    @property
    def problems(self) -> tuple[str, ...]:
        """What made the run fail beside its cases, each a line."""
        baseline = self.footer.problems if self.footer is not None else ()
        return (*([self.incomplete] if self.incomplete else []), *baseline)

    @property
    def took_s(self) -> float:
        """Seconds."""
        return self.footer.took_s if self.footer is not None else sum(case.took_s for case in self.cases)

    def counts(self, case: CaseRecord) -> bool:
        """Whether a failure of this case makes the run fail."""
        return not self.excuse(case)

    def excuse(self, case: CaseRecord) -> str:
        """Why a failure of this case does not make the run fail; empty if it does."""
        if not case.scored:
            return NOT_SCORED
        is_excused = case.status is Status.FAIL and case.level != "MUST" and not self.header.strict
        return "a SHOULD that failed, which counts with --strict alone" if is_excused else ""

    def count(self, status: Status, *, scored: bool = False) -> int:
        """How many cases ended so; with ``scored``, of those that score."""
        return sum(case.status is status and (case.scored or not scored) for case in self.cases)

    def totals(self) -> dict[Status, int]:
        """The number of cases of every status that there is."""
        return {status: count for status in Status if (count := self.count(status))}

    def told(self) -> list[CaseRecord]:
        """The cases that are told in full, failures first."""
        return sorted((case for case in self.cases if case.status in TOLD), key=lambda case: TOLD.index(case.status))

    def again(self, case: CaseRecord) -> str:
        """The command line that runs just this case."""
        chosen = f"--case {case.case}" + ("" if case.scored else " --all-scored")
        return self.header.again.replace("{}", chosen, 1)

    def verdict(self) -> str:
        """The outcome, in one line."""
        if self.incomplete:
            return "INCOMPLETE"
        return verdict_line(
            self.exit,
            known=self.count(Status.KNOWN, scored=True) + self.count(Status.FLAKY, scored=True),
            failed=self.count(Status.FAIL, scored=True),
            left_out=self.header.left_out,
            party=party_of([self.header.worker_class]),
        )


def party(reports: Sequence[Report]) -> str:
    """What the programs under test are called: worker or master, and where both are there, program."""
    return party_of([report.header.worker_class for report in reports])


def worst_exit(reports: Sequence[Report]) -> Exit:
    """The exit status of several reports: that of the worst."""
    return next((status for status in WORST_FIRST if any(each.exit is status for each in reports)), Exit.CONFORMANT)


def read_reports(paths: Sequence[Path], names: Sequence[str] = ()) -> tuple[Report, ...]:
    """
    Reads reports that are to be shown together.

    Args:
        paths: Where they lie.
        names: Of the workers, in the same order; those that are missing are made of the commands.

    Raises:
        UsageFault: One cannot be read, or a line of it is no such record; the text names file, line and what is due.
    """
    reports = [typed(read_lines(path)) for path in paths]
    given = [*names, *("" for _ in reports[len(names) :])]
    made = [given_name or report.name for given_name, report in zip(given, reports, strict=True)]
    unique: list[str] = []
    for name, report in zip(made, reports, strict=True):
        # The same worker may speak another codec.
        speaks = f"{name} ({report.header.codec}, {report.header.dialect})"
        alike = {
            (each.header.codec, each.header.dialect) for each, other in zip(reports, made, strict=True) if other == name
        }
        tries = (
            name,
            *([speaks] if len(alike) > 1 else []),
            *(f"{name} #{number}" for number in range(2, len(made) + 2)),
        )
        unique.append(next(each for each in tries if each not in unique))
    return tuple(attrs.evolve(report, name=name) for report, name in zip(reports, unique, strict=True))


def typed(lines: Lines) -> Report:
    """
    The values in the lines of a report.

    Raises:
        UsageFault: A line is no such record; the text names file, line and what is due.
    """
    header = _header(Fields(lines, "header", 0, lines.header))
    cases = tuple(_case(Fields(lines, "case", index, line), header) for index, line in enumerate(lines.cases))
    first = {case.case: index for index, case in reversed(list(enumerate(cases)))}
    for index, case in enumerate(cases):
        if first[case.case] != index:
            raise Fields(lines, "case", index, {}).fault(f"case {case.case!r} is there a second time")
    footer = None
    if lines.footer is not None:
        fields = Fields(lines, "footer", 0, lines.footer)
        footer = _footer(fields)
        ended = [(case.status.value, case.level) for case in cases if case.scored]
        due = exit_of(ended, stale=bool(footer.problems), strict=header.strict)
        # A report that was edited, or put together by hand, must not be shown as green.
        if footer.complete and footer.exit_status != due and len(cases) == header.selected:
            raise fields.fault(f"exit_status is {footer.exit_status}, the cases give {int(due)}; `verify` tells more")
    return Report(name=_name(header.command), header=header, cases=cases, footer=footer)


def _name(command: Sequence[str]) -> str:
    short = shlex.join(word.rstrip("/").rpartition("/")[2] or word for word in command).strip() or "worker"
    return short if len(short) <= MAX_NAME else short[: MAX_NAME - 3] + "..."


def _header(fields: Fields) -> Header:
    started = fields.text("started")
    try:
        datetime.fromisoformat(started).astimezone(UTC)
    except (ValueError, OverflowError):
        raise fields.fault(f"started: {started!r:.80} came, a time as ISO 8601 has it is due") from None
    try:
        baseline = recorded(fields.line.get("baseline"))
    except ValueError as error:
        raise fields.fault(str(error)) from None
    return Header(
        spec=fields.text("spec"),
        command=fields.texts("command"),
        worker_class=fields.text("class"),
        codec=fields.text("codec"),
        dialect=fields.text("dialect"),
        pickle_protocol=fields.whole("pickle_protocol"),
        selected=fields.whole("selected"),
        left_out=fields.whole("left_out", 0),
        strict=fields.get("strict", bool),
        baseline=baseline,
        started=started,
        again=fields.text("again", ""),
    )


def _case(fields: Fields, header: Header) -> CaseRecord:
    _check_tolerated(fields, header.baseline)
    level = fields.text("level")
    if level not in LEVELS:
        raise fields.fault(f"level: {level!r:.80} came, {' or '.join(LEVELS)} is due")
    return CaseRecord(
        case=fields.text("case"),
        requirements=fields.texts("requirements"),
        level=level,
        family=fields.text("family"),
        summary=fields.text("summary", ""),
        status=fields.status(),
        scored=fields.get("scored", bool),
        reason=fields.text("reason"),
        violated=fields.texts("violated"),
        came=fields.text("came"),
        due=fields.text("due"),
        cure=fields.text("cure"),
        hang=fields.text("hang", ""),
        evidence=fields.texts("evidence", default=True),
        took_s=fields.seconds("took_s"),
        stderr=fields.texts("stderr"),
        transcript=tuple(_said(fields, item) for item in fields.get("transcript", list)),
        of_master=header.worker_class == "master",
    )


def _check_tolerated(fields: Fields, baseline: Baseline) -> None:
    """
    Makes sure that what a baseline is said to tolerate stands in that of the header.

    Raises:
        UsageFault: It does not.
    """
    status = fields.status()
    if status in (Status.KNOWN, Status.FLAKY):
        entry = baseline.entries.get(fields.text("case"))
        is_so = (
            entry is not None and entry.flaky == (status is Status.FLAKY) and entry.fails_with in fields.text("reason")
        )
        if not is_so:
            raise fields.fault(f"status: {status.value!r} came, which no entry of the header's baseline gives")


def _said(fields: Fields, item: object) -> Said:
    if not isinstance(item, dict):
        raise fields.fault(f"transcript: {item!r:.80} came, an array of objects is due")
    inner = attrs.evolve(fields, line=item)
    return Said(
        at_s=inner.seconds("at_s"),
        actor=inner.text("actor"),
        what=inner.text("what"),
        size_bytes=inner.whole("size_bytes") if "size_bytes" in item else 0,
        offset=inner.whole("offset") if item.get("offset") is not None else None,
        head=inner.text("head", ""),
    )


def _footer(fields: Fields) -> Footer:
    return Footer(
        complete=fields.get("complete", bool),
        problems=fields.texts("problems"),
        exit_status=fields.whole("exit_status"),
        took_s=fields.seconds("took_s"),
    )
