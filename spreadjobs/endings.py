"""
What the end of a worker means: for the tasks that it held (blame), and for its slot (another worker, or none).

The rules are those of spec JOB-2, JOB-3, JOB-5, RUN-14 and VIO-2; nothing here knows a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from spreadjobs.backoff import next_usefulness, restart_delay_s
from spreadjobs.events import Evidence, NotStarted
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Attempt, Cause, WorkerReport
from spreadjobs.settings import Settings
from spreadjobs.slots import SlotPhase, SlotState, WorkerPhase, WorkerState

_BY_WHOM: Final = " (not sent by the master; perhaps by the kernel where memory ran out, a batch system or a person)"


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
        ledger.defer(held[0], attempt)
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
        settings: ``restarts``, ``max_attempts``, ``max_kills``, ``max_violations`` and ``replace_departed`` decide.
        end: How its worker ended.
        now_s: The clock.
        factor: For the delay. See ``backoff.restart_delay_s``.
    """
    place.cause, place.why = end.cause, end.why
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
    # Unlike ends, violations are counted whatever was answered in between: a bug in a program does not heal.
    violated = place.violations >= settings.max_violations
    if place.counted_ends >= limit or place.kills >= settings.max_kills or violated:
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


def progress(evidence: Evidence) -> str:
    """How far a worker is that is late: which of the ways to be late this is. "" where nothing is known."""
    sent, unread = evidence.sent_bytes, evidence.unread_bytes
    if evidence.begun_bytes:
        return f"it stopped in the middle of a message, of which {evidence.begun_bytes} bytes came"
    if not sent or unread is None:
        return ""
    if unread == sent:
        return f"it read none of the {sent} bytes that it was sent"
    if unread:
        return f"it read {sent - unread} of the {sent} bytes that it was sent, and no more"
    return "it read all that it was sent, and no message is begun"


def overdue(worker: WorkerState, settings: Settings, evidence: Evidence, now_s: float) -> tuple[Cause, str]:
    """
    What a live worker is ended for one of whose limits has run out: the cause, and it in words.

    Args:
        worker: It is not in shutdown.
        settings: Its limits.
        evidence: What its pipes show.
        now_s: The clock.
    """
    if worker.stdout_ended:
        inside = " in the middle of a message" if worker.inside_message else ""
        return "violation", f"closed its standard output{inside} and lived on (spec RUN-13)"
    if worker.task_deadline_s(settings) > now_s:
        return "violation", "closed its standard input and lived on (spec RUN-7)"
    why = f"no response to its oldest request within {now_s - worker.oldest_since_s:.1f} s"
    if worker.start_deadline_s(settings) <= now_s:
        why = f"no first answer within {worker.held_s(now_s):.1f} s"
    return "timed out", "; ".join(filter(None, [why, progress(evidence)]))


def overstayed(worker: WorkerState, evidence: Evidence, now_s: float) -> str:
    """What a worker did in shutdown instead of ending, when the limit of that has run out. Spec SHUT-3."""
    if worker.stdout_ended:
        return f"closed its standard output and lived on for {now_s - worker.since_s:.1f} s (spec SHUT-3)"
    why = f"did not end within {now_s - worker.since_s:.1f} s of the end of its input or its last byte (spec SHUT-3)"
    if not worker.machine.outstanding:
        if not evidence.unread_bytes:
            return why
        evidence = attrs.evolve(evidence, begun_bytes=0)  # What came is text.
    return "; ".join(filter(None, [why, progress(evidence)]))


def natural_end(worker: WorkerState, settings: Settings) -> tuple[Cause, str]:
    """
    Why a worker ended: the cause, and it in words. Spec RUN-13.

    Args:
        worker: It has ended.
        settings: ``replace_departed`` is named to those who have not set it.
    """
    held = _held(worker)
    if worker.fault is not None:
        cause, why = worker.fault
        return cause, f"{why}{held}"
    how = str(worker.exit) if worker.exit is not None else "its process did not go away after KILL"
    if worker.phase is not WorkerPhase.LIVE:
        late = f": {worker.late}" if worker.late else ""
        return "departed", f"{how}, in shutdown{late}{held}"
    cause = "died"
    if worker.exit is not None and worker.exit.from_outside:
        cause, how = "killed", f"{how}{_BY_WHOM}"
    if worker.inside_message:
        return cause, f"{how}, in the middle of a message{held}"
    if worker.exit is not None and worker.exit.status == 0:
        if not worker.place.ever_answered:
            return "departed", f"left with exit status 0 and never answered anything; is it a worker?{held}"
        hint = "" if settings.replace_departed else " (Settings.replace_departed would replace it)"
        return "departed", f"left by itself with exit status 0{hint}{held}"
    return cause, f"{how}{held}"


def _held(worker: WorkerState) -> str:
    """Who held its standard output though its process had ended. Spec SHUT-4."""
    if worker.held_by is None:
        return ""
    who = ", ".join(worker.held_by) or "another process"
    if worker.stdout_ended:
        return f"; its standard output was then held open by {who}, of its group, until KILL (spec SHUT-4)"
    return f"; its standard output is held open by {who}, not of its group, and was not waited for (spec SHUT-4)"


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
