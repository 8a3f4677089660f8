"""``Master`` with real worker processes: several runs, streams, outcomes, and the end of its block."""

from __future__ import annotations

import itertools
import os
import threading

import pytest
from programs import ECHO, TEMPLATE, echo, program

from spreadjobs import (
    Answered,
    Arguments,
    Failed,
    Master,
    NoResponse,
    PoisonTask,
    Quarantined,
    RemoteException,
    Settings,
    SubprocessConnection,
)
from spreadjobs.delivery import STREAM_BOUND, STREAM_BOUND_A_WORKER

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def test_a_master_has_several_runs_with_the_same_workers() -> None:
    """Workers stay; the second run does not start any. [PREP-2]"""
    pids = program(ECHO.replace("(task_id, payload))", "(task_id, os.getpid()))"))

    with Master([pids]) as master:
        first, second = master.run([1, 2]), master.run([3])

    assert {*first, *second} == {first[0]}
    assert master.outputs == [[]]
    assert [report.answered for report in master.workers] == [3]


def test_a_master_is_used_in_a_with_block_once() -> None:
    """The error says how. [SHUT-1]"""
    master = Master([["true"]])
    with pytest.raises(RuntimeError, match="with Master"):
        master.run([1])
    with master:
        pass
    assert master.workers == []
    with pytest.raises(RuntimeError, match="one with block"), master:
        pass


def test_an_empty_run_is_command_mode_at_the_end_of_the_block() -> None:
    """The output of the commands is there after the block. [CMD-1]"""
    with Master([["echo", "a"]]) as master:
        assert master.run([]) == []

    assert master.outputs == [["a\n"]]


def test_one_run_at_a_time() -> None:
    """A stream that is still open is not mixed with another run. [JOB-1]"""
    with Master([program(ECHO)]) as master:
        stream = master.stream([1, 2, 3])
        assert next(stream) == 1
        with pytest.raises(RuntimeError, match="another run"):
            master.run([4])
        stream.close()
        assert master.run([4]) == [4]


def test_a_stream_takes_endless_todo_and_holds_a_bounded_number() -> None:
    """What was taken and not delivered is bounded. [JOB-1]"""
    taken = itertools.count()
    with Master([program(ECHO)] * 2) as master:
        for number, answer in enumerate(master.stream(taken)):
            assert answer == number
            if number == 5000:
                break
        most = 5000 + STREAM_BOUND + 2 * STREAM_BOUND_A_WORKER
        assert next(taken) <= most + 1


def test_a_stream_in_the_order_of_completion() -> None:
    """A slow task does not hold up the others. [JOB-1]"""
    todo = [{"op": "sleep", "seconds": 0.5}, echo(1), echo(2)]
    with Master([TEMPLATE, TEMPLATE], stdin=[None], settings=Settings(window=1)) as master:
        assert list(master.stream(todo, ordered=False)) == [1, 2, None]


def test_outcomes_go_on_past_failures() -> None:
    """An outcome for each task; none raises. [JOB-1, ERR-5]"""
    todo: list[object] = [
        echo(0),
        {"op": "raise", "type": "T", "message": "m"},
        {"op": "exit", "status": 1},
        lambda: 0,
        echo(4),
    ]
    with Master([TEMPLATE], stdin=[None], settings=Settings(max_attempts=1, window=1)) as master:
        outcomes = list(master.outcomes(todo))

    assert [outcome.task_index for outcome in outcomes] == [0, 1, 2, 3, 4]
    assert [type(outcome) for outcome in outcomes] == [Answered, Failed, Quarantined, Failed, Answered]
    assert isinstance(outcomes[1], Failed)
    assert isinstance(outcomes[1].error, RemoteException)


