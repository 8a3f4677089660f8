"""The engine: what a run says when it stalls, what it remembers, and what it hands back."""

from __future__ import annotations

import itertools
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import ECHO, program, until_said

from spreadjobs import (
    Arguments,
    Master,
    NoResponse,
    PastPerformance,
    RemoteException,
    Settings,
    SubprocessConnection,
    main,
)
from spreadjobs.loop import Loop


def test_a_stall_is_said_again_and_again(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """With worker, task and cause. [JOB-1]"""
    monkeypatch.setattr("spreadjobs.engine.FIRST_STALL_S", 0.2)
    slow = program("i = read()[0]; time.sleep(1.5); write((i, 1)); stdin.read()")

    assert main([1], [slow]).results == [1]

    said = [record for record in caplog.records if "no answer for a while" in record.getMessage()]
    assert len(said) >= 2
    assert "it has never answered anything: does it speak pickle" in said[0].getMessage()
    assert {record.levelno for record in said} == {logging.WARNING}
    assert "worker 1.1 has held task 0 for" in said[0].getMessage()


def test_a_refusing_worker_is_named_in_a_stall(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many tasks wait, and until when. [BUSY-3]"""
    monkeypatch.setattr("spreadjobs.engine.FIRST_STALL_S", 0.2)
    busy = program("i = read()[0]; write(('TooBusy', i, 1.0))", ECHO)

    assert main([1], [busy]).results == [1]

    assert "1 tasks wait, 0 are at workers: worker 1.1 said TooBusy and rests for another" in caplog.text


@pytest.mark.parametrize(
    ("fault", "guessed"), [("read(); print('hello', flush=True); stdin.read()", False), ("read(); sys.exit(3)", True)]
)
def test_guesses_are_not_added_to_a_cause_that_is_known(fault: str, guessed: bool) -> None:  # noqa: FBT001
    """Who printed text need not be asked whether it speaks pickle. [VIO-3]"""
    with pytest.raises(NoResponse) as caught:
        main([1], [program(fault)], settings=Settings(restarts=1))

    assert ("it has never answered anything" in str(caught.value)) is guessed


def test_the_memory_learns_from_a_run(caplog: pytest.LogCaptureFixture) -> None:
    """Good workers are remembered above bad ones. [JOB-4]"""
    memory = PastPerformance()
    good, bad = program(ECHO), program("sys.exit(1)")

    main(until_said(caplog, "exit status 1"), [bad, good], past_performance=memory, settings=Settings(restarts=1))

    assert memory(good) < memory(bad)


def test_a_failed_run_teaches_the_memory_too() -> None:
    """Bad workers are the ones that make runs fail. [JOB-4]"""
    memory = PastPerformance()

    good, bad = program(ECHO), program("sys.exit(1)")
    with pytest.raises(NoResponse):
        main([1], [bad], past_performance=memory)
    with pytest.raises(ZeroDivisionError):
        main((1 // number for number in (1, 0)), [good], past_performance=memory)

    assert memory(good) < memory(bad)


def test_an_abort_ends_although_the_books_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C may come between two lines of the plan's: what it waits for never comes, and all is killed. [SHUT-10]"""
    monkeypatch.setattr("spreadjobs.engine.LONGEST_ABORT_S", 1.5)
    stays = program("import signal; signal.signal(15, signal.SIG_IGN)", ECHO, "time.sleep(1000)")
    pids: list[int] = []

    def factory(arguments: Arguments) -> SubprocessConnection:
        connection = SubprocessConnection(arguments)
        pids.append(connection.pid)
        return connection

    def interrupted() -> None:
        with Master([stays], factory) as master:
            assert master.run([1]) == [1]
            for worker in master._engine._plan.workers.values():
                worker.alarm_s = 0.0  # As if a limit had been taken off the heap, and not looked at.
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(ProcessLookupError):
        os.killpg(pids[0], 0)


def test_task_ids_go_on_over_the_runs_of_a_master() -> None:
    """No id is used twice while the same workers live. [RUN-2]"""
    ids = program(ECHO.replace("(task_id, payload))", "(task_id, task_id))"))

    with Master([ids], settings=Settings(first_task_id=100, window=1)) as master:
        assert master.run("abc") == [100, 101, 102]
        assert master.run("d") == [103]


def test_task_ids_begin_at_random() -> None:
    """So noise shaped like an answer cannot match. [RUN-2]"""
    ids = program(ECHO.replace("(task_id, payload))", "(task_id, task_id))"))

    first, second = (main([None], [ids], answer=int).results[0] for _ in range(2))

    assert first != second
    assert min(first, second) >= 10**4
    assert max(first, second) < 2**31 + 1


def counted_turns(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each turn of the loop was to wait at most, as they come."""
    turns: list[float] = []
    turn = Loop.turn

    def counted(loop: Loop, *, patience_s: float) -> None:
        turns.append(patience_s)
        turn(loop, patience_s=patience_s)

    monkeypatch.setattr(Loop, "turn", counted)
    return turns


@pytest.mark.parametrize("bound_s", [-1.0, 1000.0])
def test_a_slow_todo_does_not_keep_its_first_tasks_from_the_workers(
    monkeypatch: pytest.MonkeyPatch, bound_s: float
) -> None:
    """What came is sent before more is waited for, once todo takes long to give its elements. [JOB-1]"""
    monkeypatch.setattr("spreadjobs.intake.LONGEST_PULL_S", bound_s)
    sent_s: list[float] = []
    taken_s: list[float] = []

    def todo() -> Iterator[int]:
        for number in range(6):
            taken_s.append(time.time())
            yield number

    def note(sent: float, _answered: float) -> None:
        sent_s.append(sent)

    with Master([program(ECHO)], timing_callback=note, settings=Settings(window=4)) as master:
        master.run([0])
        sent_s.clear()
        assert master.run(todo()) == list(range(6))

    waited = sent_s[1] > taken_s[3]
    assert waited is (bound_s > 0.0)


@pytest.mark.timeout(30)
def test_the_first_task_is_begun_before_the_second_is_waited_for(tmp_path: Path) -> None:
    """A todo that waits for what its own first task does gets it: nothing is kept back for company. [JOB-1]"""
    fifo = tmp_path / "begun"
    os.mkfifo(fifo)
    begins = program("""
        i, payload = read()
        while True:
            if payload:
                open(payload, "w").close()
            write((i, payload))
            i, payload = read()
    """)

    def todo() -> Iterator[str]:
        yield str(fifo)
        with fifo.open():  # returns when the task has opened the other end
            yield ""

    with Master([begins, begins]) as master:
        assert master.run(todo()) == [str(fifo), ""]


def test_workers_are_served_between_two_answers_that_the_caller_takes_long_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stream's caller gets several answers of one turn one by one; the workers do not wait until the last. [JOB-1]"""
    monkeypatch.setattr("spreadjobs.engine.SHORTEST_PAUSE_S", -1.0)
    turns = counted_turns(monkeypatch)
    with Master([program(ECHO)], settings=Settings(window=8)) as master:
        master.run([0])
        seen = [len(turns) for _ in master.stream(range(100))]

    assert all(later > earlier for earlier, later in itertools.pairwise(seen))


def test_workers_are_served_while_answers_are_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's converter is the caller's code, and may take long over each answer of a turn. [JOB-1]"""
    monkeypatch.setattr("spreadjobs.engine.SHORTEST_PAUSE_S", -1.0)
    turns = counted_turns(monkeypatch)
    with Master([program(ECHO)], answer=lambda _answer: len(turns), settings=Settings(window=8)) as master:
        master.run([0])
        seen = master.run(range(100))

    assert all(later > earlier for earlier, later in itertools.pairwise(seen))


def test_a_master_is_not_used_again_that_was_interrupted_between_two_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C may come while the workers are looked after between two answers of a stream: the books may be wrong."""
    monkeypatch.setattr("spreadjobs.engine.SHORTEST_PAUSE_S", -1.0)
    with Master([program(ECHO)], settings=Settings(window=8)) as master:
        master.run([0])
        answers = master.stream(range(100))
        next(answers)
        turn = Loop.turn

        def interrupted(_loop: Loop, *, patience_s: float) -> None:  # noqa: ARG001 - as turn has it
            monkeypatch.setattr(Loop, "turn", turn)
            raise KeyboardInterrupt

        monkeypatch.setattr(Loop, "turn", interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(answers)

        with pytest.raises(RuntimeError, match="was interrupted"):
            master.run([0])


def test_a_slow_todo_and_a_failed_task_do_not_keep_the_master_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for the tasks before that one, and does not look for them without end. [ERR-5]"""
    turns = counted_turns(monkeypatch)
    worker = program("""
        while True:
            try:
                i, payload = read()
            except EOFError:
                break
            time.sleep(payload == 0)
            write(("RemoteException", i, "Boom", "bad", "") if payload == 1 else (i, payload))
    """)

    def todo() -> Iterator[int]:
        for number in itertools.count():
            time.sleep(0.2 * (number > 1))
            yield number

    with Master([worker] * 4, settings=Settings(window=64)) as master:  # More than a slow todo gives.
        master.run([2] * 1000)
        turns.clear()
        with pytest.raises(RemoteException):
            list(master.stream(todo()))

    assert len(turns) < 200


def test_short_pauses_of_the_caller_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many answers of one read, each of which takes the caller a moment: the workers are served meanwhile. [JOB-1]"""
    monkeypatch.setattr("spreadjobs.engine.SHORTEST_PAUSE_S", 0.002)
    turns = counted_turns(monkeypatch)
    hoards = program("""
        answers = [pickle.dumps((read(), None, None)) for _ in range(100)]
        os.write(1, b"".join(answers))
    """)
    seen: list[int] = []

    with Master([hoards], settings=Settings(window=100)) as master:
        for _ in master.stream(range(100)):
            seen.append(len(turns))
            until_s = time.perf_counter() + 0.0005
            while time.perf_counter() < until_s:
                pass

    assert seen[-1] - seen[0] >= 10
