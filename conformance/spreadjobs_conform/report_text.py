"""The report for people: a line a family, each failure in full, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, TextIO

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.cures import CHILD
from spreadjobs_conform.report_escape import escaped_line, quoted_lines
from spreadjobs_conform.report_kinds import ECHOING, kinds, rules
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.verdicts import Exit, Outcome, Status, Verdict, verdict_line

SHOWN_NOT_TESTABLE: Final = 5
NAMED_OF_A_KIND: Final = 8
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


class TextReport:
    """
    Writes what a person at a terminal wants to know.

    Args:
        stream: Where to.
        requirements: All there are, by id.
        again: The command line of this run, with ``{}`` where the choice of cases goes.
        unanswered: The worker, if nothing that can be read came for the first request of the run.
        quiet: Whether only failures and the verdict are shown.
    """

    def __init__(
        self,
        stream: TextIO,
        requirements: Mapping[str, Requirement],
        again: str,
        unanswered: Candidate | None = None,
        *,
        quiet: bool = False,
    ) -> None:
        self._stream = stream
        self._requirements = requirements
        self._again = again
        self._unanswered = unanswered
        self._quiet = quiet

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
        self._families(outcome)
        self._failures(outcome)
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

    def _families(self, outcome: Outcome) -> None:
        families: dict[str, list[Verdict]] = {}
        for verdict in outcome.verdicts:
            families.setdefault(verdict.case.family, []).append(verdict)
        for family, verdicts in families.items():
            counts = {status: sum(verdict.status is status for verdict in verdicts) for status in Status}
            if counts[Status.NOT_APPLICABLE] == len(verdicts):
                continue
            texts = [f"{count} {status.value}" for status, count in counts.items() if count]
            self._line(f"  {family:<6} {', '.join(texts)}")

    def _failures(self, outcome: Outcome) -> None:
        found = kinds(outcome.verdicts)
        if found:
            self._no_answer(outcome, found[0][0])
        for verdicts in found:
            self.failure(verdicts[0])
            self._folded(verdicts[1:])

    def _no_answer(self, outcome: Outcome, first: Verdict) -> None:
        if first.cure == CHILD:
            return  # That says more.
        understood = any(
            verdict.status is Status.PASS and verdict.case.family in ECHOING for verdict in outcome.verdicts
        )
        if self._unanswered is not None and not understood:
            text = NO_ANSWER_TO_SAMPLE if self._unanswered.samples else NO_ANSWER
            self._line()
            self._line(text.format(codec=self._unanswered.codec, dialect=_dialect(self._unanswered)))

    def _folded(self, verdicts: Sequence[Verdict]) -> None:
        if not verdicts:
            return
        names = ", ".join(verdict.case.id for verdict in verdicts[:NAMED_OF_A_KIND])
        others = Counter(verdict.case.family for verdict in verdicts[NAMED_OF_A_KIND:])
        dots = "; also " + ", ".join(f"{count} of {family}" for family, count in others.items()) if others else ""
        what = "more case fails" if len(verdicts) == 1 else "more cases fail"
        self._line()
        self._line(f"and {len(verdicts)} {what} in the same way: {names}{dots}")

    def failure(self, verdict: Verdict) -> None:
        """One failure in full, or a fault of the kit."""
        case = verdict.case
        self._line()
        title = "FAIL" if verdict.status is Status.FAIL else "KIT FAULT"
        title += "" if verdict.scored else ", not scored"
        self._line(f"{title}  {case.id}  ({verdict.level} {', '.join(rules(verdict))})")
        self._line(f"  shows:  {case.summary}")
        if verdict.status is Status.FAIL:
            self._line(f"  came:   {verdict.came}")
            self._line(f"  due:    {verdict.due}")
            if verdict.hang:
                self._line(f"  hang:   {verdict.hang}")
            if verdict.cure:
                self._line(f"  cure:   {verdict.cure}")
            rule = self._requirements[rules(verdict)[0]]
            self._line(f"  rule:   {rule.id} ({rule.level}): {rule.text}")
            if verdict.came not in verdict.reason or "(the baseline" in verdict.reason:
                self._line(f"  note:   {verdict.reason}")
        else:
            self._block("  what:", quoted_lines(verdict.reason.splitlines()))
        self._block("  conversation:", verdict.conversation)
        self._block("  its bytes, from their places in its standard output on, and what they say:", verdict.evidence)
        self._block("  last lines of its standard error:", quoted_lines(verdict.stderr))
        chosen = f"--case {case.id}" + ("" if verdict.scored else " --all-scored")
        self._line(f"  again:  {self._again.replace('{}', chosen, 1)}")

    def _block(self, title: str, lines: tuple[str, ...] | list[str]) -> None:
        if lines:
            self._line(title)
        for line in lines:
            self._line(f"    {line}")

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
            self._line(f"NOT TESTED  {', '.join(cases[:SHOWN_NOT_TESTABLE])}{more}")
            self._line(f"  because:  {reason}")

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
        )
        return line + NEXT_STEP if outcome.exit is Exit.NOT_TESTED else line


def _dialect(candidate: Candidate) -> str:
    return "tagged" if candidate.tagged else "untagged"
