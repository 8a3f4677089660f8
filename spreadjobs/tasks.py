"""A task on its way through the ledger."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from spreadjobs.events import TaskId
from spreadjobs.outcomes import Attempt


@attrs.define(eq=False)
class Task:
    """One element of todo until it has ended."""

    index: int
    payload: object = attrs.field(repr=False)
    attempts: Sequence[Attempt] = ()
    failed_on: frozenset[int] = frozenset()
    """Slots on which it was charged."""
    departures: Sequence[Attempt] = ()
    """Workers that left by themselves while it was alone on them: no charges, but the same number is too much."""
    ends: Sequence[Attempt] = ()
    """Both, oldest first."""
    solo: bool = False
    """It was on a worker that ended: from then on it is sent alone. Spec JOB-2."""
    after: int = 0
    """A charged task waits until every task before this position was handed out: the tail of the queue."""
    sent: tuple[TaskId, bytes] = attrs.field(init=False, repr=False)
    """Its last request, for a case file; there only where those are wanted. Without a default, it costs nothing."""
