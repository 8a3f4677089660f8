"""
The 25 differences between the ancestor's documentation and its code, and what this project does: a test for each row.

The rows are those of spec/1.0, "Differences from gmisclib".
"""

from __future__ import annotations

import logging
import signal
import textwrap
import threading
import time
from collections.abc import Iterator

import pytest
from programs import ECHO, TEMPLATE, echo, program, until_said

import spreadjobs
from spreadjobs import (
    CannotCreateConnection,
    Master,
    NoResponse,
    PastPerformance,
    PoisonTask,
    RemoteException,
    Settings,
    main,
)
from spreadjobs.connection import SubprocessConnection

WORKER = TEMPLATE


def test_row_01_a_request_is_an_id_and_the_payload() -> None:
    """An id travels with every request. [RUN-1]"""
    answer = main(["x"], [program("task_id, payload = read(); write((task_id, [type(task_id).__name__, payload]))")])

    assert answer.results == [["int", "x"]]


@pytest.mark.parametrize(
    "fault",
    [
        "write((read()[0] + 1, 1))",
        "i = read()[0]; write((i, 1)); write((i, 1)); time.sleep(60)",
        "write((5, 'chatter')); write((read()[0], 1))",
    ],
    ids=["wrong", "repeated", "unasked"],
)
def test_row_02_a_wrong_repeated_or_unasked_id_is_a_violation_of_that_worker(fault: str) -> None:
    """The id is checked; no result is ever shifted. [VIO-1]"""
    with Master([program(fault)]) as master, pytest.raises((NoResponse, PoisonTask)) as caught:
        master.run(["A", "B", "C", "D"])

    assert not [answer for answer in caught.value.partial if answer not in (1, spreadjobs.notComputed)]
    assert {report.reason.split("(spec ")[1][:5] for report in master.workers} & {"RUN-5", "VIO-1", "PREP-", "WIRE-"}


def test_row_03_main_returns_results_and_outputs() -> None:
    """A pair comes back: answers in todo order, and one list of trailing lines an argument list. [SHUT-8]"""
    results, outputs = main([1, 2, 3], [program(ECHO, "stdout.write(b'bye\\n')"), ["sleep", "0"]])

    assert results == [1, 2, 3]
    assert outputs == [["bye\n"], []]


def test_row_04_a_remote_exception_is_raised_with_all_that_is_known() -> None:
    """It carries the index, the worker, the remote type, message and traceback, and the partial results. [ERR-5]"""
    todo = [echo(0), {"op": "raise", "type": "Boom", "message": "bad 1"}]

    with pytest.raises(RemoteException, match=r"task 1 raised Boom: bad 1 in worker 1\.1") as caught:
        main(todo, [WORKER], stdin=[None])

    error = caught.value
    assert (error.task_index, error.worker, error.type_name, error.message) == (1, "1.1", "Boom", "bad 1")
    assert "Traceback" in error.traceback_text
    assert list(error.partial) == [0, spreadjobs.notComputed]
    assert error.args[:2] == ("Boom", "bad 1")
    assert (error.index, error.comment) == ("index=1", "so= # se=")


def test_row_05_a_remote_exception_stops_the_run_within_seconds() -> None:
    """Nothing more is handed out, and tasks that run elsewhere are not waited for. [SHUT-10]"""
    todo = [{"op": "sleep", "seconds": 600}, {"op": "raise", "type": "T", "message": "m"}]
    begun_s = time.monotonic()

    with pytest.raises(RemoteException):
        main(todo, [WORKER, WORKER], stdin=[None])

    assert time.monotonic() - begun_s < 60


def test_row_06_no_memory_means_the_given_order() -> None:
    """past_performance=None keeps the order of list_of_args. [EXEC-1]"""
    started: list[str] = []

    def factory(arguments: list[str]) -> SubprocessConnection:
        started.append(arguments[-1])
        return SubprocessConnection(arguments)

    main([], [["true", name] for name in "cab"], factory, past_performance=None)

    assert started == ["c", "a", "b"]


def test_row_07_a_good_worker_is_started_first_next_time(caplog: pytest.LogCaptureFixture) -> None:
    """The usefulness is recorded before shutdown, so the memory works. [JOB-4]"""
    memory = PastPerformance()
    good = program(ECHO)
    bad = program("sys.exit(3)")
    main(until_said(caplog, "exit status 3"), [bad, good], past_performance=memory)
    started: list[list[str]] = []

    def factory(arguments: list[str]) -> SubprocessConnection:
        started.append(list(arguments))
        return SubprocessConnection(arguments)

    main([1, 2, 3], [bad, good], factory, past_performance=memory)

    assert started[0] == good


