"""What the plan knows of each slot and each worker, and the time limits that hold for a worker. Times are given."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from enum import Enum
from typing import Final

import attrs

from spreadjobs.arglists import Slot
from spreadjobs.backoff import START_USEFULNESS, next_usefulness
from spreadjobs.events import Exit
from spreadjobs.outcomes import Cause
from spreadjobs.settings import Settings
from spreadjobs.states import WorkerMachine

GRACE_S: Final = 1.0
"""Seconds between the rungs of the ladder: EOF (where a run was stopped), TERM, KILL, closing the pipes."""
LINGER_S: Final = 5.0
"""Seconds that a worker may live on after it closed its standard output by itself. Spec RUN-13."""
QUEUED_WORK_S: Final = 0.001
"""``window="auto"``: so much measured work is queued at a worker, and never more than ``LARGEST_WINDOW`` requests."""
BACKLOG: Final = 4
"""So many workers have written something at once, and it seems that they wait for the master or for a core."""
BACKLOG_WORK_S: Final = 0.02
"""
As ``QUEUED_WORK_S`` while there is a backlog. An answer takes long then because it waits, not because its task does,
and only more requests a write make that shorter: with noop tasks on 2 cores, 50 workers did a quarter of what 2 did.
"""
LARGEST_WINDOW: Final = 128
REFILL_SHARE: Final = 4
"""A worker is sent more when one part in so many of its window is free: one write carries many requests."""
SHORT_TASK_S: Final = 0.005
"""A task longer than this brings an automatic window back to 1 at once: long tasks do not queue behind each other."""


class SlotPhase(Enum):
    """Where a slot is."""

    UNSTARTED = "unstarted"
    WAITING = "waiting to be started again"
    OCCUPIED = "has a worker"
    GONE = "given up"


class WorkerPhase(Enum):
    """How far a worker is on its way out."""

    LIVE = "live"
    CLOSING = "its stdin is closed"
    TERMINATED = "was sent TERM"
    KILLED = "was sent KILL"
    ENDED = "ended"


@attrs.define(eq=False)
class SlotState:
    """One place for a worker: an argument list, and what became of the workers started from it."""

    slot: Slot
    phase: SlotPhase = SlotPhase.UNSTARTED
    incarnations: int = 0
    start_at_s: float = 0.0
    """When a waiting slot may be started again."""
    ever_started: bool = False
    ever_answered: bool = False
    ends: int = 0
    """Ends since its last answer, but for kills; sets the delay of the next start."""
    counted_ends: int = 0
    """Those of them that count against the slot."""
    kills: int = 0
    """Those that would, but for a signal from outside. Spec JOB-5."""
    violations: int = 0
    usefulness: float = START_USEFULNESS
    last_words: Sequence[str] = ()
    """The last stderr lines of its last worker."""
    cause: Cause | None = None
    why: str = "never started"
    """Why its last worker ended, or could not be started."""


@attrs.define(eq=False)
class WorkerState:
    """One worker process."""

    key: int
    place: SlotState
    name: str
    machine: WorkerMachine
    phase: WorkerPhase = WorkerPhase.LIVE
    since_s: float = 0.0
    """When its phase began, or its last byte came in it: limits count from here."""
    oldest_since_s: float = 0.0
    """When its oldest unanswered request became that, or said Alive."""
    sent_s: deque[float] = attrs.field(factory=deque)
    """When each of its unanswered requests was sent."""
    measured_from_s: float = 0.0
    """When the work that its next answers will be measured by began."""
    excused_s: float = 0.0
    """Seconds during which the master did not look at it."""
    busy_since_s: float | None = None
    busy_s: float = 0.0
    rest_until_s: float = 0.0
    window: int = 1
    solo: bool = False
    """It holds a task that was sent alone: nothing is sent along."""
    hurried: bool = False
    """The run was stopped: its time to end is ``GRACE_S``."""
    answered: int = 0
    takes_more: bool = True
    """False once it closed its standard input."""
    exit: Exit | None = None
    stdout_ended: bool = False
    inside_message: bool = False
    held_at_end: int = 0
    """How many requests it held when its tasks were taken from it."""
    late: str = ""
    """What it did in shutdown instead of ending."""
    held_by: Sequence[str] | None = None
    """Who held its standard output when its process had ended, if anybody did."""
    killing: bool = False
    """What is left of its group was sent KILL; after one more limit nothing is waited for."""
    fault: tuple[Cause, str] | None = None
    """What the master ended it for."""
    alarm_s: float = math.inf
    """When the plan looks at its limits next."""

    @property
    def live(self) -> bool:
        """Whether it can be given tasks, now or after a rest."""
        return self.phase is WorkerPhase.LIVE and self.exit is None and not self.stdout_ended and self.takes_more

    def room(self) -> int:
        """How many further requests it may be sent."""
        free = 0 if self.solo else self.window - len(self.machine.outstanding)
        return free if free * REFILL_SHARE >= self.window else 0

    def held_s(self, now_s: float) -> float:
        """Seconds during which it held a task."""
        return self.busy_s + (0.0 if self.busy_since_s is None else now_s - self.busy_since_s)

    def deadline_s(self, settings: Settings, *, command: bool) -> float:
        """When the next limit of this worker runs out; infinity if none holds."""
        if self.exit is not None or self.phase in (WorkerPhase.TERMINATED, WorkerPhase.KILLED):
            return self.since_s + GRACE_S
        if self.phase is WorkerPhase.CLOSING or not self.takes_more:
            limit_s = settings.command_timeout_s if command else settings.shutdown_timeout_s
            if self.hurried:
                limit_s = GRACE_S
            deadline_s = math.inf if limit_s is None else self.since_s + limit_s
            return deadline_s if self.phase is WorkerPhase.CLOSING else min(deadline_s, self.task_deadline_s(settings))
        if self.stdout_ended:
            return self.since_s + LINGER_S
        return self.task_deadline_s(settings)

    def task_deadline_s(self, settings: Settings) -> float:
        """When the limit of the oldest unanswered request, or of the first answer, runs out."""
        if settings.start_timeout_s is not None and not self.answered:
            return self.start_deadline_s(settings)
        if self.machine.outstanding and settings.task_timeout_s is not None:
            return self.oldest_since_s + settings.task_timeout_s
        return math.inf

    def start_deadline_s(self, settings: Settings) -> float:
        """When a worker that was sent its first request should have answered one; infinity after that."""
        if settings.start_timeout_s is None or self.answered or self.busy_since_s is None:
            return math.inf
        return self.busy_since_s + settings.start_timeout_s + self.excused_s

    def excuse(self, pause_s: float) -> None:
        """The master did not look at it for so long: none of that counts against it."""
        self.since_s += pause_s
        self.oldest_since_s += pause_s
        self.measured_from_s += pause_s
        self.excused_s += pause_s

    def note_idle(self, now_s: float) -> None:
        """If it holds nothing, it is not busy, and may get any task again."""
        if not self.machine.outstanding:
            self.solo = False
            self.busy_s = self.held_s(now_s)
            self.busy_since_s = None

    def did(self, tasks: int) -> None:
        """It answered so many tasks, or said what they raised: it is useful, and so is its slot."""
        if not tasks:
            return
        place = self.place
        self.answered += tasks
        place.ever_answered, place.ends, place.counted_ends, place.kills = True, 0, 0, 0
        for _ in range(tasks):
            if place.usefulness == START_USEFULNESS:
                break  # It stays there.
            place.usefulness = next_usefulness(place.usefulness, "answered")

    def forget_pace(self) -> None:
        """Other tasks are to come, and nobody knows yet how long those take: nothing is sent ahead at first."""
        self.window = 1

    def measured(self, answers: int, took_s: float, *, backlog: bool) -> None:
        """
        Adapt an automatic window to the time that a read's answers took.

        Args:
            answers: How many, 1 or more.
            took_s: How long, seconds.
            backlog: Whether those of several other workers came with them.
        """
        task_s = took_s / answers
        queued_s = BACKLOG_WORK_S if backlog else QUEUED_WORK_S
        if task_s > max(SHORT_TASK_S, queued_s):
            self.window = 1
        else:
            wanted = 1 + int(queued_s / max(task_s, 1e-6))
            # It shrinks by half for each answer: perhaps others had the core meanwhile. If tasks have become long, it
            # is small before as much of what was sent ahead has come back that more could be sent.
            self.window = max(self.window >> answers, min(LARGEST_WINDOW, wanted, self.window * 2))
