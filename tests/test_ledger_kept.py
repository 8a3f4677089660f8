"""What the ledger keeps of tasks that have ended, where case files are wanted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from spreadjobs.errors import RemoteException
from spreadjobs.events import TaskId
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Attempt

DIED = Attempt(worker="1.1", cause="died", detail="exit status 1")


def sent_one(*, keep: bool = True) -> tuple[Ledger, TaskId]:
    """A ledger with a task at a worker, and the id of its request."""
    ledger = Ledger(first_task_id=50, max_attempts=1, max_kills=1, keep=keep)
    ledger.add(["payload"])
    [(task_id, _)] = ledger.send(ledger.take(0, 1, alone=True, others=set()))
    if keep:
        ledger.note_sent([task_id], [b"request"])
    return ledger, task_id


ENDS: list[Callable[[Ledger, TaskId], object]] = [
    lambda ledger, task_id: ledger.answered([(task_id, 1)], "1.1"),
    lambda ledger, task_id: ledger.failed(task_id, RemoteException("E", "m"), "1.1"),
    lambda ledger, task_id: ledger.charge(task_id, 0, DIED),
    lambda ledger, task_id: ledger.departed(task_id, DIED),
]


@pytest.mark.parametrize("end", ENDS)
def test_a_task_that_ended_is_kept_with_its_request(end: Callable[[Ledger, TaskId], object]) -> None:
    """Once, and only where it is wanted."""
    ledger, task_id = sent_one()
    end(ledger, task_id)
    [(index, task)] = ledger.take_kept().items()
    assert (index, task.payload, task.sent) == (0, "payload", (50, b"request"))
    assert ledger.take_kept() == {}

    ledger, task_id = sent_one(keep=False)
    end(ledger, task_id)
    assert ledger.take_kept() == {}


def test_a_task_that_was_put_off_is_kept_when_no_worker_is_left() -> None:
    """With the try that nobody was charged with; the outcome itself has no attempts. [JOB-2]"""
    ledger, task_id = sent_one()
    ledger.defer(task_id, DIED)
    ledger.add(["never sent"])
    ledger.cancel_all("no worker is left")

    kept = ledger.take_kept()
    assert list(kept) == [0]
    assert kept[0].ends == (DIED,)
    assert [outcome.attempts for outcome in ledger.take_done()] == [(), ()]


def test_a_request_that_came_back_is_not_noted() -> None:
    """Its task is at no worker under that id any more."""
    ledger, task_id = sent_one()
    ledger.requeue([task_id], solo=False)
    ledger.note_sent([task_id], [b"other"])
    [(again, _)] = ledger.send(ledger.take(0, 1, alone=True, others=set()))
    ledger.note_sent([again], [b"again"])
    ledger.charge(again, 0, DIED)

    assert ledger.take_kept()[0].sent == (again, b"again")
