"""A worker's state machine that was sent some requests, and what messages are to it."""

from __future__ import annotations

from spreadjobs.errors import WorkerViolation
from spreadjobs.events import Response, TaskId
from spreadjobs.states import Event, WorkerMachine


def machine(*task_ids: int, tagged: bool = True, number_ids: bool = False) -> WorkerMachine:
    """A worker to which these requests were sent."""
    worker = WorkerMachine(tagged=tagged, number_ids=number_ids)
    worker.happen(Event.STARTED)
    for task_id in task_ids:
        worker.requests_sent([TaskId(task_id)])
    return worker


def refuse(worker: WorkerMachine, *messages: object) -> WorkerViolation:
    """The violation that these messages end with."""
    violation = worker.receive(messages)[2]
    assert violation is not None
    return violation


def take(worker: WorkerMachine, *messages: object) -> list[Response]:
    """The responses that these messages are."""
    responses, _, violation = worker.receive(messages)
    assert violation is None
    return responses
