"""The ledger: every task ends exactly once, and who may have which task."""

from __future__ import annotations

from spreadjobs.errors import CannotEncode, RemoteException
from spreadjobs.events import TaskId
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Answered, Attempt, Cancelled, Failed, Outcome, Quarantined
from spreadjobs.settings import MAX_TASK_ID
from spreadjobs.tasks import Task

DIED = Attempt(worker="1.1", cause="died", detail="exit status 1")
KILLED = Attempt(worker="1.1", cause="killed", detail="killed by SIGKILL")
LEFT = Attempt(worker="1.1", cause="departed", detail="exit status 0")


def ledger_of(count: int, *, max_attempts: int = 3, max_kills: int = 10, first_task_id: int = 100) -> Ledger:
    """A ledger with so many tasks, whose payloads are a, b, c ..."""
    ledger = Ledger(first_task_id=first_task_id, max_attempts=max_attempts, max_kills=max_kills)
    ledger.add("abcdefgh"[:count])
    return ledger


def take(ledger: Ledger, slot: int = 0, *, alone: bool = True, others: tuple[int, ...] = ()) -> Task | None:
    """The next task for this slot; other slots have live workers."""
    return next(iter(ledger.take(slot, 1, alone=alone, others={slot, *others})), None)


def send(ledger: Ledger, slot: int = 0, *, others: tuple[int, ...] = ()) -> TaskId:
    """Send the next task to this slot."""
    task = take(ledger, slot, others=others)
    assert task is not None
    [(task_id, _)] = ledger.send([task])
    return task_id


def waiting(ledger: Ledger) -> list[object]:
    """The payloads that wait, in the order in which one worker would get them, one at a time."""
    payloads = []
    while (task := take(ledger)) is not None:
        payloads.append(task.payload)
    return payloads


def index_of(outcome: Outcome[object]) -> int:
    """The task that an outcome is about."""
    return outcome.task_index


# --- the plain way


def test_tasks_are_taken_in_todo_order() -> None:
    """First come, first served; what was taken and not sent back is at a worker."""
    ledger = ledger_of(3)
    assert (ledger.added, ledger.waiting, ledger.ready, ledger.unfinished) == (3, 3, 3, 3)

    task_id = send(ledger)

    assert (ledger.waiting, ledger.unfinished) == (2, 3)
    task = ledger.task(task_id)
    assert task is not None
    assert (task.index, task.payload) == (0, "a")
    assert waiting(ledger) == ["b", "c"]


def test_ids_count_up_from_the_first() -> None:
    """Each request bears a new id, also that of a task that is sent again. [RUN-2]"""
    ledger = ledger_of(2, first_task_id=7)

    ids = [send(ledger), send(ledger)]
    ledger.requeue(ids, solo=False)
    ids += [send(ledger), send(ledger)]

    assert ids == [7, 8, 9, 10]
    assert ledger.next_task_id() == 11


def test_ids_begin_again_behind_the_greatest() -> None:
    """No task id is beyond 2**53-1. [RUN-2]"""
    ledger = ledger_of(2, first_task_id=MAX_TASK_ID)

    assert [send(ledger), send(ledger)] == [MAX_TASK_ID, 0]


def test_ids_of_tasks_that_are_sent_together_begin_again_behind_the_greatest() -> None:
    """Each of them gets its own id, none beyond 2**53-1, and its answer is that task's. [RUN-2]"""
    ledger = ledger_of(4, first_task_id=MAX_TASK_ID - 1)

    requests = ledger.send(ledger.take(0, 4, alone=True, others={0}))

    assert requests == [(MAX_TASK_ID - 1, "a"), (MAX_TASK_ID, "b"), (0, "c"), (1, "d")]
    assert ledger.next_task_id() == 2
    assert [task and task.payload for task in ledger.answered(requests, "1.1")] == ["a", "b", "c", "d"]


def test_answer_ends_the_task() -> None:
    """An answer is one outcome, handed over once. [JOB-1]"""
    ledger = ledger_of(1)
    task_id = send(ledger)

    [task] = ledger.answered([(task_id, "v")], "1.1")

    assert task is not None
    assert ledger.take_done() == [Answered(task_index=0, value="v", worker="1.1")]
    assert ledger.take_done() == []
    assert ledger.unfinished == 0


def test_failure_ends_the_task_and_knows_where_it_was() -> None:
    """A task that raised is placed: its position, its worker, the attempts before. [ERR-5]"""
    ledger = ledger_of(1)
    ledger.charge(send(ledger), 0, DIED)
    error = RemoteException("ValueError", "bad")

    assert ledger.failed(send(ledger), error, "2.1") is not None

    [outcome] = ledger.take_done()
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.worker, list(outcome.attempts)) == (error, "2.1", [DIED])
    assert (error.task_index, error.worker, error.attempts) == (0, "2.1", (DIED,))


def test_unencodable_payload_ends_the_task() -> None:
    """A payload that cannot be encoded has failed, and no worker saw it."""
    ledger = ledger_of(1)
    error = CannotEncode("a socket")

    ledger.unsendable(send(ledger), error)

    [outcome] = ledger.take_done()
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.worker) == (error, "")
    assert ledger.unencodable == [outcome]


