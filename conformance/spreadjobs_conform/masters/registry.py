"""What a case for masters is, and how the files ``cases_*.py`` here write one down."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeAlias

import attrs

from spreadjobs_conform.masters.play import Play
from spreadjobs_conform.registry import BOTH_CODECS, BOTH_DIALECTS, CaseFacts

Body: TypeAlias = Callable[[Play], None]


@attrs.frozen(kw_only=True)
class MasterCase(CaseFacts):
    """One check of a master: a job, and what its played workers do."""

    body: Body = attrs.field(repr=False)
    worker_class: str = "master"


def master_case(
    case_id: str, *requirements: str, checks: int, codecs: tuple[str, ...] = BOTH_CODECS, idle: bool = False
) -> Callable[[Body], MasterCase]:
    """
    Makes a case of a function; its docstring becomes the summary.

    Args:
        case_id: ``family/what-it-shows``; stable for ever.
        requirements: Ids, the one that is broken when what is due does not come first.
        checks: How many checks the function makes at least.
        codecs: Where it applies.
        idle: Whether it waits for seconds.
    """

    def make(body: Body) -> MasterCase:
        return MasterCase(
            id=case_id,
            requirements=requirements,
            checks=checks,
            summary=" ".join(inspect.cleandoc(body.__doc__ or "").split()),
            body=body,
            codecs=codecs,
            dialects=BOTH_DIALECTS,
            idle=idle,
        )

    return make
