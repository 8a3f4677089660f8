"""
The plan: what to do next with every worker. Facts and clock readings go in, orders come out; it touches nothing.

In this order in the file: what a fact means (``handle``), how workers end, which limits have run out (``tick``), and
what to do next. Who gets which task: ``dispatch.py``; what a worker's end means for tasks and slot: ``endings.py``.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Sequence
from typing import assert_never

from spreadjobs import endings
from spreadjobs.arglists import Slot
from spreadjobs.dispatch import Dispatch
from spreadjobs.errors import CannotEncode
from spreadjobs.events import (
    Came,
    CloseStdin,
    Discard,
    Evidence,
    Exited,
    Fact,
    Kill,
    NotStarted,
    Order,
    Say,
    Started,
    StdinBroken,
    StdoutEnded,
    Terminate,
    Unencodable,
)
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Cause, WorkerReport
from spreadjobs.reception import Reception
from spreadjobs.settings import Settings
from spreadjobs.slots import BACKLOG, SlotPhase, SlotState, WorkerPhase, WorkerState
from spreadjobs.states import Event, State


class Plan:
    """
    The slots, their workers and the tasks of the current run.

    Args:
        slots: What to start, in the order to start it in.
        settings: The rules.
        ledger: The tasks of the first run.
        draw: Gives the random factor of a delay. See ``backoff.busy_delay_s`` and ``backoff.restart_delay_s``.
        last_words: Gives the last stderr lines of a worker, by its key.
        evidence: Gives what the pipes of a worker show, by its key.
    """

    def __init__(  # noqa: PLR0913 - what it decides by, each given by name
        self,
        slots: Sequence[Slot],
        settings: Settings,
        ledger: Ledger,
        *,
        draw: Callable[[], float],
        last_words: Callable[[int], Sequence[str]],
        evidence: Callable[[int], Evidence],
    ) -> None:
        self.places = [SlotState(slot) for slot in slots]
        self.ledger = ledger
        self.workers: dict[int, WorkerState] = {}
        self.reports: list[WorkerReport] = []
        self.exhausted = False
        """Whether all of todo was taken."""
        self.to_come = math.inf
        """How many further elements todo has, where it says so."""
        self.workless = False
        """No task was or will be sent: every slot is started once, and its stdin closed at once. Spec CMD-1."""
        self.command = False
        """Nor any preparation: command mode. Spec CMD-3."""
        self.closing = False
        self.settings = settings
        self.evidence = evidence
        self._reception = Reception(self.places, settings, draw, last_words)
        self._draw = draw
        self._last_words = last_words
        self._dispatch = Dispatch(self.places, settings)
        self._limited = settings.task_timeout_s is not None or settings.start_timeout_s is not None
        self._alarms: list[tuple[float, int, WorkerState | None]] = []
        self._counter = itertools.count()

    def note_ready(self, count: int) -> None:
        """So many workers have written something: the facts about all of them follow."""
        self._reception.backlog = count >= BACKLOG

    # --- what a fact means

    def handle(self, key: int, fact: Fact, now_s: float) -> Sequence[Order]:
        """
        Take notice of what happened to a worker.

        Args:
            key: The worker, as its Launch named it.
            fact: What happened.
            now_s: The clock.

        Returns:
            What to do now, in this order.
        """
        worker = self.workers[key]
        match fact:
            case Came():
                orders = self._came(worker, fact, now_s)
            case Started():
                orders = self._started(worker, now_s)
            case NotStarted():
                return self._not_started(worker, fact, now_s)
            case StdinBroken():
                worker.takes_more, worker.since_s = False, now_s
                orders = [CloseStdin(key)]
            case StdoutEnded():
                worker.stdout_ended, worker.inside_message = True, fact.inside_message
                orders = self._way_out(worker, now_s)
            case Exited():
                worker.exit = fact.exit
                orders = self._way_out(worker, now_s)
            case Unencodable():
                del worker.sent_s[worker.machine.request_unsent(fact.task_id)]
                self.ledger.unsendable(fact.task_id, CannotEncode(fact.reason))
                worker.note_idle(now_s)
                orders = []
            case _:
                assert_never(fact)
        self._dispatch.note(worker, now_s)
        self._arm(worker)
        return orders

    def _started(self, worker: WorkerState, now_s: float) -> list[Order]:
        worker.machine.happen(Event.STARTED)
        worker.place.ever_started = True
        if not self.closing:
            return []
        if worker.phase in (WorkerPhase.LIVE, WorkerPhase.CLOSING):
            return self._close(worker, now_s, hurried=worker.hurried)
        worker.phase, worker.since_s = WorkerPhase.KILLED, now_s  # Its end was ordered before it began.
        return [CloseStdin(worker.key), Kill(worker.key)]

    def _not_started(self, worker: WorkerState, fact: NotStarted, now_s: float) -> Sequence[Order]:
        worker.machine.happen(Event.START_FAILED)
        worker.phase = WorkerPhase.ENDED
        del self.workers[worker.key]
        endings.not_started(worker.place, self.settings, fact, now_s, factor=self._draw())
        self._await_restart(worker.place)
        self.reports.append(endings.report(worker, fact.reason, (), now_s))
        return [Say(f"{worker.name}: {fact.reason}", warning=True)]

    def _came(self, worker: WorkerState, fact: Came, now_s: float) -> list[Order]:
        if worker.phase not in (WorkerPhase.LIVE, WorkerPhase.CLOSING) or worker.fault is not None:
            return []  # It is being ended for cause: nothing that it says counts any more.
        orders, violation = self._reception.take(worker, fact, self.ledger, now_s)
        if violation is not None:
            cause: Cause = "refused answer" if fact.refused else "violation"
            orders += self._end_for(worker, cause, str(violation), now_s, at_once=True)
        return orders

    # --- how workers end

    def _way_out(self, worker: WorkerState, now_s: float) -> list[Order]:
        """Its process has ended or its output has: it is over when both have, within a limit."""
        if worker.exit is not None and worker.stdout_ended:
            return self._ended(worker, now_s)
        worker.since_s = now_s
        return []

    def _ended(self, worker: WorkerState, now_s: float) -> list[Order]:
        """Nothing more can come from a worker: blame, restart or not, report, and let go of it."""
        by_order = worker.phase is not WorkerPhase.LIVE and worker.fault is None
        if worker.exit is not None and not worker.stdout_ended:
            worker.held_by = self.evidence(worker.key).holders
        cause, why = endings.natural_end(worker, self.settings)
        text_due = worker.machine.state is State.SHUTDOWN and not worker.machine.outstanding
        stderr = self._last_words(worker.key)
        worker.place.last_words = stderr
        self._free(worker, cause, why, now_s)
        place = worker.place
        if by_order:
            place.phase, place.why = SlotPhase.UNSTARTED, why
            if not self.workless:
                self._dispatch.unstarted.append(place)  # A further run starts it again.
        else:
            end = endings.End(cause, why, worker.held_at_end)
            endings.settle(place, self.settings, end, now_s, factor=self._draw())
            self._await_restart(place)
        worker.phase = WorkerPhase.ENDED
        if worker.machine.state is not State.ENDED:
            worker.machine.happen(Event.START_FAILED if worker.machine.state is State.EXEC else Event.EXITED)
        del self.workers[worker.key]
        self.reports.append(endings.report(worker, why, stderr, now_s))
        orders: list[Order] = [Discard(worker.key, text_due=text_due)]
        if not by_order:
            fate = " and is given up" if place.phase is SlotPhase.GONE else ""
            # A departure is no fault, but nobody would know why a run ends whose workers have all left.
            orders.append(Say(f"{worker.name}: {why}{fate}", warning=cause != "departed" or self.lost))
        return orders

    def _free(self, worker: WorkerState, cause: Cause, why: str, now_s: float) -> None:
        """Take its tasks from it, once."""
        if worker.machine.outstanding:
            stderr = self._last_words(worker.key)
            worker.held_at_end = endings.release(worker, self.ledger, cause, why, stderr)
            worker.sent_s.clear()
        worker.note_idle(now_s)

    def _end_for(self, worker: WorkerState, cause: Cause, why: str, now_s: float, *, at_once: bool) -> list[Order]:
        """End a worker for cause; its tasks go to others now, its slot waits until the process is gone."""
        worker.fault = (cause, why)
        worker.machine.happen(Event.TIME_LIMIT if cause == "timed out" else Event.BYTES_UNDUE)
        self._free(worker, cause, why, now_s)
        worker.phase = WorkerPhase.KILLED if at_once else WorkerPhase.TERMINATED
        worker.since_s = now_s
        return [Kill(worker.key) if at_once else Terminate(worker.key)]

    def _await_restart(self, place: SlotState) -> None:
        if place.phase is SlotPhase.WAITING:
            self._dispatch.await_restart(place)
            heapq.heappush(self._alarms, (place.start_at_s, next(self._counter), None))
        elif place.phase is SlotPhase.GONE:
            self._dispatch.slots -= 1

    def _close(self, worker: WorkerState, now_s: float, *, hurried: bool) -> list[Order]:
        worker.phase, worker.since_s, worker.hurried = WorkerPhase.CLOSING, now_s, hurried
        if worker.machine.state in (State.PREPARATION, State.RUNNING):
            worker.machine.happen(Event.STDIN_CLOSED)
        return [CloseStdin(worker.key)]

    def finish(self, now_s: float, *, hurried: bool = False) -> Sequence[Order]:
        """
        No more tasks are to come: close every worker's standard input. Spec SHUT-1.

        Args:
            now_s: The clock.
            hurried: The run was stopped: TERM follows after ``GRACE_S``.
        """
        self.closing = True
        self.workless = self.workless and not hurried  # What is stopped starts nothing more.
        orders: list[Order] = []
        for worker in self.workers.values():
            if worker.phase is WorkerPhase.LIVE:
                # What it still holds belongs to a run that was left early: nobody waits for that.
                orders += self._close(worker, now_s, hurried=hurried or bool(worker.machine.outstanding))
            worker.hurried = worker.hurried or hurried
            self._dispatch.note(worker, now_s)
            self._arm(worker)
        return orders

    def abort(self, now_s: float) -> Sequence[Order]:
        """End every worker now: end of standard input and TERM at once, KILL after ``GRACE_S``."""
        for worker in [worker for worker in self.workers.values() if worker.machine.state is State.EXEC]:
            worker.phase = WorkerPhase.ENDED
            del self.workers[worker.key]  # The exception came before its Launch was carried out.
        orders = list(self.finish(now_s, hurried=True))
        for worker in self.workers.values():
            if worker.phase is WorkerPhase.CLOSING:
                worker.phase, worker.since_s = WorkerPhase.TERMINATED, now_s
                orders.append(Terminate(worker.key))
                self._arm(worker)
        return orders

    # --- which limits have run out

    def wake_s(self) -> float:
        """When ``tick`` has something to look at next; infinity if nothing is waited for."""
        return self._alarms[0][0] if self._alarms else math.inf

    def _arm(self, worker: WorkerState) -> None:
        """See to it that ``tick`` looks at a worker when its next limit runs out."""
        if worker.phase is WorkerPhase.ENDED or (not self._limited and not worker.rest_until_s and worker.live):
            return
        due_s = worker.deadline_s(self.settings, command=self.command)
        if self._dispatch.rests(worker):
            due_s = min(due_s, worker.rest_until_s)
        if due_s < worker.alarm_s:
            worker.alarm_s = due_s
            heapq.heappush(self._alarms, (due_s, next(self._counter), worker))

    def tick(self, now_s: float) -> Sequence[Order]:
        """Look at every limit that is due by now. Call it when everything that could be read was read."""
        orders: list[Order] = []
        while self._alarms and self._alarms[0][0] <= now_s:
            due_s, _, worker = heapq.heappop(self._alarms)
            if worker is None or worker.phase is WorkerPhase.ENDED or due_s != worker.alarm_s:
                continue
            worker.alarm_s = math.inf
            if worker.deadline_s(self.settings, command=self.command) <= now_s:
                orders += self._limit(worker, now_s)
            self._dispatch.note(worker, now_s)
            self._arm(worker)
        return orders

    def _limit(self, worker: WorkerState, now_s: float) -> list[Order]:
        """A limit of a worker has run out: the next rung of the ladder."""
        if worker.phase is WorkerPhase.KILLED or worker.killing:
            return self._ended(worker, now_s)
        evidence = self.evidence(worker.key)
        if worker.exit is not None or worker.phase is WorkerPhase.TERMINATED:
            worker.held_by = evidence.holders if worker.exit is not None else None
            worker.killing, worker.since_s = True, now_s
            return [Kill(worker.key)]
        if worker.phase is WorkerPhase.CLOSING:
            worker.late = endings.overstayed(worker, evidence, now_s)
            worker.phase, worker.since_s = WorkerPhase.TERMINATED, now_s
            return [Terminate(worker.key), Say(f"{worker.name}: {worker.late}", warning=not worker.hurried)]
        cause, why = endings.overdue(worker, self.settings, evidence, now_s)
        return self._end_for(worker, cause, why, now_s, at_once=False)

    # --- what to do next

    def excuse(self, pause_s: float) -> None:
        """The master was busy elsewhere, in the caller's code: that time counts against no worker."""
        for worker in self.workers.values():
            worker.excuse(pause_s)

    def begin(self, ledger: Ledger) -> None:
        """A further run with the same slots."""
        self.ledger = ledger
        self.exhausted = self.closing = False
        self.to_come = math.inf
        if self.settings.window == "auto":
            for worker in self.workers.values():
                worker.forget_pace()

    @property
    def lost(self) -> bool:
        """Whether no slot has a worker or will have one."""
        return self._dispatch.slots == 0

    @property
    def over(self) -> bool:
        """Whether no worker is left, and none is to be started."""
        return not self.workers and not (self.workless and self._dispatch.has_places)

    @property
    def eager(self) -> bool:
        """Whether more workers are to be started in the next turn."""
        return bool(self._dispatch.unstarted) and self._starts_workers

    @property
    def _starts_workers(self) -> bool:
        return self.workless or not (self.closing or (self.exhausted and not self.ledger.waiting))

    def wanted(self) -> int:
        """How many tasks could be handed out now beyond those that wait."""
        return self._dispatch.wanted(self.ledger)

    def dispatch(self, now_s: float) -> Sequence[Order]:
        """Start workers where work waits for them, and hand out what waits."""
        orders: list[Order] = []
        if self._dispatch.has_places and self._starts_workers:
            for worker, order in self._dispatch.launch_some(now_s, workless=self.workless):
                self.workers[worker.key] = worker
                orders.append(order)
            if self._dispatch.launches_due(now_s):
                heapq.heappush(self._alarms, (now_s, next(self._counter), None))  # The others: in the next turn.
        if not self.closing:
            to_come = 0 if self.exhausted else self.to_come
            for worker, order in self._dispatch.hand_out(self.ledger, self.workers, now_s, to_come=to_come):
                self._arm(worker)
                orders.append(order)
        return orders
