"""The kill matrix in Markdown: which case finds which wrong worker, and which requirement it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.registry import Case
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.trials import Seen
from spreadjobs_conform.verdicts import Status

MOST_NAMED: Final = 12
"""So many workers are named in a cell at most; the others are counted."""

INTRODUCTION: Final = """\
# Kill matrix

Every case of `spread-jobs-conform` on every wrong worker that it carries, and on the right ones. Written by
`make matrix`: do not edit. A wrong worker breaks one requirement on purpose; it is killed by a case that fails on it
and names that requirement. What else cannot but fail has its reason in `wrong_workers/expected.toml`; every other case
passes.
"""


@attrs.frozen
class Kill:
    """One wrong worker, all its runs together."""

    file: str
    breaks: str
    ways: tuple[str, ...]
    named_by: tuple[str, ...]
    """Cases that fail and name the requirement that it breaks."""
    also: int
    """How many others fail on it."""
    passed: int


def kills_of(seen: Sequence[Seen]) -> list[Kill]:
    """The wrong workers, in the order of their runs."""
    by_file: dict[str, list[Seen]] = {}
    for each in seen:
        if each.trial.wrong is not None:
            by_file.setdefault(each.trial.file, []).append(each)
    found: list[Kill] = []
    for file, runs in by_file.items():
        breaks = runs[0].trial.wrong.breaks if runs[0].trial.wrong is not None else ""
        failed = dict.fromkeys(case_id for run in runs for case_id in run.cases if case_id in run.ended(Status.FAIL))
        named = tuple(case_id for case_id in failed if any(_names(run, case_id, breaks) for run in runs))
        passed = {case_id for run in runs for case_id in run.ended(Status.PASS)} - failed.keys()
        ways = tuple(run.trial.way for run in runs)
        found.append(Kill(file, breaks, ways, named, len(failed) - len(named), len(passed)))
    return found


def _names(run: Seen, case_id: str, requirement: str) -> bool:
    return case_id in run.ended(Status.FAIL) and requirement in run.named(case_id)


def matrix_text(seen: Sequence[Seen], cases: Sequence[Case], requirements: Mapping[str, Requirement]) -> str:
    """
    The whole page.

    Args:
        seen: What the kit said of each run, of every case.
        cases: All that the kit has.
        requirements: All there are, by id.
    """
    kills = kills_of(seen)
    controls = [each for each in seen if each.trial.wrong is None]
    parts = [INTRODUCTION, _totals(kills, seen, cases), _controls(controls)]
    parts += [_by_requirement(kills, requirements), _by_worker(kills), _by_case(seen, cases)]
    return "\n".join(parts)


def _totals(kills: Sequence[Kill], seen: Sequence[Seen], cases: Sequence[Case]) -> str:
    verdicts = sum(len(each.cases) - len(each.ended(Status.NOT_APPLICABLE)) for each in seen)
    killed = {kill.breaks for kill in kills if kill.named_by}
    survivors = [kill.file for kill in kills if not kill.named_by]
    return "\n".join(
        [
            "| | |",
            "|---|---|",
            f"| wrong workers | {len(kills)} |",
            f"| cases | {len(cases)} |",
            f"| runs of the kit | {len(seen)} |",
            f"| verdicts | {verdicts} |",
            f"| requirements killed by name | {len(killed)} |",
            f"| wrong workers that no case kills by name | {', '.join(survivors) or 'none'} |",
            "",
        ]
    )


def _controls(controls: Sequence[Seen]) -> str:
    rows = [
        f"| {each.trial.file} | {each.trial.way} | {len(each.ended(Status.PASS))} | {len(each.ended(Status.FAIL))} |"
        for each in controls
    ]
    head = [
        "## Right workers",
        "",
        "They survive everything.",
        "",
        "| worker | run in | pass | fail |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])


def _by_requirement(kills: Sequence[Kill], requirements: Mapping[str, Requirement]) -> str:
    lines = ["## Requirements", "", "What binds workers, who breaks it, and which cases name it then.", ""]
    lines += ["| requirement | level | broken by | killed by |", "|---|---|---|---|"]
    for each in requirements.values():
        if each.party != "worker" or each.level == "MAY":
            continue
        own = [kill for kill in kills if kill.breaks == each.id]
        cases = list(dict.fromkeys(case_id for kill in own for case_id in kill.named_by))
        told = _listed(cases) or f"nothing: {each.untestable or 'a gap'}"
        lines.append(f"| {each.id} | {each.level} | {_listed([kill.file for kill in own])} | {told} |")
    return "\n".join([*lines, ""])


def _by_worker(kills: Sequence[Kill]) -> str:
    lines = ["## Wrong workers", "", "Of all cases that apply: those that fail and name what it breaks, others that"]
    lines += ["cannot but fail too, and those that pass in every run.", ""]
    lines += ["| worker | breaks | run in | killed by | also fail | pass |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {kill.file} | {kill.breaks} | {', '.join(kill.ways)} | {_listed(kill.named_by)} "
        f"| {kill.also} | {kill.passed} |"
        for kill in kills
    ]
    return "\n".join([*lines, ""])


def _by_case(seen: Sequence[Seen], cases: Sequence[Case]) -> str:
    lines = ["## Cases", "", "Which wrong workers each case finds, whatever it names.", ""]
    lines += ["| case | requirements | fails on | these, first those of its own requirements |", "|---|---|---|---|"]
    for case in cases:
        runs = [each for each in seen if each.trial.wrong is not None and case.id in each.ended(Status.FAIL)]
        breaks = {each.trial.file: each.trial.wrong.breaks for each in runs if each.trial.wrong is not None}
        own = sorted(file for file, requirement in breaks.items() if requirement in case.requirements)
        files = [*own, *sorted(breaks.keys() - own)]
        lines.append(f"| {case.id} | {' '.join(case.requirements)} | {len(files)} | {_listed(files)} |")
    return "\n".join([*lines, ""])


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return shown + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")


def write_matrix(
    path: Path, seen: Sequence[Seen], cases: Sequence[Case], requirements: Mapping[str, Requirement]
) -> None:
    """
    Writes the page.

    Raises:
        UsageFault: The file cannot be written.
    """
    try:
        path.write_text(matrix_text(seen, cases, requirements), "utf-8")
    except OSError as error:
        raise UsageFault(f"--matrix {path}: {error}") from error