def test_a_stream_raises_what_a_run_raises() -> None:
    """A failure when its turn comes; a poison task after all other answers. [JOB-3, ERR-5]"""
    with Master([TEMPLATE], stdin=[None]) as master:
        stream = master.stream([echo(0), {"op": "raise", "type": "T", "message": "m"}])
        assert next(stream) == 0
        with pytest.raises(RemoteException, match="task 1"):
            next(stream)

        stream = master.stream([echo(0), {"op": "exit", "status": 1}, echo(2)])
        assert [next(stream), next(stream)] == [0, 2]
        with pytest.raises(PoisonTask, match="task 1"):
            next(stream)


def test_a_master_goes_on_after_a_failed_run() -> None:
    """Its workers were ended; the next run starts them again. [JOB-1]"""
    with Master([TEMPLATE], stdin=[None]) as master:
        with pytest.raises(RemoteException):
            master.run([{"op": "raise", "type": "T", "message": "m"}])
        assert master.run([echo(1)]) == [1]

    assert [report.name for report in master.workers] == ["1.1", "1.2"]


def test_a_run_without_workers_is_named_in_a_stream_too() -> None:
    """NoResponse says what is missing. [JOB-4]"""
    with Master([program("sys.exit(4)")]) as master:
        stream = master.stream([1])
        with pytest.raises(NoResponse, match="exit status 4"):
            next(stream)
        assert [type(outcome).__name__ for outcome in master.outcomes([1, 2])] == ["Cancelled", "Cancelled"]


def test_an_exception_in_the_block_ends_busy_workers_at_once() -> None:
    """Their tasks are not waited for. [SHUT-10]"""
    master = Master([TEMPLATE] * 2, stdin=[None])

    def interrupted() -> None:
        with master:
            next(master.stream([echo(1), {"op": "sleep", "seconds": 600}]))
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert {report.name for report in master.workers} == {"1.1", "2.1"}


def test_a_consumer_that_pauses_does_not_cost_workers_their_time() -> None:
    """What passes in the caller's code counts against no limit. [JOB-2]"""
    settings = Settings(task_timeout_s=2.0, start_timeout_s=60.0, window=1)
    with Master([program(ECHO)] * 2, settings=settings) as master:
        for number, answer in enumerate(master.stream([b"x" * 400_000] * 6)):
            assert answer == b"x" * 400_000
            if number == 2:
                threading.Event().wait(3.0)  # The caller is busy for longer than a task may take.

    assert [one.reason for one in master.workers] == ["exit status 0, in shutdown"] * 2


def test_a_worker_that_died_between_two_runs_costs_no_task_an_attempt() -> None:
    """The task never was on it. [JOB-2]"""
    pids: list[int] = []

    def factory(arguments: Arguments) -> SubprocessConnection:
        connection = SubprocessConnection(arguments)
        pids.append(connection.pid)
        return connection

    with Master([program(ECHO)], factory, settings=Settings(max_attempts=1, restarts=3)) as master:
        assert master.run([1]) == [1]
        os.kill(pids[0], 9)
        os.waitid(os.P_PID, pids[0], os.WEXITED | os.WNOWAIT)
        assert master.run([2]) == [2]


def test_after_its_block_a_master_is_over() -> None:
    """Nothing is started any more; an unfinished stream says so too. [SHUT-10]"""
    with Master([program(ECHO)]) as master:
        stream = master.stream([1, 2, 3])
        assert next(stream) == 1

    with pytest.raises(RuntimeError, match="block has ended"):
        master.run([1])
    with pytest.raises(RuntimeError, match="block has ended"):
        list(stream)


def test_a_stream_hands_out_no_more_after_a_failure() -> None:
    """What stands before it in todo is still delivered. [ERR-5]"""
    taken = itertools.count()
    slow: list[object] = [{"op": "sleep", "seconds": 0.5}]
    raises = [{"op": "raise", "type": "T", "message": "m"}]
    todo = itertools.chain(slow, raises, (echo(next(taken)) for _ in itertools.count()))
    with Master([TEMPLATE] * 2, stdin=[None], settings=Settings(window=1)) as master:
        stream = master.stream(todo)
        assert next(stream) is None
        with pytest.raises(RemoteException, match="task 1"):
            next(stream)

    assert next(taken) < 20
