"""What responses mean: for tasks, usefulness, rest and what is shown."""

from __future__ import annotations

import pytest
from bench import Bench

from spreadjobs.backoff import next_usefulness
from spreadjobs.errors import RemoteException
from spreadjobs.events import Came, Refusal, Say, Show, Started, Took
from spreadjobs.outcomes import Answered, Failed
from spreadjobs.reception import Reception
from spreadjobs.settings import Settings
from spreadjobs.slots import SlotPhase, WorkerState


@pytest.fixture
def bench() -> Bench:
    """One worker that holds three requests."""
    bench = Bench(Settings(window=3))
    bench.add("a", "b", "c")
    bench.dispatch()
    bench.tell(1, Started())
    bench.dispatch()
    return bench


def reception(bench: Bench) -> tuple[Reception, WorkerState]:
    """A reception for the bench's worker."""
    return Reception(bench.plan.places, bench.settings, lambda: 1.0, lambda _key: ["warned\n"]), bench.plan.workers[1]


def test_answers_end_tasks_and_are_timed_and_shown(bench: Bench) -> None:
    """In the order of arrival. [OUT-3, JOB-1]"""
    desk, worker = reception(bench)
    first, second, _ = worker.machine.outstanding

    orders, violation = desk.take(
        worker, Came([((first, 1), ["o\n"], None), ((second, 2), None, ["e\n"])]), bench.ledger, bench.now_s + 2
    )

    assert violation is None
    sent_s = bench.now_s
    assert orders == [
        Show(0, ["o\n"], ()),
        Show(1, (), ["e\n"]),
        Took([sent_s, sent_s], sent_s + 2),
    ]
    assert bench.ledger.take_done() == [Answered(task_index=index, value=index + 1, worker="1.1") for index in range(2)]
    assert worker.answered == 2
    assert worker.oldest_since_s == sent_s + 2


def test_only_answers_of_this_run_are_timed(bench: Bench) -> None:
    """Requests of a run that was left early may still be answered, among those of the next one. [JOB-1]"""
    desk, worker = reception(bench)
    ids = list(worker.machine.outstanding)
    worker.sent_s.extend([worker.sent_s.popleft() + after_s for after_s in (0, 10, 20)])
    bench.ledger.requeue([ids[1]], solo=False)

    orders, _ = desk.take(worker, Came([((task_id, "v"), None, None) for task_id in ids]), bench.ledger, 50.0)

    assert orders == [Took([bench.now_s, bench.now_s + 20], 50.0)]
    assert worker.answered == 3


def test_a_refusal_lets_the_worker_rest_and_lowers_its_usefulness(bench: Bench) -> None:
    """The task goes back; the comment goes to the log. [BUSY-3]"""
    desk, worker = reception(bench)
    worker.place.phase = SlotPhase.OCCUPIED
    task_id = worker.machine.outstanding[0]

    orders, _ = desk.take(worker, Came([(("TooBusy", task_id, 5.0), None, None)]), bench.ledger, bench.now_s)

    assert [type(order) for order in orders] == [Say]
    assert worker.rest_until_s == pytest.approx(bench.now_s + 5.0)
    assert worker.place.usefulness == next_usefulness(1.0, "refused")
    assert bench.ledger.waiting == 1
    assert worker.answered == 0
    assert Refusal(task_id, 5.0).comment == ""


def test_a_failure_ends_its_task_and_counts_as_an_answer(bench: Bench) -> None:
    """The worker did its part. [ERR-5]"""
    desk, worker = reception(bench)
    task_id = worker.machine.outstanding[0]
    failure = (("RemoteException", task_id, "T", "m", "tb"), ["line\n"], None)

    orders, _ = desk.take(worker, Came([failure]), bench.ledger, bench.now_s)

    (outcome,) = bench.ledger.take_done()
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, RemoteException)
    assert (outcome.error.type_name, outcome.error.comment, outcome.error.out) == ("T", "so=line\n # se=", ["line\n"])
    assert outcome.error.stderr == ("warned\n",)
    assert orders == [Show(0, ["line\n"], ())]
    assert worker.place.ever_answered


def test_what_came_before_a_violation_counts(bench: Bench) -> None:
    """The answers are kept, the rest is a violation with its bytes. [VIO-2, VIO-3]"""
    desk, worker = reception(bench)
    first = worker.machine.outstanding[0]

    orders, violation = desk.take(
        worker,
        Came([((first, 1), None, None)], undue=b"hello", fault="no pickle", cure="print less"),
        bench.ledger,
        0.0,
    )

    assert [type(order) for order in orders] == [Took]
    assert str(violation) == "no pickle; the bytes begin b'hello'; print less"


def test_a_wrong_response_is_quoted_with_the_bytes_behind_it(bench: Bench) -> None:
    """Where both came in one read. [VIO-3]"""
    desk, worker = reception(bench)

    _, violation = desk.take(worker, Came([((5, 1), None, None)], undue=b"xyz"), bench.ledger, 0.0)

    assert violation is not None
    assert violation.quote == b"xyz"
    assert "RUN-5" in violation.reason


def test_bytes_that_nobody_asked_for_are_named_by_the_state() -> None:
    """Before the first request, or when nothing is unanswered. [PREP-3, WIRE-4]"""
    bench = Bench()
    bench.add("a")
    bench.dispatch()
    bench.tell(1, Started())
    desk, worker = reception(bench)

    _, early = desk.take(worker, Came((), undue=b"hi"), bench.ledger, 0.0)
    bench.dispatch()
    desk.take(worker, Came([((worker.machine.outstanding[0], 1), None, None)]), bench.ledger, 0.0)
    _, late = desk.take(worker, Came((), undue=b"hi"), bench.ledger, 0.0)

    assert "PREP-3" in str(early)
    assert "WIRE-4" in str(late)


def test_the_window_adapts_where_it_may() -> None:
    """Only the automatic one of the tagged dialect. [RUN-8, UNT-3]"""
    for settings, window in ((Settings(), 2), (Settings(window=1), 1), (Settings(dialect="untagged"), 1)):
        bench = Bench(settings)
        bench.add(*range(9))
        bench.dispatch()
        bench.tell(1, Started())
        bench.dispatch()
        desk, worker = reception(bench)
        value = ((worker.machine.outstanding[0], 1), None, None) if settings.dialect == "tagged" else (1, None, None)
        desk.take(worker, Came([value]), bench.ledger, bench.now_s)
        assert worker.window == window
