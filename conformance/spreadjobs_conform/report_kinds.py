"""Failures of one kind, those that tell the same: of these, the most telling one is told in full."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from spreadjobs_conform.diagnosis import CUT_SHORT
from spreadjobs_conform.verdicts import Status, Verdict

_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)?")
"""Task ids, sizes, seconds: none of them makes another kind of failure."""
_PAYLOADS: Final = re.compile(r"(is answered with|came as|was sent) .*", re.DOTALL)
"""Nor do the values, of a master that does the same with all of them."""
ENDED: Final = ("has exited", "has been ended")
"""Of such a worker, the last line on standard error tells what it died of."""
ECHOING: Final = frozenset({"run", "data"})
"""Where the echoes are: one that passed shows that kit and worker understand each other."""
_WHILE_WAITING: Final = " within "
RUN_3: Final = "RUN-3"
_TELLING: Final = ("WIRE-3", "WIRE-7")
_FOUND_OUT: Final = re.compile("; (?:the|no) response came when")
"""A case has found out what a worker waits for that does not answer; it tells more than the others."""


def kinds(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """
    Failures and faults of the kit, by kind: the most frequent first, and in each the most telling first.

    Args:
        verdicts: Of a run, in any statuses.
    """
    # All cases of a worker that answers nothing rightly fail of one mistake. Of another worker, what breaks two
    # requirements, such as those of failures and of values, may be two mistakes that look alike.
    answers = any(verdict.status is Status.PASS and verdict.case.family in ECHOING for verdict in verdicts)
    found: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.status in (Status.FAIL, Status.HARNESS_ERROR):
            kind = (*_kind(verdict), rules(verdict)[0] if answers and not verdict.hang else "")
            found.setdefault(kind, []).append(verdict)
    # Of the same frequency, the order of the run.
    ordered = sorted((_most_telling_first(kind) for kind in found.values()), key=_weight, reverse=True)
    return _with_short_waits(ordered)


def _weight(kind: Sequence[Verdict]) -> tuple[bool, bool, int]:
    return any(verdict.level == "MUST" for verdict in kind), not cut_short(kind[0]), len(kind)


def cut_short(verdict: Verdict) -> bool:
    """Whether it is a hang that was given less time than others."""
    return CUT_SHORT in verdict.hang


def _with_short_waits(found: Sequence[list[Verdict]]) -> list[list[Verdict]]:
    """
    The same, those of waits that were cut short behind the others of the same.

    A worker that needs longer to start than it was given shows nothing of what is wrong with it: seen so early, it may
    not even have read its request.
    """
    whole: dict[str, list[Verdict]] = {}
    kinds_left: list[list[Verdict]] = []
    for kind in found:
        first = kind[0]
        waited_for = _waited_for(first)
        if first.hang and cut_short(first) and waited_for in whole:
            whole[waited_for] += kind
        else:
            kinds_left.append(kind)
            if first.hang and not cut_short(first):
                whole.setdefault(waited_for, kind)
    return kinds_left


def _waited_for(verdict: Verdict) -> str:
    return _NUMBERS.sub("#", verdict.came.partition(_WHILE_WAITING)[0])


def rules(verdict: Verdict) -> tuple[str, ...]:
    """The rules that tell how the worker failed: that of the case comes last, since it may be about anything else."""
    found = (*verdict.violated[1:], *verdict.violated[:1])
    # That no response came is less than why.
    first = [name for name in _TELLING if name in found and RUN_3 in found]
    return tuple(dict.fromkeys((*first, *found) or verdict.case.requirements))


def _kind(verdict: Verdict) -> tuple[object, ...]:
    """What failures of one kind have in common; a fault of the kit is like no other."""
    if verdict.status is not Status.FAIL:
        return (verdict.case.id,)
    came, due, hang, cure = (
        _NUMBERS.sub("#", text) for text in (verdict.came, verdict.due, verdict.hang, verdict.cure)
    )
    if verdict.case.worker_class == "master":
        came, due = _PAYLOADS.sub(r"\1", came), _PAYLOADS.sub(r"\1", due)
    if verdict.hang:
        # How long was waited for, and what the worker was just doing, make no other kind; nor does a better cure.
        return (verdict.scored, _waited_for(verdict), due, hang.partition(f" ({CUT_SHORT}")[0])
    ended = any(word in came for word in ENDED)
    last = _NUMBERS.sub("#", verdict.stderr[-1]) if ended and verdict.stderr else ""
    if verdict.cure:
        # Then it is known what is wrong: what came in detail, such as the text that was printed, makes no other kind.
        return (verdict.scored, cure, last)
    return (verdict.scored, came, due, last, rules(verdict)[0])


def _most_telling_first(kind: Sequence[Verdict]) -> list[Verdict]:
    families = Counter(verdict.case.family for verdict in kind)

    def telling(verdict: Verdict) -> tuple[bool, bool, bool, bool, int]:
        about_it = verdict.case.requirements[0] == rules(verdict)[0]
        return (
            verdict.level != "MUST",
            cut_short(verdict),
            not _FOUND_OUT.search(verdict.came),
            not about_it,
            -families[verdict.case.family],
        )

    return sorted(kind, key=telling)