def test_outcomes_come_in_the_order_of_completion() -> None:
    """The ledger hands over what ended first, first."""
    ledger = ledger_of(3)
    ids = [send(ledger) for _ in range(3)]

    for task_id in (ids[2], ids[0], ids[1]):
        ledger.answered([(task_id, None)], "1.1")

    assert [outcome.task_index for outcome in ledger.take_done()] == [2, 0, 1]


def test_what_comes_for_a_request_that_is_no_longer_out_changes_nothing() -> None:
    """A late or doubled response is never taken for another one. [JOB-1]"""
    ledger = ledger_of(1)
    task_id = send(ledger)
    ledger.answered([(task_id, "v")], "1.1")
    ledger.take_done()

    assert ledger.answered([(task_id, "w")], "1.1") == [None]
    assert ledger.failed(task_id, RemoteException(), "1.1") is None
    assert ledger.refused(task_id) is None
    ledger.unsendable(task_id, CannotEncode(""))
    ledger.charge(task_id, 0, DIED)
    ledger.departed(task_id, LEFT)
    ledger.requeue([task_id], solo=True)

    assert ledger.task(task_id) is None
    assert ledger.take_done() == []
    assert ledger.unfinished == 0


def test_answers_to_requests_that_are_gone_are_none_among_others() -> None:
    """Of answers that came together, only those to requests that are at a worker end a task. [JOB-1]"""
    ledger = ledger_of(3)
    ids = [send(ledger), send(ledger), send(ledger)]
    ledger.requeue([ids[1]], solo=False)

    first, second, third = ledger.answered([(task_id, "v") for task_id in ids], "1.1")

    assert (first is None, second is None, third is None) == (False, True, False)
    assert [outcome.task_index for outcome in ledger.take_done()] == [0, 2]
    assert (ledger.waiting, ledger.unfinished) == (1, 1)


def test_the_first_task_in_todo_that_raised_is_known() -> None:
    """Whichever raised first: what comes before it in todo is still finished."""
    ledger = ledger_of(3)
    ids = [send(ledger), send(ledger), send(ledger)]
    assert ledger.raised is None

    ledger.failed(ids[1], RemoteException(), "1.1")
    assert ledger.raised == 1
    ledger.failed(ids[2], RemoteException(), "1.1")
    assert ledger.raised == 1
    ledger.failed(ids[0], RemoteException(), "1.1")
    assert ledger.raised == 0


# --- going back


def test_refused_task_goes_to_the_tail_uncharged() -> None:
    """TooBusy: the others come first, and nothing is charged. [BUSY-3]"""
    ledger = ledger_of(3)

    task = ledger.refused(send(ledger))

    assert task is not None
    assert (task.attempts, task.solo) == ((), False)
    assert waiting(ledger) == ["b", "c", "a"]


def test_refused_solo_task_stays_solo() -> None:
    """A task that is sent alone is still sent alone after a refusal, behind the others that are. [BUSY-3] [JOB-2]"""
    ledger = ledger_of(3)
    ledger.requeue([send(ledger), send(ledger)], solo=True)

    ledger.refused(send(ledger))

    assert (ledger.waiting, ledger.ready) == (3, 1)
    assert waiting(ledger) == ["b", "a", "c"]


def test_task_of_a_lost_worker_goes_to_the_head() -> None:
    """What comes back uncharged is next, in its old order. [JOB-2]"""
    ledger = ledger_of(4)
    ids = [send(ledger), send(ledger)]

    ledger.requeue(ids, solo=False)

    assert ledger.ready == 4
    assert waiting(ledger) == ["a", "b", "c", "d"]


def test_tasks_that_were_lost_together_are_sent_alone() -> None:
    """Several at once: nobody knows which one it was, so each is sent alone from then on. [JOB-2]"""
    ledger = ledger_of(3)
    ledger.requeue([send(ledger), send(ledger)], solo=True)

    assert ledger.ready == 1
    assert take(ledger, alone=False) is not None, "a worker that holds something gets the other one"
    assert take(ledger, alone=False) is None
    first = take(ledger)
    assert first is not None
    assert (first.payload, first.solo, first.attempts) == ("a", True, ())


def test_solo_task_stays_solo_when_its_worker_never_answered() -> None:
    """A task that was lost among others is sent alone, whatever comes back later. [JOB-2]"""
    ledger = ledger_of(2)
    ledger.requeue([send(ledger), send(ledger)], solo=True)

    ledger.requeue([send(ledger)], solo=False)

    assert (ledger.waiting, ledger.ready) == (2, 0)


def test_charged_task_waits_at_the_tail() -> None:
    """A charged task is sent when every task that was there before has been handed out. [JOB-2]"""
    ledger = ledger_of(3)
    ledger.charge(send(ledger), 0, DIED)
    ledger.add(["later"])

    assert waiting(ledger) == ["b", "c", "a", "later"]


