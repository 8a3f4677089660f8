"""Which cases a run has: those that were asked for, if any of them applies and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spreadjobs_conform.catalogue import choose
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.options import RunOptions
from spreadjobs_conform.registry import Case
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.runner import not_run
from spreadjobs_conform.verdicts import Status


def select(
    options: RunOptions,
    all_cases: Sequence[Case],
    requirements: Mapping[str, Requirement],
    required: frozenset[str] | None,
) -> tuple[Case, ...]:
    """
    The cases of a run.

    Args:
        options: What was asked for.
        all_cases: That the kit has.
        requirements: All there are, by id.
        required: The ids of the cases that score; None: all.

    Raises:
        UsageFault: A pattern or an id matches nothing, or what is left could make no run fail.
    """
    cases = choose(all_cases, requirements, patterns=options.patterns, skipped=options.skipped, ids=options.ids)
    applying = [case for case in cases if not _is_idle(case, options)]
    if not applying:
        raise UsageFault("nothing is selected that applies to this class, codec, dialect and protocol")
    if required is not None and not any(case.id in required for case in applying):
        raise UsageFault(
            "nothing is selected that scores: these cases came after the required set was frozen; "
            "run them with --all-scored, or select others with them"
        )
    return cases


def _is_idle(case: Case, options: RunOptions) -> bool:
    idle = not_run(case, options.candidate)
    return idle is not None and idle[0] is Status.NOT_APPLICABLE
