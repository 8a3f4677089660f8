"""One conversation had, and what became of it: a verdict like that of a case, and of which kind a failure is."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Final

import attrs

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.diagnosis import CUT_SHORT
from spreadjobs_conform.findings import Finding, Hang
from spreadjobs_conform.fuzz_judge import Deviation
from spreadjobs_conform.fuzz_play import Play
from spreadjobs_conform.fuzz_player import Player
from spreadjobs_conform.patience import PER_MEBIBYTE_S, Patience, Wait
from spreadjobs_conform.registry import Case
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.runner import judged
from spreadjobs_conform.stage import LiveStage, Stage
from spreadjobs_conform.verdicts import Status, Verdict

RUN_3: Final = "RUN-3"
HURRIED_S: Final = 0.7
"""For so long a response is waited for while a conversation in which none came is made smaller."""
HURRIED_STARTS: Final = 3.0
"""... and so many starts of the worker."""
_VALUES: Final = re.compile(r"""(?:\bb?['"]|[\[({<]).*""", re.DOTALL)
_NUMBERS: Final = re.compile(r"-?\d+(?:\.\d+)?")
_MOST_SHAPE: Final = 60


@attrs.frozen
class Kind:
    """What failures that tell the same have in common."""

    requirement: str
    shape: str
    """The rest of it, without values."""


@attrs.frozen(kw_only=True)
class Had:
    """A conversation that was had."""

    verdict: Verdict
    kind: Kind | None
    """None: the worker did nothing wrong."""
    ops: Counter[str]
    """The payloads that were answered as is due."""
    lacking: int
    """Failures in place of values that the worker's language lacks."""


class SteadyStage(LiveStage):
    """
    The world as it is, where hangs of other conversations make no wait shorter.

    Args:
        patience: The limits of the run.
        stop: Set when the run is to end at once.
        hurried: Whether is waited only for as long as shows that nothing comes.
    """

    def __init__(self, patience: Patience, stop: threading.Event, *, hurried: bool = False) -> None:
        super().__init__(patience, stop)
        self._hurried = hurried

    def limit_s(self, wait: Wait, *, mebibytes: float, first: bool) -> float:
        """As ``Stage.limit_s``."""
        limit_s = super().limit_s(wait, mebibytes=mebibytes, first=first)
        if not self._hurried or wait is Wait.LETTING_GO:
            return limit_s
        start_s = HURRIED_STARTS * (self.start_s() or 0.0)
        return min(limit_s, self._patience.slowness() * (HURRIED_S + start_s + PER_MEBIBYTE_S * mebibytes))

    def hang(self, wait: Wait, waited_s: float) -> bool:  # noqa: ARG002 - Stage has them
        """As ``Stage.hang``: it is not counted."""
        return False


def had(name: str, summary: str, play: Play, candidate: Candidate, stage: Stage) -> Had:
    """
    Have a conversation.

    Args:
        name: Of the conversation, in reports.
        summary: What it is, for people.
        play: What is written and waited for.
        candidate: With whom.
        stage: Where.

    Raises:
        Interrupted: The run was stopped.
    """
    players: list[Player] = []

    def body(conv: Conversation) -> None:
        player = Player(play, conv)
        players.append(player)
        player.have()

    case = Case(id=name, requirements=(RUN_3,), checks=0, summary=summary, body=body)
    verdict = judged(case, candidate, stage, "MUST")
    player = players[0]
    failed = player.finding is not None and verdict.status is Status.FAIL
    kind = kind_of(player.finding, verdict) if player.finding is not None and failed else None
    return Had(verdict=verdict, kind=kind, ops=player.ops, lacking=player.lacking)


def level_of(verdict: Verdict, requirements: Mapping[str, Requirement]) -> str:
    """``MUST`` if one is broken, else ``SHOULD``."""
    return "MUST" if any(requirements[name].level == "MUST" for name in verdict.violated) else "SHOULD"


def kind_of(finding: Finding, verdict: Verdict) -> Kind:
    """Of which kind a failure is."""
    if isinstance(finding, Hang):
        return Kind(finding.requirement, finding.sort.partition(f" ({CUT_SHORT}")[0])
    if isinstance(finding, Deviation):
        return Kind(finding.requirement, finding.shape)
    shape = _NUMBERS.sub("#", _VALUES.sub("", finding.came))[:_MOST_SHAPE].strip()
    # Of a worker that has exited, the last line on standard error tells what it died of.
    last = _NUMBERS.sub("#", verdict.stderr[-1].partition(":")[0])[:_MOST_SHAPE] if verdict.stderr else ""
    return Kind(finding.requirement, f"{shape}: {last}" if last and "ended without" in shape else shape)
