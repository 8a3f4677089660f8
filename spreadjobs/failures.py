"""What a run raises that did not give all its answers, made of its outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from spreadjobs.abridge import replay_command
from spreadjobs.errors import (
    CannotEncode,
    NoResponse,
    PoisonTask,
    RemoteException,
    RunError,
    UnencodableTask,
    WrongAnswer,
)
from spreadjobs.outcomes import Cancelled, Failed, Outcome, Quarantined

A = TypeVar("A")

LINES_OF_STDERR: Final = 3
"""So many of a worker's last stderr lines stand in an error; the attempts have more."""


def ends_run(outcome: Outcome[A]) -> bool:
    """Whether a run goes no further after this outcome: a task raised, or no worker is left."""
    return isinstance(outcome, Cancelled) or (isinstance(outcome, Failed) and not _unencodable(outcome))


def _unencodable(outcome: Failed) -> bool:
    return isinstance(outcome.error, CannotEncode)


def first_failure(outcomes: Sequence[Outcome[A]]) -> RemoteException | WrongAnswer | None:
    """What the first task that raised in its worker, or whose answer was not the one asked for, is raised as."""
    for outcome in outcomes:
        if isinstance(outcome, Failed) and isinstance(outcome.error, RemoteException | WrongAnswer):
            return outcome.error
    return None


def run_error(outcomes: Sequence[Outcome[A]], no_response: NoResponse) -> RunError:
    """
    The error for a run in which no task raised.

    Args:
        outcomes: Those that are no answers; at least one.
        no_response: What to raise where no worker is left. A poison task is the better news: it is probably why.
    """
    quarantined = [outcome for outcome in outcomes if isinstance(outcome, Quarantined)]
    if quarantined:
        return _poison(quarantined, [outcome for outcome in outcomes if isinstance(outcome, Cancelled)])
    cancelled = [outcome for outcome in outcomes if isinstance(outcome, Cancelled)]
    if cancelled:
        no_response.attempts = min(cancelled, key=lambda outcome: outcome.task_index).attempts
        no_response.replay = next((replay_command(each.case) for each in cancelled if each.case), "")
        return no_response
    return _unencodables([outcome for outcome in outcomes if isinstance(outcome, Failed)])


def _poison(quarantined: Sequence[Quarantined], cancelled: Sequence[Cancelled]) -> PoisonTask:
    ordered = sorted(quarantined, key=lambda outcome: outcome.task_index)
    first = ordered[0]
    rest = "every other task was done" if len(ordered) == 1 else "every other task but those named below was done"
    if cancelled:
        rest = f"of the others {len(cancelled)} that were begun have no answer either ({cancelled[0].reason})"
    lines = [
        f"task {first.task_index} was alone on a worker that ended, {len(first.attempts)} times, and was set aside; "
        f"{rest} (.partial has the answers, .attempts the attempts):"
    ]
    for attempt in first.attempts:
        lines.append(f"  worker {attempt.worker}: {attempt.cause}: {attempt.detail}")
        lines += [f"    stderr: {line}" for line in attempt.stderr[-LINES_OF_STDERR:]]
    for outcome in ordered[1:]:
        case = f" ({outcome.case})" if outcome.case else ""
        lines.append(f"  likewise task {outcome.task_index}: {outcome.attempts[-1].detail}{case}")
    error = PoisonTask("\n".join(lines))
    error.task_index = first.task_index
    error.task_indexes = tuple(outcome.task_index for outcome in ordered)
    error.attempts = first.attempts
    error.replay = replay_command(first.case)
    return error


def _unencodables(failed: Sequence[Failed]) -> UnencodableTask:
    ordered = sorted(failed, key=lambda outcome: outcome.task_index)
    lines = ["payloads could not be encoded; all other tasks were done (.partial has the answers):"]
    lines += [f"  task {outcome.task_index}: {outcome.error}" for outcome in ordered]
    error = UnencodableTask("\n".join(lines))
    error.task_index = ordered[0].task_index
    error.reasons = {outcome.task_index: str(outcome.error) for outcome in ordered}
    return error
