"""What responses mean: for the tasks, for the worker's usefulness and rest, and for what the user is shown."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import assert_never

from spreadjobs import backoff
from spreadjobs.abridge import captured_comment
from spreadjobs.errors import RemoteException, WorkerViolation
from spreadjobs.events import Answer, Answers, Came, Failure, Order, Refusal, Say, Show, Took
from spreadjobs.ledger import Ledger
from spreadjobs.settings import Settings
from spreadjobs.slots import SlotPhase, SlotState, WorkerState
from spreadjobs.states import State
from spreadjobs.tasks import Task


class Reception:
    """
    Takes what workers send.

    Args:
        places: All slots; how long a refusing worker rests depends on the usefulness of all.
        settings: ``window`` and ``dialect`` decide whether the window adapts.
        draw: Gives the random factor of a refusal's delay. See ``backoff.busy_delay_s``.
        last_words: Gives the last stderr lines of a worker, by its key.
    """

    def __init__(
        self,
        places: Sequence[SlotState],
        settings: Settings,
        draw: Callable[[], float],
        last_words: Callable[[int], Sequence[str]],
    ) -> None:
        self._places = places
        self._adapts = settings.window == "auto" and settings.dialect == "tagged"
        self._draw = draw
        self._last_words = last_words
        self.backlog = False
        """Whether several workers have written something by now."""

    def take(
        self, worker: WorkerState, fact: Came, ledger: Ledger, now_s: float
    ) -> tuple[list[Order], WorkerViolation | None]:
        """
        Take one read from a worker.

        Args:
            worker: It counts what it says.
            fact: What came.
            ledger: The tasks.
            now_s: The clock.

        Returns:
            What to do about the responses, and the violation that came after them, if one did. Spec VIO-2.
        """
        orders: list[Order] = []
        unanswered = len(worker.machine.outstanding)
        responses, alive, violation = worker.machine.receive(fact.messages)
        took: list[float] = []
        for response in responses:
            if isinstance(response, Answers):
                sent_s = [worker.sent_s.popleft() for _ in response.pairs]
                tasks = ledger.answered(response.pairs, worker.name)
                worker.did(len(tasks))
                took += sent_s if None not in tasks else itertools.compress(sent_s, tasks)
            else:
                self._respond(worker, response, ledger, now_s, took, orders)
        if took:
            orders.append(Took(took, now_s))
        if responses and self._adapts:
            answered = unanswered - len(worker.machine.outstanding)
            worker.measured(answered, now_s - worker.measured_from_s, backlog=self.backlog)
        if responses:
            worker.measured_from_s = now_s
        if responses or alive:
            worker.oldest_since_s = now_s
        if (responses or not alive) and not worker.hurried:
            worker.since_s = (
                now_s  # In shutdown the limit counts from its last byte; Alive is none. Spec SHUT-3, RUN-12.
            )
        worker.note_idle(now_s)
        if violation is None and fact.undue:
            violation = _undue(worker, fact)
        if violation is not None and not violation.quote and fact.undue:
            violation = WorkerViolation(violation.reason, fact.undue, violation.cure)
        return orders, violation

    def _respond(  # noqa: PLR0913 - it is a part of take()
        self,
        worker: WorkerState,
        response: Answer | Refusal | Failure,
        ledger: Ledger,
        now_s: float,
        took: list[float],
        orders: list[Order],
    ) -> None:
        sent_s = worker.sent_s.popleft()
        task: Task | None
        match response:
            case Answer():
                [task] = ledger.answered([(response.task_id, response.value)], worker.name)
                worker.did(1)
                if task is not None:
                    took.append(sent_s)
            case Refusal():
                task = ledger.refused(response.task_id)
                orders.append(self._rest(worker, response, ledger, now_s - sent_s, now_s))
                worker.place.usefulness = backoff.next_usefulness(worker.place.usefulness, "refused")
            case Failure():
                error = RemoteException(*response.arguments)
                error.out, error.err = response.out, response.err
                error.stderr = tuple(self._last_words(worker.key))
                error.comment = captured_comment(response.out, response.err)
                worker.did(1)
                task = ledger.failed(response.task_id, error, worker.name)
            case _:
                assert_never(response)
        if task is not None and (response.out or response.err):
            orders.append(Show(task.index, response.out, response.err))

    def _rest(self, worker: WorkerState, refusal: Refusal, ledger: Ledger, took_s: float, now_s: float) -> Order:
        """Let a worker rest that refused a task. Spec BUSY-3."""
        total = sum(place.usefulness for place in self._places if place.phase is SlotPhase.OCCUPIED)
        facts = backoff.Refusal(
            asked_s=refusal.delay_s,
            took_s=took_s,
            queued=ledger.waiting,
            all_usefulness=max(total, worker.place.usefulness, 1e-9),
            usefulness=worker.place.usefulness,
        )
        rest_s = backoff.busy_delay_s(facts, factor=self._draw())
        worker.rest_until_s = max(worker.rest_until_s, now_s + rest_s)
        comment = f" for {refusal.comment}" if refusal.comment else ""
        return Say(f"{worker.name}: TooBusy: sleeping {rest_s:.3f} s{comment}")


def _undue(worker: WorkerState, fact: Came) -> WorkerViolation:
    """The violation that undue bytes are, by the state in which they came. Spec VIO-1."""
    if fact.fault:
        reason = fact.fault
    elif worker.machine.state is State.PREPARATION:
        reason = "bytes came before the first request (spec PREP-3)"
    else:
        reason = "bytes came when no request was unanswered (spec WIRE-4)"
    return WorkerViolation(reason, fact.undue, fact.cure)
