"""Who gets which task, and which slots are started: the part of the plan that looks at what waits."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from spreadjobs.events import Launch, Order, Send, TaskId
from spreadjobs.ledger import Ledger
from spreadjobs.settings import Settings
from spreadjobs.slots import SlotPhase, SlotState, WorkerState
from spreadjobs.states import State, WorkerMachine

LAUNCHES_A_TURN: Final = 4
"""So few workers are started a turn, so that the first ones work meanwhile."""
WORKLESS_LAUNCHES_A_TURN: Final = 16
"""Those that get no tasks work anyway, but what they write is to be read in time."""


class Dispatch:
    """
    The workers that could be given tasks, and the slots that could be started.

    Args:
        places: The slots, in the order to start them in.
        settings: ``window``, ``dialect`` and ``codec`` decide.
    """

    def __init__(self, places: Sequence[SlotState], settings: Settings) -> None:
        self.slots = len(places)
        """Those that are not given up."""
        self.unstarted = deque(places)
        self._waiting: list[SlotState] = []
        self._settings = settings
        self._hungry: dict[int, WorkerState] = {}
        self._keys: Iterator[int] = itertools.count(1)

    def await_restart(self, place: SlotState) -> None:
        """A slot waits for its next worker."""
        self._waiting.append(place)

    def note(self, worker: WorkerState, now_s: float) -> None:
        """Note whether a worker can be given tasks now."""
        if (
            worker.room() > 0
            and worker.live
            and worker.rest_until_s <= now_s
            and worker.machine.state is not State.EXEC
        ):
            self._hungry[worker.key] = worker
        else:
            self._hungry.pop(worker.key, None)

    def rests(self, worker: WorkerState) -> bool:
        """Whether a worker has room but may not be given tasks yet."""
        return worker.rest_until_s > 0.0 and worker.live and worker.room() > 0 and worker.key not in self._hungry

    def wanted(self, ledger: Ledger) -> int:
        """How many tasks could be handed out now beyond those that wait."""
        return sum([worker.room() for worker in self._hungry.values()]) - ledger.ready

    def hand_out(
        self, ledger: Ledger, workers: Mapping[int, WorkerState], now_s: float, *, to_come: float
    ) -> list[tuple[WorkerState, Order]]:
        """
        Give what waits to the workers that have room.

        Args:
            ledger: The tasks.
            workers: All workers, by key.
            now_s: The clock.
            to_come: How many further tasks todo has, as far as it says; infinity otherwise.
        """
        given: list[tuple[WorkerState, Order]] = []
        if not self._hungry or not ledger.waiting:
            return given
        held = ledger.waiting > ledger.ready
        others = {worker.place.slot.index for worker in workers.values() if worker.live} if held else set()
        hungry = list(self._hungry.values())
        if len(hungry) > 1:  # Where there is little to share, who holds least comes first.
            hungry.sort(key=lambda worker: len(worker.machine.outstanding))
        for served, worker in enumerate(hungry, 1):
            share = worker.room()
            if served < len(hungry):
                share = min(share, max(1, ledger.ready // (len(hungry) - served + 1)))
            if held:
                if worker.machine.outstanding:
                    continue  # A task that must be alone waits: let workers run empty, or it waits for ever.
                share = 1
            elif self.slots > 1 and to_come < math.inf:
                # No request can be taken back, and the next tasks may be long ones: nobody holds more than half of a
                # fair share of what is left, those who are still being started counted in.
                held_most = math.ceil(min(worker.window, (ledger.ready + to_come) / (2 * self.slots)))
                share = min(share, held_most - len(worker.machine.outstanding))
            requests = self._requests(ledger, worker, share, others)
            if requests:
                if worker.busy_since_s is None:
                    worker.busy_since_s = worker.oldest_since_s = worker.measured_from_s = now_s
                worker.sent_s.extend([now_s] * len(requests))
                given.append((worker, Send(worker.key, requests)))
                self.note(worker, now_s)
                if not ledger.waiting:
                    break
        return given

    @staticmethod
    def _requests(ledger: Ledger, worker: WorkerState, share: int, others: set[int]) -> list[tuple[TaskId, object]]:
        if share < 1:
            return []
        alone = not worker.machine.outstanding
        tasks = ledger.take(worker.place.slot.index, share, alone=alone, others=others)
        if not tasks:
            return []
        worker.solo = tasks[0].solo
        requests = ledger.send(tasks)
        worker.machine.requests_sent([task_id for task_id, _ in requests])
        return requests

    @property
    def has_places(self) -> bool:
        """Whether any slot is still to be started, now or later."""
        return bool(self.unstarted or self._waiting)

    def launches_due(self, now_s: float) -> bool:
        """Whether a slot that waited for its next worker may be started now."""
        return any(place.start_at_s <= now_s for place in self._waiting)

    def launch_some(self, now_s: float, *, workless: bool) -> list[tuple[WorkerState, Order]]:
        """
        A worker for each of a few slots that may be started now.

        Args:
            now_s: The clock.
            workless: Whether there are no tasks at all.
        """
        most = WORKLESS_LAUNCHES_A_TURN if workless else LAUNCHES_A_TURN
        due = [place for place in self._waiting if place.start_at_s <= now_s][:most]
        for place in due:
            self._waiting.remove(place)
        while len(due) < most and self.unstarted:
            due.append(self.unstarted.popleft())
        return [self._launch(place) for place in due]

    def _launch(self, place: SlotState) -> tuple[WorkerState, Order]:
        place.phase = SlotPhase.OCCUPIED
        place.incarnations += 1
        name = f"{place.slot.index + 1}.{place.incarnations}"
        settings = self._settings
        machine = WorkerMachine(tagged=settings.dialect == "tagged", number_ids=settings.codec == "json")
        worker = WorkerState(next(self._keys), place, name, machine)
        if isinstance(settings.window, int):
            worker.window = settings.window
        return worker, Launch(worker.key, place.slot.index, name)