def test_row_08_the_output_of_linux_commands_comes_back() -> None:
    """Command mode hands the standard output over as a list of strings. [CMD-1, SHUT-8]"""
    assert main([], [["echo", "hello"], ["seq", "2"]]) == ([], [["hello\n"], ["1\n", "2\n"]])


def test_row_09_shutdown_output_comes_back_also_from_one_that_dies() -> None:
    """What a worker wrote in shutdown is returned even if it ends by a signal. [SHUT-8]"""
    dies = program(ECHO, "stdout.write(b'half'); stdout.flush(); os.kill(os.getpid(), 9)")

    assert main([1], [dies]) == ([1], [["half"]])


def test_row_10_the_tail_callback_is_called_for_each_started_worker() -> None:
    """tail_callback(arguments, lines), in the order of list_of_args. [SHUT-8]"""
    calls: list[tuple[list[str], list[str]]] = []

    main(
        [],
        [["echo", "1"], ["/nowhere/to/be/found"], ["echo", "2"]],
        tail_callback=lambda arguments, lines: calls.append((arguments, lines)),
    )

    assert calls == [(["echo", "1"], ["1\n"]), (["echo", "2"], ["2\n"])]


def test_row_11_the_timing_callback_gets_two_readings_and_may_raise() -> None:
    """Two floats whose difference is monotonic; an exception in it shuts down in good order and is raised. [JOB-1]"""
    calls: list[tuple[float, float]] = []
    begun_s = time.time()
    main([1, 2], [program(ECHO)], timing_callback=lambda sent, answered: calls.append((sent, answered)))
    assert len(calls) == 2
    assert all(begun_s - 5 < sent <= answered for sent, answered in calls)

    with pytest.raises(ZeroDivisionError):
        main([1, 2], [program(ECHO)], timing_callback=lambda sent, _: sent / 0)

    assert threading.active_count() == 1


def test_row_12_a_busy_worker_does_not_delay_the_end() -> None:
    """A sleeper is not waited for when the work is done; NaN is a violation. [BUSY-3, BUSY-1]"""
    busy = program("i = read()[0]; write(('TooBusy', i, 500.0)); stdin.read()")
    begun_s = time.monotonic()
    assert main([1, 2], [busy, program(ECHO)], past_performance=None).results == [1, 2]
    assert time.monotonic() - begun_s < 60

    nan = program("i = read()[0]; write(('TooBusy', i, float('nan')))")
    with pytest.raises(NoResponse, match="BUSY-1"):
        main([1], [nan])


def test_row_13_the_comment_of_a_legacy_refusal_may_be_none(caplog: pytest.LogCaptureFixture) -> None:
    """What a refusal says beside its delay goes to the log, and may be None. [INST-1]"""
    busy = program(
        """
        class TooBusy:
            pass
        read()
        refusal = TooBusy()
        refusal.delay = 0.01
        refusal.comment = None
        write(refusal)
    """,
        ECHO,
    )

    with caplog.at_level(logging.DEBUG, logger="spreadjobs"):
        assert main([1], [busy]).results == [1]

    assert "TooBusy: sleeping" in caplog.text
    assert "None" not in "".join(line for line in caplog.text.splitlines() if "TooBusy" in line)


def test_row_14_a_remote_exception_may_come_without_lines() -> None:
    """The out and err of a failure may be None, as of any response. [OUT-1]"""
    raising = program("i = read()[0]; write(('RemoteException', i, 'T', 'm', ''), None, None); stdin.read()")

    with pytest.raises(RemoteException, match="task 0 raised T: m"):
        main([1], [raising])


@pytest.mark.parametrize(
    "junk", [b"hello", b"\n", b".", b"Traceback (most recent call last):\n", b"N.", b"I5\n.", b"cos\ngetcwd\n(tR."]
)
def test_row_15_junk_is_found_without_waiting_and_runs_nothing(junk: bytes) -> None:
    """Text instead of an answer ends that worker at once, is quoted, and another one does the work. [VIO-1, VIO-3]"""
    talker = program(f"read(); stdout.write({junk!r}); stdout.flush(); stdin.read()")

    with Master([talker, program(ECHO)]) as master:
        assert master.run([1, 2, 3]) == [1, 2, 3]

    assert any("PKL-4" in report.reason for report in master.workers if report.name.startswith("1."))


def test_row_16_no_worker_left_is_said_at_once() -> None:
    """NoResponse says what is missing and why each worker ended. [JOB-4]"""
    with pytest.raises(NoResponse, match=r"task 0(?s:.)*1 .*exit status 3(?s:.)*2 .*SIGKILL"):
        main([1], [program("sys.exit(3)"), program("os.kill(os.getpid(), 9)")])


