"""How long masters are waited for: less after some that did not end, so that a run against any command ends soon."""

from __future__ import annotations

import threading
from typing import Final

import attrs

from spreadjobs_conform.diagnosis import CUT_SHORT
from spreadjobs_conform.masters.play import RUN_LIMIT_S, Performer
from spreadjobs_conform.verdicts import Verdict

WHOLE_HANGS: Final = 3
"""So many cases wait for as long as they want to."""
CUT: Final = 0.2
"""Of its limits, what a later case has."""
TIMES_THE_SIMPLEST: Final = 4
"""But at least so many times what the simplest job took."""


class Patience:
    """How many cases of a run have met a hang, and what that means for the others."""

    def __init__(self) -> None:
        self._hangs = 0
        self._cut = CUT
        self._cut_cases = 0
        self._lock = threading.Lock()

    def rehearsed(self, took_s: float) -> None:
        """The simplest job took so long."""
        self._cut = min(1.0, max(CUT, TIMES_THE_SIMPLEST * took_s / RUN_LIMIT_S))

    def with_limits(self, performer: Performer) -> Performer:
        """The same master, with the limits that the next case has."""
        with self._lock:
            if self._hangs < WHOLE_HANGS:
                return performer
            self._cut_cases += 1
        return attrs.evolve(performer, scale=performer.scale * self._cut)

    def saw(self, verdict: Verdict, *, cut: bool) -> Verdict:
        """The verdict of a case; of a hang it says whether the wait was cut short."""
        if not verdict.hang:
            return verdict
        with self._lock:
            self._hangs += 1
        return attrs.evolve(verdict, hang=f"{verdict.hang} ({CUT_SHORT})") if cut else verdict

    def cut(self) -> str:
        """What was cut short, for people; empty: nothing."""
        if not self._cut_cases:
            return ""
        return (
            f"{WHOLE_HANGS} cases met a master that did not go on; the waits of {self._cut_cases} more were cut to "
            f"{self._cut:.0%}, so what they say may be wrong until those are mended"
        )
