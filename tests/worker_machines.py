"""A worker's state machine that was sent some requests, and what messages are to it."""

from __future__ import annotations

from collections.abc import Sequence

from spreadjobs.errors import WorkerViolation
from spreadjobs.events import Answer, Answers, Response, TaskId
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
    return one_by_one(responses)


def one_by_one(responses: Sequence[Answers | Response]) -> list[Response]:
    """Responses, with answers that came in a row as one each."""
    single: list[Response] = []
    for response in responses:
        if isinstance(response, Answers):
            single += [Answer(task_id, value, (), ()) for task_id, value in response.pairs]
        else:
            single.append(response)
    return single
