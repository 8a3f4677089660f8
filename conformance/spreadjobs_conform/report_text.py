"""The report for people: a line a family, each failure in full, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, TextIO

import attrs

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.diagnosis import HangClass
from spreadjobs_conform.report_escape import escaped_line, quoted_lines
from spreadjobs_conform.report_kinds import cut_short, kinds, rules
from spreadjobs_conform.report_layout import (
    MOST_LINES,
    PIPED_COLUMNS,
    events_shown,
    evidence_shown,
    evidence_title,
    wrapped,
)
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.verdicts import Exit, Outcome, Status, Verdict, verdict_line

SHOWN_NOT_TESTABLE: Final = 5
NAMED_OF_A_KIND: Final = 8
INDENT: Final = 10
"""Of the lines that go on with what a label has."""
DEEP: Final = 14
"""Of those that go on with an event."""
NO_ANSWER: Final = (
    "The worker did not answer the first conformance payload. Does it speak {codec} (--codec), "
    "{dialect} (--dialect)? Does it serve the "
    "conformance payloads (spec/1.0, section 14), and take preparation up to a None (OPS-8)? A worker with tasks of "
    "its own is judged with --manifest FILE (conformance/README.md)."
)
NO_ANSWER_TO_SAMPLE: Final = (
    "The worker did not answer the first task of the manifest. Does it speak {codec} (--codec), "
    "{dialect} (--dialect)? Does its preparation "
    "end as the manifest says (preparation_ends, conformance/README.md)?"
)
NEXT_STEP: Final = (
    ". Next step: serve the conformance payloads in the worker (30 lines, see workers/python/worker.py), or declare "
    "samples of its own tasks in a manifest (--manifest, see conformance/README.md)"
)
SEE_NOT_TESTED: Final = "; the reasons stand at NOT TESTED"
OTHER_CODEC: Final = "; for a master that speaks one codec alone, --codec says which"


@attrs.frozen(kw_only=True)
class Look:
    """What the text looks like."""

    quiet: bool = False
    """Whether only failures and the verdict are shown."""
    columns: int = PIPED_COLUMNS
    """How wide lines are."""


FULL: Final = Look()


class TextReport:
    """
    Writes what a person at a terminal wants to know.

    Args:
        stream: Where to.
        requirements: All there are, by id.
        again: The command line of this run, with ``{}`` where the choice of cases goes.
        unanswered: The worker, if not one byte came for the first request of the run.
        look: How much of it is shown, and how wide.
    """

    def __init__(
        self,
        stream: TextIO,
        requirements: Mapping[str, Requirement],
        again: str,
        unanswered: Candidate | None = None,
        look: Look = FULL,
    ) -> None:
        self._stream = stream
        self._requirements = requirements
        self._again = again
        self._unanswered = unanswered
        self._quiet = look.quiet
        self._columns = look.columns

    def write(self, outcome: Outcome, took_s: float, cut: str) -> None:
        """
        The whole report.

        Args:
            outcome: Of the run.
            took_s: How long it took, seconds.
            cut: What was cut short, if anything was.
        """
        if self._quiet:
            self._failures(outcome)
            self._problems(outcome)
            self._line(self._verdict(outcome))
            return
        # What is wrong comes first: the first screen is for that.
        if not any(verdict.status in (Status.FAIL, Status.HARNESS_ERROR) for verdict in outcome.verdicts):
            self._families(outcome)
        else:
            self._failures(outcome)
            self._line()
            self._families(outcome)
        self._short(outcome, Status.KNOWN, "known to fail")
        self._short(outcome, Status.FLAKY, "failed, and known to be flaky")
        self._not_testable(outcome)
        self._not_scored(outcome)
        self._problems(outcome)
        if cut:
            self._line(f"Note: {cut}.")
        self._totals(outcome, took_s)

    def _line(self, text: str = "") -> None:
        # What a worker wrote may hold characters that the terminal's encoding lacks, and line ends.
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(escaped_line(text).encode(encoding, "backslashreplace").decode(encoding) + "\n")

    def _wrapped(self, text: str, first: str = "", indent: int = 0, most: int | None = None) -> None:
        # Escaped before it is cut into lines: no line is one of the worker's from its beginning on.
        for line in wrapped(escaped_line(text), self._columns, indent=indent, first=first, most=most):
            self._line(line)

    def _pair(self, label: str, text: str) -> None:
        self._wrapped(text, f"  {label + ':':<7} ", INDENT)

    def _families(self, outcome: Outcome) -> None:
        families: dict[str, list[Verdict]] = {}
        for verdict in outcome.verdicts:
            families.setdefault(verdict.case.family, []).append(verdict)
        width = max([6, *(len(family) for family in families)])
        for family, verdicts in families.items():
            counts = {status: sum(verdict.status is status for verdict in verdicts) for status in Status}
            if counts[Status.NOT_APPLICABLE] == len(verdicts):
                continue
            texts = [f"{count} {status.value}" for status, count in counts.items() if count]
            self._line(f"  {family:<{width}} {', '.join(texts)}")

    def _failures(self, outcome: Outcome) -> None:
        for number, verdicts in enumerate(kinds(outcome.verdicts)):
            first, others = verdicts[0], verdicts[1:]
            self.failure(first, blank=number > 0)
            # Seen too early, a worker may seem to do something else than it does.
            early = [each for each in others if cut_short(each) and not cut_short(first)]
            self._folded([each for each in others if each not in early], "in the same way")
            self._folded(early, "to respond too (their waits were cut short)")
            if number == 0 and not first.hang.startswith((HangClass.CHILD.value, HangClass.CHILD_READS.value)):
                self._no_answer(outcome)

    def _no_answer(self, outcome: Outcome) -> None:
        # Of a worker that has written something, it is known what is wrong.
        if self._unanswered is None or any(_wrote(verdict) for verdict in outcome.verdicts):
            return
        text = NO_ANSWER_TO_SAMPLE if self._unanswered.samples else NO_ANSWER
        self._line()
        self._wrapped(text.format(codec=self._unanswered.codec, dialect=_dialect(self._unanswered)))

    def _folded(self, verdicts: Sequence[Verdict], how: str) -> None:
        if not verdicts:
            return
        names = ", ".join(verdict.case.id for verdict in verdicts[:NAMED_OF_A_KIND])
        others = Counter(verdict.case.family for verdict in verdicts[NAMED_OF_A_KIND:])
        dots = "; also " + ", ".join(f"{count} of {family}" for family, count in others.items()) if others else ""
        what = "more case fails" if len(verdicts) == 1 else "more cases fail"
        self._line()
        self._wrapped(f"and {len(verdicts)} {what} {how}: {names}{dots}", indent=4)

    def failure(self, verdict: Verdict, *, blank: bool = True) -> None:
        """One failure, or a fault of the kit."""
        case = verdict.case
        if blank:
            self._line()
        title = "FAIL" if verdict.status is Status.FAIL else "KIT FAULT"
        title += "" if verdict.scored else ", not scored"
        self._line(f"{title}  {case.id}  ({verdict.level} {', '.join(rules(verdict))})")
        self._pair("shows", case.summary)
        if verdict.status is Status.FAIL:
            self._account(verdict)
        else:
            self._block("  what:", quoted_lines(verdict.reason.splitlines()))
        of_master = case.worker_class == "master"
        self._block("  conversation:", events_shown(verdict.conversation, of_master=of_master))
        title = f"  {evidence_title(of_master=of_master)}:"
        self._block(title, evidence_shown(verdict.evidence))
        self._block("  last lines of its standard error:", quoted_lines(verdict.stderr))
        self._line(f"  again:  {self._again.replace('{}', self._choice(verdict), 1)}")

    def _choice(self, verdict: Verdict) -> str:
        """The options by which this failure alone is looked for again."""
        return f"--case {verdict.case.id}" + ("" if verdict.scored else " --all-scored")

    def _account(self, verdict: Verdict) -> None:
        for label, text in (
            ("came", verdict.came),
            ("due", verdict.due),
            ("hang", verdict.hang),
            ("cure", verdict.cure),
        ):
            if text:
                self._pair(label, text)
        # What the case is about may say more than that nothing came.
        for name in dict.fromkeys((rules(verdict)[0], verdict.case.requirements[0])):
            rule = self._requirements[name]
            self._pair("rule", f"{rule.id} ({rule.level}): {rule.text}")
        if verdict.came not in verdict.reason or "(the baseline" in verdict.reason:
            self._pair("note", verdict.reason)

    def _block(self, title: str, lines: Sequence[str]) -> None:
        if lines:
            self._line(title)
        for line in lines:
            # Trailing spaces and indentation are kept where a line is not too long.
            short = len(line) + 4 <= self._columns
            if short:
                self._line(f"    {line}")
            else:
                self._wrapped(line, "    ", DEEP, MOST_LINES)

    def _short(self, outcome: Outcome, status: Status, what: str) -> None:
        for verdict in outcome.verdicts:
            if verdict.status is status:
                self._line(f"{status.value}  {verdict.case.id}: {what}: {verdict.reason}")

    def _not_testable(self, outcome: Outcome) -> None:
        reasons: dict[str, list[str]] = {}
        for verdict in outcome.verdicts:
            if verdict.status is Status.NOT_TESTABLE and verdict.scored:
                reasons.setdefault(verdict.reason, []).append(verdict.case.id)
        for reason, cases in reasons.items():
            more = f" and {len(cases) - SHOWN_NOT_TESTABLE} more" if len(cases) > SHOWN_NOT_TESTABLE else ""
            self._line()
            self._wrapped(f"NOT TESTED  {', '.join(cases[:SHOWN_NOT_TESTABLE])}{more}", indent=INDENT)
            self._wrapped(reason, "  because:  ", INDENT)

    def _not_scored(self, outcome: Outcome) -> None:
        shown = [
            f"{verdict.case.id} {verdict.status.value}"
            for verdict in outcome.verdicts
            if not verdict.scored and verdict.status is not Status.NOT_APPLICABLE
        ]
        if shown:
            self._line()
            self._line(f"NOT SCORED  {', '.join(shown)}")
            self._line("  because:  these cases came after the required set was frozen; --all-scored makes them count")

    def _problems(self, outcome: Outcome) -> None:
        for text in (*outcome.problems, *outcome.notes):
            self._line(text)

    def _totals(self, outcome: Outcome, took_s: float) -> None:
        counts = [f"{count} {name}" for name, count in outcome.totals().items() if count]
        self._line()
        self._line(f"{', '.join(counts)} in {took_s:.1f} s")
        self._line(self._verdict(outcome))

    def _verdict(self, outcome: Outcome) -> str:
        line = verdict_line(
            outcome.exit,
            known=outcome.count(Status.KNOWN, scored=True) + outcome.count(Status.FLAKY, scored=True),
            failed=outcome.count(Status.FAIL, scored=True),
            left_out=outcome.left_out,
            party=outcome.party,
        )
        return line + _next_step(outcome) if outcome.exit is Exit.NOT_TESTED else line


def _next_step(outcome: Outcome) -> str:
    """What makes more of the cases testable."""
    if outcome.party == "master":
        return SEE_NOT_TESTED + OTHER_CODEC * (outcome.count(Status.NOT_TESTABLE) > outcome.count(Status.PASS))
    reasons = Counter(verdict.reason for verdict in outcome.verdicts if verdict.status is Status.NOT_TESTABLE)
    commonest = max(reasons, key=reasons.__getitem__, default="")
    if "(preparation_ends)" in commonest or "conformance_payloads" in commonest:
        return SEE_NOT_TESTED  # There it says what to do, and neither samples nor payloads would help.
    served, lacking = (
        [need for verdict in outcome.verdicts if verdict.status is status for need in verdict.case.needs if ":" in need]
        for status in (Status.PASS, Status.NOT_TESTABLE)
    )
    if len(lacking) > len(served):
        return NEXT_STEP
    names = sorted({need for need in lacking if need.startswith("op:")} - {*served})
    return f". Next step: serve {', '.join(names)} too, or see what stands at NOT TESTED" if names else SEE_NOT_TESTED


def _wrote(verdict: Verdict) -> bool:
    """Whether anything came on standard output."""
    return bool(verdict.evidence) or any(
        event["actor"] == "worker" and event.get("size_bytes") for event in verdict.transcript
    )


def _dialect(candidate: Candidate) -> str:
    return "tagged" if candidate.tagged else "untagged"
