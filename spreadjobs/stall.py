"""What a run waits for, in words: said when nothing was answered for a while."""

from __future__ import annotations

from typing import Final

from spreadjobs import endings
from spreadjobs.plan import Plan
from spreadjobs.slots import SlotPhase, WorkerState

MOST_NAMED: Final = 5
"""So many workers are named."""


def stall_text(plan: Plan, now_s: float) -> str:
    """
    Which workers and tasks a run waits for, and why.

    Args:
        plan: The run.
        now_s: The clock.
    """
    ledger = plan.ledger
    reasons = [_worker_text(plan, worker, now_s) for worker in plan.workers.values()]
    reasons += [
        f"slot {place.slot.index + 1} is started again in {max(0.0, place.start_at_s - now_s):.1f} s ({place.why})"
        for place in plan.places
        if place.phase is SlotPhase.WAITING
    ]
    if back := _all_refuse(plan, now_s):
        reasons.insert(0, back)
    more = f"; and {len(reasons) - MOST_NAMED} more" if len(reasons) > MOST_NAMED else ""
    waiting = f"{ledger.waiting} tasks wait, {ledger.unfinished - ledger.waiting} are at workers"
    return f"no answer for a while: {waiting}: {'; '.join(reasons[:MOST_NAMED])}{more}"


def _all_refuse(plan: Plan, now_s: float) -> str:
    """Until when nothing at all will be done, where every worker said TooBusy; else ""."""
    rests_s = [worker.rest_until_s - now_s for worker in plan.workers.values()]
    all_rest = rests_s and min(rests_s) > 0
    if not all_rest or len(rests_s) == 1 or any(worker.machine.outstanding for worker in plan.workers.values()):
        return ""
    return f"all {len(rests_s)} workers said TooBusy, and the first of them is asked again in {min(rests_s):.1f} s"


def silence_hint(codec: str) -> str:
    """
    What is likely where a worker has never answered anything.

    Args:
        codec: The codec in use.
    """
    other = "json" if codec == "pickle" else "pickle"
    return (
        f"it has never answered anything: does it speak {codec} (else Settings(codec={other!r}), or --codec {other}), "
        "does it wait for preparation items (the templates as shipped need stdin=[None], or --prepare null), does it "
        "flush what it writes?"
    )


def _worker_text(plan: Plan, worker: WorkerState, now_s: float) -> str:
    if worker.machine.outstanding:
        task = plan.ledger.task(worker.machine.outstanding[0])
        which = "a task of an earlier run" if task is None else f"task {task.index}"
        since_s = now_s - worker.oldest_since_s
        how_far = endings.progress(plan.evidence(worker.key))
        done = f": {how_far}" if how_far else ""
        hint = "Settings.task_timeout_s would end it"
        if not worker.place.ever_answered:
            hint = silence_hint(plan.settings.codec)
        return f"worker {worker.name} has held {which} for {since_s:.0f} s{done} ({hint})"
    if worker.rest_until_s > now_s:
        return f"worker {worker.name} said TooBusy and rests for another {worker.rest_until_s - now_s:.1f} s"
    return f"worker {worker.name} {worker.phase.value} and holds nothing"
