"""
One task again, alone, on a worker started as it was: the bytes are those of the case file, the words those of a run.

The machinery is that of the master (plan and loop), with one slot, one try, and an encoder that has nothing to encode.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import attrs

from spreadjobs.arglists import Slot
from spreadjobs.case_file import Case
from spreadjobs.connection import Arguments, Connection, SubprocessConnection
from spreadjobs.console import Console
from spreadjobs.errors import RemoteException
from spreadjobs.ledger import Ledger
from spreadjobs.loop import Loop
from spreadjobs.means import Means
from spreadjobs.outcomes import Answered, Cause, Failed, WorkerReport
from spreadjobs.plan import Plan
from spreadjobs.settings import Allow

_PATIENCE_S: Final = 60.0

Verdict: TypeAlias = Literal["answered", "raised", "too busy", "not started"] | Cause


@attrs.frozen(kw_only=True)
class Command:
    """What to start for a case: the worker of the run, or another one."""

    arguments: Sequence[str]
    env: Mapping[str, str] = attrs.field(repr=False)
    """The whole environment."""
    cwd: str


@attrs.frozen(kw_only=True)
class Replayed:
    """What came of it."""

    verdict: Verdict
    text: str
    """In words, where it was not answered."""
    value: object = None
    """The answer, if it was answered."""
    error: RemoteException | None = None
    """What the task raised, if it did."""
    report: WorkerReport
    """How the worker ended."""

    def same_as(self, case: Case) -> bool:
        """Whether it is the failure of the case: the same exception type, or one of the same ends."""
        if self.error is not None:
            return case.failure.kind == "raised" and self.error.type_name == case.failure.type_name
        how = (self.report.status, self.report.signal)
        return any(
            each.cause == self.verdict and (each.cause != "died" or (each.status, each.signal) == how)
            for each in case.failure.attempts
        )


class _Quiet(Console):
    """It shows what the worker writes; what is to be said of its end is in the result."""

    def say(self, text: str, *, warning: bool = False) -> None:
        """Nothing."""


class _Recorded:
    """An encoder for one request, which was encoded long ago."""

    def __init__(self, request: bytes) -> None:
        self._request = request

    def encode(self, _message: object, /) -> bytes:
        """What was sent in the run."""
        return self._request


def replay(case: Case, command: Command, *, allow: Allow = (), timeout_s: float | None = None) -> Replayed:
    """
    Start a worker, send it preparation and request of a case, take its response, and end it.

    What the worker writes on stderr is passed on, and what the task prints is shown, as in a run.

    Args:
        case: What to send, and by which settings.
        command: What to start.
        allow: What may come out of the worker's pickles, as ``Settings.allow``; the case itself admits nothing.
        timeout_s: Seconds that the response may take, infinity for no limit; None: the limits of the run.

    Raises:
        ValueError: a setting is out of its range.
    """
    settings = attrs.evolve(
        case.settings,
        window=1,
        max_attempts=1,
        max_kills=1,
        restarts=1,
        replace_departed=False,
        allow=allow,
    )
    if timeout_s is not None:
        limit_s = None if timeout_s == math.inf else timeout_s
        settings = attrs.evolve(settings, task_timeout_s=limit_s, start_timeout_s=None)

    def start(_arguments: Arguments) -> Connection:
        return SubprocessConnection(Arguments(command.arguments, env=command.env, cwd=command.cwd))

    console = _Quiet()
    slot = Slot(index=0, group=0, arguments=tuple(command.arguments))
    means = Means([slot], settings, start, _Recorded(case.request), case.preparation, console)
    conversation = _Conversation(means, case)
    try:
        return conversation.run()
    finally:
        conversation.loop.close()
        console.close()


class _Conversation:
    """One worker, one task."""

    def __init__(self, means: Means, case: Case) -> None:
        settings = means.settings
        self.ledger = Ledger(first_task_id=case.task_id, max_attempts=1, max_kills=1)
        self.ledger.added = case.task_index  # So the task bears its number.
        self.ledger.add([case.payload])
        last_words: dict[int, Sequence[str]] = {}
        self.plan = Plan(
            means.slots,
            settings,
            self.ledger,
            draw=lambda: 1.0,
            last_words=lambda key: tuple(last_words.get(key, ())),
            evidence=lambda key: self.loop.witness.evidence(key),
        )
        self.plan.exhausted = True
        self.loop = Loop(means, self.plan, last_words)

    def run(self) -> Replayed:
        """Until the response is there, or none can come any more; then until the worker has ended."""
        plan, loop = self.plan, self.loop
        outcome = None
        while outcome is None and not plan.lost and not self._refused:
            loop.hand_out()
            loop.turn(patience_s=_PATIENCE_S)
            outcome = next(iter(self.ledger.take_done()), None)
        refused = self._refused
        place = plan.places[0]
        loop.obey(plan.finish(time.monotonic()))
        while not plan.over:
            loop.hand_out()
            loop.turn(patience_s=_PATIENCE_S)
        report = plan.reports[-1]
        if isinstance(outcome, Answered):
            return Replayed(verdict="answered", text="", value=outcome.value, report=report)
        if isinstance(outcome, Failed) and isinstance(outcome.error, RemoteException):
            error = outcome.error
            return Replayed(verdict="raised", text=f"{error.type_name}: {error.message}", error=error, report=report)
        if refused:
            return Replayed(verdict="too busy", text="it refused the task for now (TooBusy)", report=report)
        if not place.ever_started:
            return Replayed(verdict="not started", text=place.why, report=report)
        return Replayed(verdict=place.cause or "departed", text=place.why, report=report)

    @property
    def _refused(self) -> bool:
        return any(worker.rest_until_s for worker in self.plan.workers.values())
