"""Slots and workers as the plan knows them when a worker ends."""

from __future__ import annotations

from spreadjobs.arglists import read_arglists
from spreadjobs.ledger import Ledger
from spreadjobs.slots import SlotPhase, SlotState, WorkerState
from spreadjobs.states import Event, WorkerMachine


def place(*, answered: bool = False) -> SlotState:
    """A slot with a worker."""
    state = SlotState(read_arglists([["worker"]])[0], SlotPhase.OCCUPIED)
    state.ever_answered = answered
    return state


def worker_with(ledger: Ledger, count: int, *, answered: bool) -> WorkerState:
    """A worker that holds so many tasks, of a slot that has answered before or not."""
    machine = WorkerMachine()
    machine.happen(Event.STARTED)
    for index in range(count):
        ledger.add([index])
        [task] = ledger.take(0, 1, alone=True, others=set())
        [(task_id, _)] = ledger.send([task])
        machine.requests_sent([task_id])
    return WorkerState(1, place(answered=answered), "1.1", machine)


def ended(**changes: object) -> WorkerState:
    """A worker that has ended so."""
    worker = WorkerState(1, place(), "1.1", WorkerMachine())
    for name, value in changes.items():
        setattr(worker, name, value)
    return worker
