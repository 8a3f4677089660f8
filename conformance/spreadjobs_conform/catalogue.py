"""All cases of the kit, and the choice of some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

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
from spreadjobs_conform.registry import Case, CaseFacts, cases_in
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.verdicts import party_of

C = TypeVar("C", bound=CaseFacts)
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
    cases: Sequence[C],
    requirements: Mapping[str, Requirement],
    *,
    patterns: Sequence[str],
    skipped: Sequence[str],
    ids: Sequence[str],
) -> tuple[C, ...]:
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
    party = party_of([case.worker_class for case in cases])
    listing = "list" if party == "worker" else f"list --{party}s"
    for option, globs in (("--case", patterns), ("--skip", skipped)):
        for pattern in globs:
            if not any(fnmatchcase(case.id, pattern) for case in cases):
                raise UsageFault(f"{option} {pattern}: no case has such an id; `{listing}` shows them all")
    for requirement_id in ids:
        _check_id(requirement_id, cases, requirements, party)
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


def _check_id(
    requirement_id: str, cases: Sequence[CaseFacts], requirements: Mapping[str, Requirement], party: str
) -> None:
    known = requirements.get(requirement_id)
    if known is None:
        raise UsageFault(f"--req {requirement_id}: the specification has no such requirement")
    if not any(requirement_id in case.requirements for case in cases):
        other = known.party != party
        why = f"a requirement of the {known.party}" if other else f"a {known.level} that no case tests"
        raise UsageFault(f"--req {requirement_id}: nothing is selected, it is {why}")
