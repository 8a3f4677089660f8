"""
What the end of a worker means: for the tasks that it held (blame), and for its slot (another worker, or none).

The rules are those of spec JOB-2, JOB-3, JOB-5, RUN-14 and VIO-2; nothing here knows a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from spreadjobs.backoff import next_usefulness, restart_delay_s
from spreadjobs.events import NotStarted
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Attempt, Cause, WorkerReport
from spreadjobs.settings import Settings
from spreadjobs.slots import SlotPhase, SlotState, WorkerPhase, WorkerState

_BY_WHOM: Final = " (sent by the kernel where memory ran out, by a batch system or by a person; not by the master)"
MOST_VIOLATIONS: Final = 2
"""After so many violations a slot is given up: a bug in a program does not heal."""


def release(worker: WorkerState, ledger: Ledger, cause: Cause, detail: str, stderr: Sequence[str]) -> int:
    """
    Take from a worker what it has not answered, and blame who is to blame. Spec JOB-2.

    Args:
        worker: It gives no more answers.
        ledger: Where its tasks go back to.
        cause: Why.
        detail: The same in words.
        stderr: Its last lines.

    Returns:
        How many requests it held.
    """
    held = list(worker.machine.outstanding)
    worker.machine.outstanding.clear()
    own_end = worker.exit if worker.fault is None else None
    attempt = Attempt(
        worker=worker.name,
        cause=cause,
        detail=detail,
        stderr=tuple(stderr),
        status=None if own_end is None else own_end.status,
        signal=None if own_end is None else own_end.signal,
    )
    if len(held) != 1:
        ledger.requeue(held, solo=True)
    elif cause == "departed":
        ledger.departed(held[0], attempt)
    elif worker.place.ever_answered:
        ledger.charge(held[0], worker.place.slot.index, attempt)
    else:
        ledger.defer(held[0])
    return len(held)


@attrs.frozen
class End:
    """How a worker ended."""

    cause: Cause
    why: str
    """The cause in words."""
    held: int = 0
    """How many requests it held."""


def settle(place: SlotState, settings: Settings, end: End, now_s: float, *, factor: float = 1.0) -> None:
    """
    Decide what becomes of a slot whose worker has ended while the run goes on.

    Args:
        place: The slot.
        settings: ``restarts``, ``max_attempts``, ``max_kills`` and ``replace_departed`` decide.
        end: How its worker ended.
        now_s: The clock.
        factor: For the delay. See ``backoff.restart_delay_s``.
    """
    place.why = end.why
    departed = end.cause == "departed"
    if departed and not settings.replace_departed:
        place.phase = SlotPhase.GONE
        return
    killed = end.cause == "killed"
    place.ends += not killed
    place.violations += end.cause == "violation"
    if not place.ever_answered or end.held == 0:
        place.kills += killed
        place.counted_ends += not killed
    if not departed:
        place.usefulness = next_usefulness(place.usefulness, "ended")
    limit = settings.max_attempts if settings.restarts is None else settings.restarts
    if place.counted_ends >= limit or place.kills >= settings.max_kills or place.violations >= MOST_VIOLATIONS:
        place.phase = SlotPhase.GONE
        return
    place.phase = SlotPhase.WAITING
    # A kill says nothing about the program: to wait ever longer would leave the next one fewer workers to choose from.
    place.start_at_s = now_s + restart_delay_s(1 if killed else place.ends, factor=factor)


def not_started(place: SlotState, settings: Settings, fact: NotStarted, now_s: float, *, factor: float = 1.0) -> None:
    """Decide what becomes of a slot whose program could not be started; nobody held anything."""
    if fact.hopeless:
        place.why, place.phase = fact.reason, SlotPhase.GONE
        place.usefulness = next_usefulness(place.usefulness, "ended")
    else:
        settle(place, settings, End("died", fact.reason), now_s, factor=factor)


def natural_end(worker: WorkerState) -> tuple[Cause, str]:
    """Why a worker ended: the cause, and it in words. Spec RUN-13."""
    if worker.fault is not None:
        return worker.fault
    how = str(worker.exit) if worker.exit is not None else "its process did not go away after KILL"
    if worker.phase is not WorkerPhase.LIVE:
        return "departed", f"{how}, in shutdown"
    cause: Cause = "died"
    if worker.exit is not None and worker.exit.from_outside:
        cause, how = "killed", f"{how}{_BY_WHOM}"
    if worker.inside_message:
        return cause, f"{how}, in the middle of a message"
    if worker.exit is not None and worker.exit.status == 0:
        if not worker.place.ever_answered:
            return "departed", "left with exit status 0 and never answered anything; is it a worker?"
        return "departed", "left by itself with exit status 0 (Settings.replace_departed would replace it)"
    return cause, how


def report(worker: WorkerState, why: str, stderr: Sequence[str], now_s: float) -> WorkerReport:
    """What the caller is told about a worker that has ended."""
    ended = worker.exit
    return WorkerReport(
        name=worker.name,
        arguments=worker.place.slot.arguments,
        status=None if ended is None else ended.status,
        signal=None if ended is None else ended.signal,
        reason=why,
        answered=worker.answered,
        busy_s=worker.held_s(now_s),
        stderr=tuple(stderr),
    )
