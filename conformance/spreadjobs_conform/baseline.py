"""
The baseline: cases that are known to fail, each with its reason.

A known failure still runs. If it passes, fails for another reason, or does not exist, the baseline is stale and the
run fails: a list that may go stale only loudly.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import attrs

from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.registry import Case
from spreadjobs_conform.verdicts import Status, Verdict


@attrs.frozen
class Baseline:
    """The entries of a baseline: case id to a part of the reason that must be found."""

    known: Mapping[str, str] = MappingProxyType({})
    flaky: Mapping[str, str] = MappingProxyType({})

    def apply(self, verdict: Verdict) -> Verdict:
        """The verdict as the baseline sees it."""
        if verdict.status is not Status.FAIL:
            return verdict
        for entries, status in ((self.known, Status.KNOWN), (self.flaky, Status.FLAKY)):
            expected = entries.get(verdict.case.id)
            if expected is None:
                continue
            if expected in verdict.reason:
                return attrs.evolve(verdict, status=status)
            return attrs.evolve(verdict, reason=f"{verdict.reason} (the baseline expects the reason {expected!r})")
        return verdict

    def problems(self, verdicts: Sequence[Verdict], cases: Sequence[Case]) -> list[str]:
        """
        Entries that are stale.

        Args:
            verdicts: Of this run, after ``apply``.
            cases: All that the kit has. An entry of a case that was not selected says nothing.
        """
        found: list[str] = []
        existing = {case.id for case in cases}
        by_id = {verdict.case.id: verdict for verdict in verdicts}
        for case_id in (*self.known, *self.flaky):
            verdict = by_id.get(case_id)
            if case_id not in existing:
                found.append(f"baseline: there is no case {case_id}; remove the entry")
            elif verdict is None:
                continue
            elif verdict.status is Status.PASS and case_id in self.known:
                found.append(f"baseline: {case_id} passed; remove the entry")
            elif verdict.status in (Status.NOT_APPLICABLE, Status.NOT_TESTABLE):
                found.append(f"baseline: {case_id} is {verdict.status.value} here; remove the entry")
        return found


def load_baseline(path: Path) -> Baseline:
    """
    Reads a baseline file.

    Raises:
        UsageFault: It cannot be read, or is no baseline; the text names the key.
    """
    try:
        data: Mapping[str, object] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageFault(f"baseline {path}: {error}") from error
    unknown = data.keys() - {"known", "flaky"}
    if unknown:
        raise UsageFault(f"baseline {path}: unknown key {sorted(unknown)[0]!r}; it may have [known] and [flaky]")
    return Baseline(*(_entries(path, data, key) for key in ("known", "flaky")))


def _entries(path: Path, data: Mapping[str, object], key: str) -> Mapping[str, str]:
    table = data.get(key, {})
    if not isinstance(table, dict):
        raise UsageFault(f'baseline {path}: {key!r} must be a table of "case id" = "a part of the reason"')
    entries: dict[str, str] = {}
    for case_id, reason in table.items():
        if not isinstance(reason, str) or not reason.strip():
            raise UsageFault(f"baseline {path}: {key}.{case_id!r} needs a reason, a string that is not empty")
        entries[str(case_id)] = reason
    return MappingProxyType(entries)
