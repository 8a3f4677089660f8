"""
The ledger: which tasks there are, which wait, which are at a worker, and how each ended. No input, no output, no clock.

Spec JOB-1: every task of a run ends exactly once. All changes of a task go through this file, checked by request id:
an answer to a request that is no longer at a worker changes nothing.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from spreadjobs.errors import RemoteException
from spreadjobs.events import TaskId
from spreadjobs.outcomes import Answered, Attempt, Cancelled, Failed, Outcome, Quarantined
from spreadjobs.settings import MAX_TASK_ID
from spreadjobs.tasks import Task


class Ledger:
    """
    The tasks of one run.

    Args:
        first_task_id: Id of the first request; later ones count up from it. Spec RUN-2.
        max_attempts: Charges after which a task is quarantined. Spec JOB-3.
        max_kills: Ends by a signal from outside after which it is. Spec JOB-5.
        keep: Whether to keep what ended, with its last request, for ``take_kept``.
    """

    def __init__(self, *, first_task_id: int, max_attempts: int, max_kills: int, keep: bool = False) -> None:
        self._next_id = first_task_id
        self._max_attempts = max_attempts
        self._max_kills = max_kills
        self._ready: deque[Task] = deque()
        self._held: list[Task] = []
        self._at_workers: dict[TaskId, Task] = {}
        self._done: list[Outcome[object]] = []
        self.added = 0
        """Tasks taken from todo so far."""
        self.raised: int | None = None
        """The first task in todo that raised, of those that have."""
        self.quarantined: list[Quarantined] = []
        self.unencodable: list[Failed] = []
        self.keeps = keep
        self._kept: dict[int, Task] = {}
        self._deferred: dict[int, Attempt] = {}

    # --- what waits

    def add(self, payloads: Sequence[object]) -> None:
        """Take further elements of todo."""
        self._ready.extend(map(Task, itertools.count(self.added), payloads))
        self.added += len(payloads)

    def add_recalled(self, payloads: Sequence[object], answers: Mapping[int, object], by: str) -> None:
        """
        Take further elements of todo, some of which were answered in an earlier run: these have ended.

        Args:
            payloads: The elements.
            answers: The answers, by index in todo.
            by: What stands for the worker that gave them.
        """
        for index, payload in enumerate(payloads, self.added):
            if index in answers:
                self._done.append(Answered(index, answers[index], by))
            else:
                self._ready.append(Task(index, payload))
        self.added += len(payloads)

    @property
    def waiting(self) -> int:
        """Tasks that are at no worker and have not ended."""
        return len(self._ready) + len(self._held)

    @property
    def ready(self) -> int:
        """Waiting tasks that any worker may have."""
        return len(self._ready)

    @property
    def unfinished(self) -> int:
        """Tasks that were added and have not ended."""
        return self.waiting + len(self._at_workers)

    def take(self, slot: int, most: int, *, alone: bool, others: set[int]) -> list[Task]:
        """
        The next tasks for a worker: one that is sent alone, or so many others; none if there is none that it may have.

        Args:
            slot: The worker's slot.
            most: So many at the most, 1 or more.
            alone: Whether the worker holds nothing now: only then it may get a task that is sent alone.
            others: Slots with a live worker; a charged task waits for one on which it has not failed, if there is one.
        """
        ready = self._ready
        if alone and self._held:
            for position, task in enumerate(self._held):
                if ready and ready[0].index < task.after:
                    continue
                if slot in task.failed_on and not others <= task.failed_on:
                    continue
                return [self._held.pop(position)]
        return [ready.popleft() for _ in range(min(most, len(ready)))]

    def send(self, tasks: Sequence[Task]) -> list[tuple[TaskId, object]]:
        """Note that tasks go to a worker; gives the requests, each with an id that was never used before in the run."""
        first, self._next_id = self._next_id, self._next_id + len(tasks)
        task_ids: Sequence[int] = range(first, self._next_id)
        if self._next_id > MAX_TASK_ID:
            task_ids = [task_id % (MAX_TASK_ID + 1) for task_id in task_ids]
            self._next_id %= MAX_TASK_ID + 1
        requests = [(TaskId(task_id), task.payload) for task_id, task in zip(task_ids, tasks, strict=True)]
        self._at_workers.update(zip(map(TaskId, task_ids), tasks, strict=True))
        return requests

    def next_task_id(self) -> int:
        """The id that the next request will bear: a further run of the same workers goes on from it."""
        return self._next_id

    def task(self, task_id: TaskId) -> Task | None:
        """The task of a request that is at a worker, or None."""
        return self._at_workers.get(task_id)

    # --- how requests come back

    def answered(self, pairs: Sequence[tuple[TaskId, object]], worker: str) -> list[Task | None]:
        """Answers: each task has ended, unless it is no longer at a worker under this id; then there is None for it."""
        tasks = [self._at_workers.pop(task_id, None) for task_id, _ in pairs]
        self._done += [
            Answered(task.index, value, worker, task.attempts)
            for task, (_, value) in zip(tasks, pairs, strict=True)
            if task is not None
        ]
        if self.keeps:
            self._kept.update({task.index: task for task in tasks if task is not None})
        return tasks

    def failed(self, task_id: TaskId, error: RemoteException, worker: str) -> Task | None:
        """The task raised: it has ended."""
        task = self._at_workers.pop(task_id, None)
        if task is not None:
            error.task_index, error.worker, error.attempts = task.index, worker, task.attempts
            error.index = f"index={task.index}"
            self._done.append(Failed(task_index=task.index, error=error, worker=worker, attempts=task.attempts))
            self.raised = task.index if self.raised is None else min(self.raised, task.index)
            if self.keeps:
                self._kept[task.index] = task
        return task

    def unsendable(self, task_id: TaskId, error: Exception) -> None:
        """The payload cannot be encoded: the task has ended, no worker saw it."""
        task = self._at_workers.pop(task_id, None)
        if task is not None:
            failed = Failed(task_index=task.index, error=error, attempts=task.attempts)
            self.unencodable.append(failed)
            self._done.append(failed)

    def refused(self, task_id: TaskId) -> Task | None:
        """TooBusy: back to the tail of the queue, uncharged. Spec BUSY-3."""
        task = self._at_workers.pop(task_id, None)
        if task is not None:
            if task.solo:
                self._held.append(task)
            else:
                self._ready.append(task)
        return task

    def requeue(self, task_ids: Sequence[TaskId], *, solo: bool) -> None:
        """
        Put back, uncharged and at the head, what a lost worker held.

        Args:
            task_ids: Its unanswered requests, oldest first.
            solo: True if it held several: nobody knows which one was its end. Spec JOB-2.
        """
        for task_id in reversed(task_ids):
            task = self._at_workers.pop(task_id, None)
            if task is None:
                continue
            task.solo = task.solo or solo
            if task.solo:
                self._held.insert(0, task)
            else:
                self._ready.appendleft(task)

    def defer(self, task_id: TaskId, attempt: Attempt | None = None) -> None:
        """
        Put back, uncharged, the task that was alone on a worker of a slot that has never answered.

        Nobody knows whether the worker is at fault or the task: behind one other task at least, so that it shows.
        """
        task = self._at_workers.pop(task_id, None)
        if task is not None:
            task.after = self.added + 1
            self._held.append(task)
            if self.keeps and attempt is not None:
                self._deferred[task.index] = attempt

    def charge(self, task_id: TaskId, slot: int, attempt: Attempt) -> None:
        """Charge the task that was alone on a worker that ended; it is retried, or quarantined. Spec JOB-2 to JOB-5."""
        task = self._at_workers.pop(task_id, None)
        if task is None:
            return
        task.attempts = (*task.attempts, attempt)
        task.ends = (*task.ends, attempt)
        task.failed_on |= {slot}
        kills = sum(each.cause == "killed" for each in task.attempts)
        self._retry(task, hopeless=kills >= self._max_kills or len(task.attempts) - kills >= self._max_attempts)

    def departed(self, task_id: TaskId, attempt: Attempt) -> None:
        """The worker on which the task was alone left by itself: no charge, but not for ever (it may call exit)."""
        task = self._at_workers.pop(task_id, None)
        if task is None:
            return
        task.departures = (*task.departures, attempt)
        task.ends = (*task.ends, attempt)
        self._retry(task, hopeless=len(task.departures) >= self._max_attempts)

    def _retry(self, task: Task, *, hopeless: bool) -> None:
        if hopeless:
            quarantined = Quarantined(task_index=task.index, attempts=task.ends)
            self.quarantined.append(quarantined)
            self._done.append(quarantined)
            if self.keeps:
                self._kept[task.index] = task
            return
        task.solo = True
        task.after = self.added
        self._held.append(task)

    def cancel_waiting(self, *, behind: int, reason: str) -> None:
        """End every task that is at no worker and comes later in todo than another one."""
        for task in [task for task in (*self._ready, *self._held) if task.index > behind]:
            self._done.append(Cancelled(task_index=task.index, reason=reason, attempts=task.attempts))
        self._ready = deque(task for task in self._ready if task.index <= behind)
        self._held = [task for task in self._held if task.index <= behind]

    def cancel_all(self, reason: str) -> None:
        """End every task that has not ended; answers that still come for them change nothing."""
        rest = [*self._ready, *self._held, *self._at_workers.values()]
        self._ready.clear()
        self._held.clear()
        self._at_workers.clear()
        for task in sorted(rest, key=lambda task: task.index):
            self._done.append(Cancelled(task_index=task.index, reason=reason, attempts=task.ends))
            if self.keeps:
                if task.index in self._deferred:  # It was charged to nobody, but whoever looks for the fault wants it.
                    task.ends = (*task.ends, self._deferred[task.index])
                if task.ends:
                    self._kept[task.index] = task

    def take_done(self) -> list[Outcome[object]]:
        """The outcomes since the last call, in the order of completion."""
        done, self._done = self._done, []
        return done

    # --- what case files are made of

    def note_sent(self, task_ids: Iterable[TaskId], encoded: Iterable[bytes]) -> None:
        """Keep the bytes of requests with their tasks, for as long as those have not ended."""
        for task_id, data in zip(task_ids, encoded, strict=True):
            task = self._at_workers.get(task_id)
            if task is not None:
                task.sent = task_id, data

    def take_kept(self) -> Mapping[int, Task]:
        """The tasks, by index, that since the last call ended in any other way than that nobody had begun with them."""
        kept, self._kept = self._kept, {}
        return kept
