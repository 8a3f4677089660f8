"""Failures of one kind, those that tell the same: of these, the most telling one is told in full."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from spreadjobs_conform.patience import DEFAULT_LIMIT_S
from spreadjobs_conform.verdicts import Status, Verdict

_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)?")
"""Task ids, sizes, seconds: none of them makes another kind of failure."""
ECHOING: Final = frozenset({"run", "data"})
"""Where the echoes are: one that passed shows that kit and worker understand each other."""
_WHILE_WAITING: Final = " within "
_FOUND_OUT: Final = re.compile("; (?:the|no) response came when")
"""A case has found out what a worker waits for that does not answer; it tells more than the others."""


def kinds(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """
    Failures and faults of the kit, by kind: the most frequent first, and in each the most telling first.

    Args:
        verdicts: Of a run, in any statuses.
    """
    # All cases of a worker that answers nothing rightly fail of one mistake. Of another worker, what fails in two
    # families, such as those of failures and of values, may be two mistakes that look alike.
    answers = any(verdict.status is Status.PASS and verdict.case.family in ECHOING for verdict in verdicts)
    found: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.status in (Status.FAIL, Status.HARNESS_ERROR):
            kind = (*_kind(verdict), verdict.case.family if answers else "")
            found.setdefault(kind, []).append(verdict)
    # Of the same frequency, the order of the run. Waits that were cut short come last: a worker that needs longer to
    # start than it was given shows nothing of what is wrong with it.
    return [_most_telling_first(kind) for kind in sorted(found.values(), key=_weight, reverse=True)]


def _weight(kind: Sequence[Verdict]) -> tuple[bool, int]:
    return _longest_wait_s(kind) >= DEFAULT_LIMIT_S, len(kind)


def _longest_wait_s(kind: Sequence[Verdict]) -> float:
    """Seconds; any number if it is not waiting that they failed of."""
    waits = [re.search(f"{_WHILE_WAITING}([0-9.]+) s", verdict.came) for verdict in kind if verdict.hang]
    return max((float(found[1]) for found in waits if found), default=math.inf)


def rules(verdict: Verdict) -> tuple[str, ...]:
    """The rules that tell how the worker failed: that of the case comes last, since it may be about anything else."""
    found = (*verdict.violated[1:], *verdict.violated[:1])
    return tuple(dict.fromkeys(found or verdict.case.requirements))


def _kind(verdict: Verdict) -> tuple[object, ...]:
    """What failures of one kind have in common; a fault of the kit is like no other."""
    if verdict.status is not Status.FAIL:
        return (verdict.case.id,)
    said = verdict.stderr[-1:]
    came, due, hang, last = (
        _NUMBERS.sub("#", text) for text in (verdict.came, verdict.due, verdict.hang, *(said or ("",)))
    )
    if verdict.hang:
        # How long was waited for, and what the worker was just doing, make no other kind; nor does a better cure.
        return (verdict.scored, came.partition(_WHILE_WAITING)[0], due, hang)
    if verdict.cure:
        # Then it is known what is wrong: what came in detail, such as the text that was printed, makes no other kind.
        return (verdict.scored, verdict.cure, due, last)
    return (verdict.scored, came, due, last, rules(verdict))


def _most_telling_first(kind: Sequence[Verdict]) -> list[Verdict]:
    families = Counter(verdict.case.family for verdict in kind)

    def telling(verdict: Verdict) -> tuple[bool, bool, bool, int]:
        about_it = verdict.case.requirements[0] == rules(verdict)[0]
        return (
            verdict.level != "MUST",
            not _FOUND_OUT.search(verdict.came),
            not about_it,
            -families[verdict.case.family],
        )

    return sorted(kind, key=telling)