def test_charged_task_waits_for_a_slot_on_which_it_has_not_failed() -> None:
    """As long as there is a live worker elsewhere, it is not tried on the same slot again. [JOB-2]"""
    ledger = ledger_of(1)
    ledger.charge(send(ledger), 0, DIED)

    assert take(ledger, 0, others=(1,)) is None
    task = take(ledger, 1, others=(0,))
    assert task is not None
    assert task.solo


def test_charged_task_is_tried_again_where_there_is_no_other_slot() -> None:
    """Where it failed on every slot that lives, any of them will do. [JOB-2]"""
    ledger = ledger_of(1)
    ledger.charge(send(ledger), 0, DIED)
    ledger.charge(send(ledger, 1, others=(0,)), 1, DIED)

    assert take(ledger, 0, others=(1,)) is not None


def test_next_of_the_lone_tasks_is_taken_where_the_first_may_not_run() -> None:
    """A charged task that waits for another slot does not stand in the way of the next one. [JOB-2]"""
    ledger = ledger_of(2)
    ids = [send(ledger), send(ledger)]
    ledger.charge(ids[0], 0, DIED)
    ledger.charge(ids[1], 1, DIED)

    task = take(ledger, 0, others=(1,))

    assert task is not None
    assert task.payload == "b"


# --- the end of patience


def test_task_is_quarantined_after_max_attempts_charges() -> None:
    """A task that was charged so often is set aside, with every attempt. [JOB-3]"""
    ledger = ledger_of(2, max_attempts=2)
    ledger.charge(send(ledger), 0, DIED)
    assert ledger.take_done() == []
    ledger.answered([(send(ledger), None)], "1.1")

    ledger.charge(send(ledger), 0, DIED)

    assert ledger.quarantined == [Quarantined(task_index=0, attempts=(DIED, DIED))]
    assert [index_of(outcome) for outcome in ledger.take_done()] == [1, 0]
    assert ledger.unfinished == 0


def test_kills_and_charges_are_counted_apart() -> None:
    """Neither of them reaches its limit by the other. [JOB-5]"""
    ledger = ledger_of(1, max_attempts=2, max_kills=3)
    for attempt in (KILLED, DIED, KILLED):
        ledger.charge(send(ledger), 0, attempt)
        assert ledger.take_done() == []

    ledger.charge(send(ledger), 0, KILLED)

    assert ledger.take_done() == [Quarantined(task_index=0, attempts=(KILLED, DIED, KILLED, KILLED))]


def test_task_is_quarantined_after_as_many_departures() -> None:
    """Departures charge nothing, but a task that was alone at so many of them is set aside too. [RUN-14]"""
    ledger = ledger_of(1, max_attempts=2)
    ledger.departed(send(ledger), LEFT)
    ledger.charge(send(ledger), 0, DIED)
    assert ledger.take_done() == []

    ledger.departed(send(ledger), LEFT)

    assert ledger.take_done() == [Quarantined(task_index=0, attempts=(LEFT, DIED, LEFT))]


def test_departed_workers_task_may_go_back_to_the_same_slot() -> None:
    """A departure is no failure of the task on that slot. [RUN-14]"""
    ledger = ledger_of(1)
    ledger.departed(send(ledger), LEFT)

    task = take(ledger, 0, others=(1,))

    assert task is not None
    assert (task.attempts, task.solo) == ((), True)


def test_answer_after_a_charge_names_the_attempt() -> None:
    """An answered task keeps its failed tries for the caller."""
    ledger = ledger_of(1)
    ledger.charge(send(ledger), 0, DIED)

    ledger.answered([(send(ledger), "v")], "2.1")

    assert ledger.take_done() == [Answered(task_index=0, value="v", worker="2.1", attempts=(DIED,))]


def test_cancelling_ends_all_tasks_once() -> None:
    """Whether it waits, waits to be sent alone or is at a worker: each task is cancelled, in todo order. [JOB-1]"""
    ledger = ledger_of(5)
    ids = [send(ledger) for _ in range(4)]
    ledger.answered([(ids[0], "v")], "1.1")
    ledger.requeue(ids[1:3], solo=True)
    ledger.charge(send(ledger), 0, DIED)
    ledger.take_done()

    ledger.cancel_all("no worker is left")
    ledger.cancel_all("twice")

    assert ledger.take_done() == [
        Cancelled(task_index=1, reason="no worker is left", attempts=(DIED,)),
        *(Cancelled(task_index=index, reason="no worker is left") for index in (2, 3, 4)),
    ]
    assert ledger.unfinished == 0
    assert ledger.answered([(ids[3], "v")], "1.1") == [None]


def test_what_waits_behind_a_task_can_be_ended_alone() -> None:
    """What stands before it in todo goes on. [JOB-1]"""
    ledger = ledger_of(4)
    ids = [send(ledger) for _ in range(2)]
    ledger.defer(ids[1])

    ledger.cancel_waiting(behind=1, reason="another task raised")

    assert [(outcome.task_index, type(outcome)) for outcome in ledger.take_done()] == [(2, Cancelled), (3, Cancelled)]
    assert ledger.unfinished == 2
    ledger.defer(ids[1])
    assert ledger.waiting == 1
