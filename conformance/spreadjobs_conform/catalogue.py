"""All cases of the kit, and the choice of some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from spreadjobs_conform import (
    cases_busy,
    cases_cmd,
    cases_codec,
    cases_data,
    cases_eof,
    cases_err,
    cases_exec,
    cases_out,
    cases_prep,
    cases_run,
    cases_wire,
)
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.registry import Case, cases_in
from spreadjobs_conform.requirements import Requirement

_MODULES = (
    cases_exec,
    cases_prep,
    cases_wire,
    cases_codec,
    cases_data,
    cases_run,
    cases_out,
    cases_busy,
    cases_err,
    cases_eof,
    cases_cmd,
)


def all_cases() -> tuple[Case, ...]:
    """Every case, in the order of the families."""
    return tuple(case for module in _MODULES for case in cases_in(module))


def choose(
    cases: Sequence[Case],
    requirements: Mapping[str, Requirement],
    *,
    patterns: Sequence[str],
    skipped: Sequence[str],
    ids: Sequence[str],
) -> tuple[Case, ...]:
    """
    The cases that the user asked for.

    Args:
        cases: All there are.
        requirements: All there are, by id.
        patterns: Globs over case ids; none: all cases.
        skipped: Globs over case ids to leave out.
        ids: Requirements; none: all.

    Raises:
        UsageFault: A pattern or an id matches nothing, or nothing is left.
    """
    for option, globs in (("--case", patterns), ("--skip", skipped)):
        for pattern in globs:
            if not any(fnmatchcase(case.id, pattern) for case in cases):
                raise UsageFault(f"{option} {pattern}: no case has such an id; `list` shows them all")
    for requirement_id in ids:
        _check_id(requirement_id, cases, requirements)
    chosen = tuple(
        case
        for case in cases
        if (not patterns or any(fnmatchcase(case.id, pattern) for pattern in patterns))
        and not any(fnmatchcase(case.id, pattern) for pattern in skipped)
        and (not ids or any(requirement_id in case.requirements for requirement_id in ids))
    )
    if not chosen:
        raise UsageFault("nothing is selected: the options --case, --skip and --req leave no case")
    return chosen


def _check_id(requirement_id: str, cases: Sequence[Case], requirements: Mapping[str, Requirement]) -> None:
    known = requirements.get(requirement_id)
    if known is None:
        raise UsageFault(f"--req {requirement_id}: the specification has no such requirement")
    if not any(requirement_id in case.requirements for case in cases):
        why = "a requirement of the master" if known.party == "master" else f"a {known.level} that no case tests"
        raise UsageFault(f"--req {requirement_id}: nothing is selected, it is {why}")
