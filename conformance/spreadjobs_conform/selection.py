"""Which cases a run has: those that were asked for, if any of them applies and scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from spreadjobs_conform.catalogue import choose
from spreadjobs_conform.common_options import CommonOptions
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.options import RunOptions
from spreadjobs_conform.registry import Case, CaseFacts
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.runner import not_run
from spreadjobs_conform.verdicts import Status

C = TypeVar("C", bound=CaseFacts)


def select(
    options: RunOptions,
    all_cases: Sequence[Case],
    requirements: Mapping[str, Requirement],
    required: frozenset[str] | None,
) -> tuple[Case, ...]:
    """
    The cases of a run of a worker.

    Args:
        options: What was asked for.
        all_cases: That the kit has.
        requirements: All there are, by id.
        required: The ids of the cases that score; None: all.

    Raises:
        UsageFault: A pattern or an id matches nothing, or what is left could make no run fail.
    """
    cases = choose(all_cases, requirements, patterns=options.patterns, skipped=options.skipped, ids=options.ids)
    check_choice(cases, required, lambda case: not _is_idle(case, options), "class, codec, dialect and protocol")
    return cases


def select_for_master(
    options: CommonOptions,
    all_cases: Sequence[C],
    requirements: Mapping[str, Requirement],
    required: frozenset[str] | None,
    applies: Callable[[C], bool],
) -> tuple[C, ...]:
    """
    The cases of a run of a master.

    Args:
        options: What was asked for.
        all_cases: That the kit has.
        requirements: All there are, by id.
        required: The ids of the cases that score; None: all.
        applies: Whether a case does.

    Raises:
        UsageFault: As for ``select``.
    """
    patterns, skipped, ids = options.patterns, options.skipped, options.ids
    cases = choose(all_cases, requirements, patterns=patterns, skipped=skipped, ids=ids)
    check_choice(cases, required, applies, "codec")
    return cases


def check_choice(
    cases: Sequence[C], required: frozenset[str] | None, applies: Callable[[C], bool], to_what: str
) -> None:
    """
    Makes sure that a choice of cases can make a run fail.

    Args:
        cases: Those that were chosen.
        required: The ids of the cases that score; None: all.
        applies: Whether a case does.
        to_what: Of the program under test, for the text of the error.

    Raises:
        UsageFault: It cannot.
    """
    applying = [case for case in cases if applies(case)]
    if not applying:
        raise UsageFault(f"nothing is selected that applies to this {to_what}")
    if required is not None and not any(case.id in required for case in applying):
        raise UsageFault(
            "nothing is selected that scores: these cases came after the required set was frozen; "
            "run them with --all-scored, or select others with them"
        )


def _is_idle(case: Case, options: RunOptions) -> bool:
    idle = not_run(case, options.candidate)
    return idle is not None and idle[0] is Status.NOT_APPLICABLE
