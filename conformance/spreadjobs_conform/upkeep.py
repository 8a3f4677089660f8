"""What a run says of its baseline, and does to it: ``--baseline``, ``--write-baseline``, ``--prune-baseline``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import attrs

from spreadjobs_conform.baseline import Baseline, Problem
from spreadjobs_conform.baseline_toml import file_text, load_baseline, replace, with_failures, without
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.registry import Case
from spreadjobs_conform.verdicts import Status, Verdict


@attrs.frozen(kw_only=True)
class Upkeep:
    """
    The baseline of a run, and the files that it may change.

    Attributes:
        baseline: The entries.
        path: Where they stand; None: there are none.
        prune: Whether stale entries are removed there.
        write: Where entries for new failures go; None: nowhere.
    """

    baseline: Baseline = attrs.field(factory=Baseline)
    path: Path | None = None
    prune: bool = False
    write: Path | None = None

    def settle(
        self, verdicts: Sequence[Verdict], cases: Sequence[Case], today: date
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """
        Ends a run.

        Args:
            verdicts: All, as the baseline sees them.
            cases: All that the kit has.
            today: The day of the run.

        Returns:
            What is wrong with the baseline, and what was done to files.

        Raises:
            UsageFault: A file could not be written.
        """
        problems = self.baseline.problems(verdicts, cases, today)
        notes: list[str] = []
        if self.prune and self.path is not None:
            problems = _prune(self.path, problems, notes)
        if self.write is not None:
            _write(self.write, verdicts, notes)
        return tuple(problem.text for problem in problems), tuple(notes)


def open_upkeep(path: Path | None, write: Path | None, *, prune: bool) -> Upkeep:
    """
    Reads what there is, and makes sure that the rest can be written, before a worker is started.

    Args:
        path: The baseline of the run; None: it has none.
        write: Where entries for new failures are to go; None: nowhere.
        prune: Whether stale entries are to be removed.

    Raises:
        UsageFault: A file cannot be read or is no baseline, or its folder does not exist.
    """
    if write is not None:
        if not write.parent.is_dir():
            raise UsageFault(f"--write-baseline {write}: there is no folder {write.parent}")
        if write.exists():
            load_baseline(write, unfinished=True)
    if prune and path is None:
        raise UsageFault("--prune-baseline goes with --baseline FILE, from which it removes what is stale")
    baseline = load_baseline(path) if path is not None else Baseline()
    return Upkeep(baseline=baseline, path=path, prune=prune, write=write)


def _prune(path: Path, problems: Sequence[Problem], notes: list[str]) -> list[Problem]:
    stale = [problem.case for problem in problems if problem.stale]
    if not stale:
        return list(problems)
    left = without(file_text(path), set(stale))
    if left is None:
        notes.append(f"baseline {path}: its form is not known to --prune-baseline; remove by hand: {', '.join(stale)}")
        return list(problems)
    replace(path, left)
    notes.append(f"removed from {path}: {', '.join(stale)}")
    return [problem for problem in problems if not problem.stale]


def _write(path: Path, verdicts: Sequence[Verdict], notes: list[str]) -> None:
    listed = load_baseline(path, unfinished=True).entries if path.exists() else {}
    failures = [verdict for verdict in verdicts if verdict.status is Status.FAIL and verdict.scored]
    added = [verdict for verdict in failures if verdict.case.id not in listed]
    other = [verdict.case.id for verdict in failures if verdict.case.id in listed]
    if added:
        try:
            replace(path, with_failures(file_text(path), added))
        except UsageFault as error:
            raise UsageFault(f"--write-baseline {path}: {error}") from error
        count = f"{len(added)} entr{'y' if len(added) == 1 else 'ies'}"
        notes.append(f"added {count} to {path}; say in each why it is tolerated, or it will be refused")
    else:
        notes.append(f"nothing to add to {path}")
    if other:
        notes.append(f"{path} has entries already for these, which failed: {', '.join(other)}")