def test_row_17_an_answer_before_a_request_is_a_violation() -> None:
    """In preparation a worker writes nothing. [PREP-3]"""
    early = program("write((0, 'CHATTER')); time.sleep(60)")

    with Master([early], settings=Settings(restarts=1)) as master, pytest.raises(NoResponse, match=r"PREP-3|RUN-5"):
        master.run(["A"])


def test_row_18_a_generator_of_preparation_items_reaches_every_worker() -> None:
    """The iterable is taken once and sent to all. [PREP-2]"""
    items: Iterator[object] = iter(["one", 2, None])

    results, _ = main([{"op": "prepared"}] * 4, [WORKER, WORKER], stdin=items, settings=Settings(window=1))

    assert results == [["one", 2]] * 4


def test_row_19_a_missing_program_is_a_warning_and_all_missing_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """One that cannot be started: warn and go on; all: CannotCreateConnection with each reason. [JOB-4]"""
    assert main([1], [["/nowhere/a"], program(ECHO)], past_performance=None).results == [1]
    assert "/nowhere/a" in caplog.text

    with pytest.raises(CannotCreateConnection, match=r"/nowhere/a(?s:.)*/nowhere/b"):
        main([1], [["/nowhere/a"], ["/nowhere/b"]])
    with pytest.raises(CannotCreateConnection, match="/nowhere/a"):
        main([], [["/nowhere/a"]])


def test_row_20_a_connection_has_one_documented_interface() -> None:
    """Whatever has its verbs is a connection, and a factory gets the argument list alone. [EXEC-2]"""
    seen: list[str] = []

    def factory(arguments: list[str]) -> SubprocessConnection:
        seen.append(arguments[-1])
        return SubprocessConnection(["env", *arguments])

    assert main([7], [program(ECHO)], factory).results == [7]
    assert len(seen) == 1


def test_row_21_the_pickle_protocol_is_named() -> None:
    """Protocol 4 unless another one is declared. [PKL-1]"""
    reads = program("import pickletools; b = stdin.peek()[:2]; i = read()[0]; write((i, b[1]))")

    assert main([1], [reads]).results == [4]
    assert main([1], [reads], settings=Settings(pickle_protocol=2)).results == [2]


def test_row_22_results_correspond_to_todo_whatever_the_order_of_answers() -> None:
    """1,000 tasks of random length on four workers come back in order. [JOB-1]"""
    worker = program(
        "import random\n"
        + textwrap.dedent(ECHO).replace("    write(", "    time.sleep(random.random() / 2000)\n    write(")
    )

    assert main(range(1000), [worker] * 4).results == list(range(1000))


def test_row_23_a_poison_task_is_named_and_the_others_are_done() -> None:
    """After max_attempts the task is set aside and named; nothing else is lost. [JOB-3]"""
    todo = [echo(i) for i in range(20)]
    todo[5] = {"op": "exit", "status": 3}

    with pytest.raises(PoisonTask, match="task 5") as caught:
        main(todo, [WORKER, WORKER], stdin=[None])

    assert [*caught.value.partial] == [spreadjobs.notComputed if i == 5 else i for i in range(20)]
    assert [attempt.detail for attempt in caught.value.attempts] == ["exit status 3"] * 3


def test_row_24_tasks_and_shutdown_have_time_limits() -> None:
    """A task over its limit is charged; a worker that ignores EOF is ended. [SHUT-10, JOB-2]"""
    settings = Settings(start_timeout_s=60.0, task_timeout_s=0.5, shutdown_timeout_s=0.2, max_attempts=1, window=1)
    stubborn = program("import signal; signal.signal(15, signal.SIG_IGN)", ECHO, "time.sleep(600)")

    spread = main([1, 2], [stubborn], settings=settings)
    assert spread.results == [1, 2]
    assert spread.workers[0].signal == signal.SIGKILL.name

    with pytest.raises(PoisonTask, match="timed out"):
        main([echo(1), {"op": "sleep", "seconds": 600}], [WORKER], stdin=[None], settings=settings)


def test_row_25_ctrl_c_ends_the_workers_and_is_raised() -> None:
    """KeyboardInterrupt is raised, and no process of the workers is left. [SHUT-10]"""
    connections: list[SubprocessConnection] = []

    def factory(arguments: list[str]) -> SubprocessConnection:
        connections.append(SubprocessConnection(arguments))
        return connections[-1]

    def interrupt(_sent: float, _answered: float) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        main([echo(1), {"op": "sleep", "seconds": 600}], [WORKER, WORKER], factory, [None], timing_callback=interrupt)

    assert len(connections) == 2
    assert all(connection.process.returncode is not None for connection in connections)
    assert threading.active_count() == 1
