"""What is taken from todo, and when: as much as there is work for, and never far ahead of the caller."""

from __future__ import annotations

import itertools
import math
import operator
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from spreadjobs.journal import RECALLED
from spreadjobs.plan import Plan

if TYPE_CHECKING:
    from spreadjobs.keeper import Keeper

LONGEST_PULL_S: Final = 0.001
"""A todo that takes longer to give its elements is not waited for while a worker could begin with those that came."""
SHORTEST_PAUSE_S: Final = 0.001
"""A shorter time in the caller's code is not taken off the workers' limits."""


class Intake:
    """
    Takes the elements of todo into the ledger.

    Args:
        plan: Knows the ledger of the current run, and is told what is still to come.
        keeper: Has the answers of earlier runs; None: there is no journal.
    """

    def __init__(self, plan: Plan, keeper: Keeper | None) -> None:
        self._plan = plan
        self._keeper = keeper
        self._todo: Iterator[object] = iter(())
        self._slow_todo = False
        self._delivered = 0
        self.hurries = False
        """Whether there is more to take than was taken, so that nothing else is to be waited for."""
        self.bound: int | None = None
        """Most tasks that may have been taken and not delivered; None: no limit."""

    def begin(self, todo: Iterator[object], bound: int | None) -> None:
        """A run begins, with another todo and another ledger."""
        self._todo, self.bound = todo, bound
        self._slow_todo = True  # Nobody knows yet.
        self._delivered = 0
        if self._keeper is not None:
            self._keeper.begin()

    def note_delivered(self, index: int) -> None:
        """The caller has the outcome of a task."""
        self._delivered += 1
        if self._keeper is not None:
            self._keeper.delivered(index)

    def pull(self, count: int) -> None:
        """Take so many further elements of todo, as far as there are any and the bound allows."""
        self.hurries = False
        if self._plan.exhausted:
            return
        count = min(count, self._room(count))
        begun_s = now_s = time.monotonic()
        taken, slow = 0, self._slow_todo
        # Those that were recalled are no work for anyone, but the caller has not got them yet either.
        while taken < count and self._room(1):
            if taken and slow:
                break  # What there is goes to a worker before the next one is waited for.
            some, step_s = min(count - taken, 2 * taken or 1, self._room(count)), now_s
            payloads = list(itertools.islice(self._todo, some))
            taken += self._add(payloads)
            now_s = time.monotonic()
            self._slow_todo = now_s - step_s > LONGEST_PULL_S
            self._plan.exhausted = len(payloads) < some
            if self._plan.exhausted or now_s - begun_s > LONGEST_PULL_S:
                break
        self.hurries = taken < count and not self._plan.exhausted and self._room(1) > 0
        left = operator.length_hint(self._todo, -1)
        self._plan.to_come = left if left >= 0 else math.inf
        if now_s - begun_s > SHORTEST_PAUSE_S:
            self._plan.excuse(now_s - begun_s)  # The caller's code ran for so long: no worker's limit counts that.

    def _room(self, most: int) -> int:
        """How many further elements the bound allows, so many at the most."""
        return most if self.bound is None else min(most, self.bound - (self._plan.ledger.added - self._delivered))

    def _add(self, payloads: Sequence[object]) -> int:
        """Note elements of todo; gives how many of them are to be done."""
        ledger = self._plan.ledger
        if self._keeper is None:
            ledger.add(payloads)
            return len(payloads)
        answers = self._keeper.recall(ledger.added, payloads)
        ledger.add_recalled(payloads, answers, RECALLED)
        return len(payloads) - len(answers)
