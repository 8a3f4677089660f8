"""
The baseline: cases that are known to fail, each with its reason.

A known failure still runs. If it passes, fails for another reason, does not exist, or its day of review has come, the
run fails: a list that may go stale only loudly.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

import attrs

from spreadjobs_conform.registry import Case
from spreadjobs_conform.verdicts import Status, Verdict

PRUNE: Final = "remove the entry (--prune-baseline does it)"
SHORTEST_PART: Final = 4
"""Characters of ``fails_with``: fewer are found in nearly any reason."""
NOT_KEPT: Final = "baseline: it could not be kept: "
"""How a problem begins that is one of files, and of no entry."""
_IDLE: Final = (Status.NOT_APPLICABLE, Status.NOT_TESTABLE)


@attrs.frozen(kw_only=True)
class Entry:
    """What the baseline says of one case."""

    case: str
    flaky: bool = False
    """Whether it may pass as well."""
    fails_with: str = ""
    """A part of the kit's reason that must be found; empty: any failure will do."""
    reason: str = ""
    """Why the failure is tolerated, for people; empty in the short form."""
    review: date | None = None
    """The last day on which the entry holds without a look at it."""

    def record(self) -> dict[str, object]:
        """For the header of a report."""
        return {
            "case": self.case,
            "kind": "flaky" if self.flaky else "known",
            "fails_with": self.fails_with,
            "reason": self.reason,
            "review": None if self.review is None else self.review.isoformat(),
        }

    @property
    def name(self) -> str:
        """Its key in the file."""
        return f'{"flaky" if self.flaky else "known"}."{self.case}"'


@attrs.frozen
class Problem:
    """Why the baseline makes the run fail."""

    case: str
    text: str
    stale: bool = False
    """Whether the entry is of no use any more and may be removed."""


@attrs.frozen
class Baseline:
    """The entries of a baseline, by case id."""

    entries: Mapping[str, Entry] = MappingProxyType({})

    def apply(self, verdict: Verdict) -> Verdict:
        """The verdict as the baseline sees it."""
        entry = self.entries.get(verdict.case.id)
        if entry is None or verdict.status is not Status.FAIL:
            return verdict
        if entry.fails_with not in verdict.reason:
            return attrs.evolve(
                verdict, reason=f"{verdict.reason} (the baseline expects the reason {entry.fails_with!r})"
            )
        status = Status.FLAKY if entry.flaky else Status.KNOWN
        tolerated = f" (tolerated: {entry.reason})" if entry.reason else ""
        return attrs.evolve(verdict, status=status, reason=verdict.reason + tolerated)

    def problems(self, verdicts: Sequence[Verdict], cases: Sequence[Case], today: date) -> list[Problem]:
        """
        What is wrong with the entries.

        Args:
            verdicts: Of this run, after ``apply``.
            cases: All that the kit has. An entry of a case that was not selected, or does not score, says nothing.
            today: The day of the run; entries whose review was due before it are problems.
        """
        existing = {case.id for case in cases}
        by_id = {verdict.case.id: verdict for verdict in verdicts if verdict.scored}
        found: list[Problem] = []
        for entry in self.entries.values():
            verdict = by_id.get(entry.case)
            if entry.case not in existing:
                found.append(_unknown(entry, sorted(existing)))
            elif verdict is not None:
                found += _problem(entry, verdict, today)
        return found


def recorded(value: object) -> Baseline:
    """
    The baseline of a run, out of the header of its report.

    Raises:
        ValueError: It is none; the text says why.
    """
    entries: dict[str, Entry] = {}
    if not isinstance(value, list):
        raise ValueError(f"baseline: {value!r:.80} came, an array is due")  # noqa: TRY004 - of the file, not of the program
    for item in value:
        entry = _recorded(item)
        if entry.case in entries:
            raise ValueError(f"baseline: {entry.case!r:.80} is there a second time")
        entries[entry.case] = entry
    return Baseline(MappingProxyType(entries))


def _recorded(item: object) -> Entry:
    match item:
        case {
            "case": str() as case,
            "kind": "known" | "flaky" as kind,
            "fails_with": str() as part,
            "reason": str() as reason,
            "review": (str() | None) as review,
        } if len(part.strip()) >= SHORTEST_PART or (kind == "flaky" and not part):
            day = None if review is None else date.fromisoformat(review)
            return Entry(case=case, flaky=kind == "flaky", fails_with=part, reason=reason, review=day)
        case _:
            raise ValueError(
                f"baseline: {item!r:.80} came, an entry with case, kind, fails_with, reason, review is due"
            )


def _unknown(entry: Entry, existing: Sequence[str]) -> Problem:
    near = difflib.get_close_matches(entry.case, existing, n=1)
    hint = f", or is {near[0]} meant?" if near else ""
    return Problem(entry.case, f"baseline: there is no case {entry.case}; {PRUNE}{hint}", stale=True)


def _problem(entry: Entry, verdict: Verdict, today: date) -> list[Problem]:
    case = entry.case
    if verdict.status is Status.PASS and not entry.flaky:
        return [Problem(case, f"baseline: {case} passed; {PRUNE}", stale=True)]
    if verdict.status in _IDLE:
        text = f"baseline: {case} is {verdict.status.value} here, so it cannot fail; {PRUNE}"
        return [Problem(case, text, stale=True)]
    if verdict.status is Status.FAIL:
        text = f"baseline: {case} failed in another way than its entry says; mend the worker, or edit the entry"
        return [Problem(case, f"{text} if this way is tolerated too: {verdict.reason}")]
    if entry.review is not None and today > entry.review:
        text = f"baseline: review is due: {entry.name} was to be looked at by {entry.review}"
        return [
            Problem(case, f"{text} ({entry.reason}); mend the worker, or set a later date if it is still tolerated")
        ]
    return []
