"""The loop: what it does about pipes, ends and limits that only real processes show."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from inspect import isfunction
from pathlib import Path

import pytest
from programs import ECHO, TEMPLATE, echo, program

from spreadjobs import (
    Arguments,
    Master,
    NoResponse,
    PoisonTask,
    RemoteException,
    Settings,
    SubprocessConnection,
    Worker,
    WorkerReport,
    main,
)
from spreadjobs.events import Fact
from spreadjobs.plan import Plan


def report(reports: object, name: str) -> WorkerReport:
    """The report of one worker."""
    assert isinstance(reports, list | tuple)
    found: WorkerReport = next(one for one in reports if one.name == name)
    return found


def test_a_response_split_at_every_byte_is_read() -> None:
    """Cuts do not matter. [WIRE-6]"""
    slow = program("""
        def dribble(data):
            for byte in data:
                os.write(1, bytes([byte]))
        while True:
            try:
                i, payload = read()
            except EOFError:
                break
            dribble(pickle.dumps(((i, payload), None, None)) + b"\\n")
    """)

    assert main(["x" * 100, 2, 3], [slow]).results == ["x" * 100, 2, 3]


def test_a_worker_that_stops_inside_an_answer_keeps_nobody_waiting(tmp_path: Path) -> None:
    """The others go on meanwhile, and it is read to its end when it goes on itself. [WIRE-6, JOB-1]"""
    go_on = tmp_path / "go on"
    stops = program(f"""
        while True:
            try:
                i, payload = read()
            except EOFError:
                break
            data = pickle.dumps(((i, payload), None, None))
            if payload == "x" * 100_000:
                os.write(1, data[:50_000])
                while not os.path.exists({str(go_on)!r}):
                    time.sleep(0.01)
                data = data[50_000:]
            while data:
                data = data[os.write(1, data):]
    """)

    with Master([stops, stops], settings=Settings(window=1)) as master:
        answers = master.stream(["x" * 100_000, *range(19)], ordered=False)
        assert sorted(map(str, itertools.islice(answers, 19))) == sorted(map(str, range(19)))
        go_on.touch()
        assert list(answers) == ["x" * 100_000]


def test_many_responses_in_one_piece_are_read() -> None:
    """Workers may write several answers at once. [WIRE-6, RUN-8]"""
    hoards = program(
        """
        import io
        out = io.BytesIO()
        for _ in range(5):
            i, payload = read()
            pickle.dump(((i, payload), None, None), out)
        os.write(1, out.getvalue())
    """,
        ECHO,
    )

    assert main(range(10), [hoards], settings=Settings(window=5)).results == list(range(10))


def test_a_late_newline_belongs_to_the_message() -> None:
    """The newline after a message may come later, in a write of its own. [PKL-6]"""
    late = program(
        ECHO.replace("    write(", "    write(").replace("payload))", "payload)); time.sleep(.02); os.write(1, b'\\n')")
    )

    assert main([1, 2, 3], [late]).results == [1, 2, 3]


@pytest.mark.parametrize(
    ("habit", "text", "lines"),
    [
        ("b'\\n'", "b'\\nbye'", ["\n", "bye"]),
        ("b''", "b'\\nbye\\n'", ["\n", "bye\n"]),
        ("b'\\n'", "b'a\\r\\n\\xff\\x0cb'", ["a\r\n", "\udcff\x0cb"]),
        ("b'\\n'", "b''", []),
    ],
)
def test_text_after_the_last_answer_is_returned(habit: str, text: str, lines: list[str]) -> None:
    """UTF-8 with surrogateescape, split after LF; the newline of the last message is no text. [SHUT-8, SHUT-9]"""
    worker = program(
        ECHO.replace(
            "write((task_id, payload))", f"os.write(1, pickle.dumps(((task_id, payload), None, None)) + {habit})"
        ),
        f"os.write(1, {text})",
    )

    assert main([1, 2, 3], [worker]).outputs == [lines]


def test_the_text_of_replacements_follows_the_first_ones() -> None:
    """One list an argument list, whatever happened in between. [SHUT-8]"""
    with Master([[*TEMPLATE], ["sleep", "0"]], stdin=[None], settings=Settings(window=1)) as master:
        assert master.run([echo(1)]) == [1]
    assert master.outputs == [[], []]


def test_alive_restarts_the_time_limit_and_nothing_else() -> None:
    """A task longer than its limit is answered as long as the worker says Alive. [RUN-12]"""
    steady = program("""
        i, payload = read()
        for _ in range(8):
            time.sleep(.15)
            write(("Alive", i))
        write((i, "done"))
        stdin.read()
    """)

    assert main([1], [steady], settings=Settings(task_timeout_s=0.8, start_timeout_s=60.0)).results == ["done"]


def test_a_worker_that_never_reads_is_ended_by_the_time_limit() -> None:
    """A request that cannot even be written is bounded too. [JOB-2]"""
    deaf = ["sleep", "600"]

    with pytest.raises(NoResponse, match="no response to its oldest request"):
        main([b"x" * 10**6], [deaf], settings=Settings(task_timeout_s=0.3, restarts=1))


def test_the_first_answer_has_a_limit_of_its_own() -> None:
    """start_timeout_s counts from the start of the worker. [JOB-4]"""
    with pytest.raises(NoResponse, match="no first answer within"):
        main([1], [["sleep", "600"]], settings=Settings(start_timeout_s=0.3, restarts=1))


def test_a_worker_that_closes_its_stdout_and_lives_on_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no way to leave. [RUN-13]"""
    monkeypatch.setattr("spreadjobs.slots.LINGER_S", 0.3)
    lingers = program("read(); os.close(1); time.sleep(600)")

    with pytest.raises(NoResponse, match="closed its standard output and lived on"):
        main([1], [lingers], settings=Settings(restarts=1))


def test_a_worker_that_closes_its_stdin_and_lives_on_is_ended() -> None:
    """Its request will never be read. [RUN-7]"""
    shuts = program("os.close(0); time.sleep(600)")
    settings = Settings(shutdown_timeout_s=0.3, restarts=1)

    with pytest.raises(NoResponse, match="closed its standard input and lived on"):
        main([b"x" * 10**6], [shuts], settings=settings)


def test_a_grandchild_that_holds_the_pipe_does_not_hold_up_the_end() -> None:
    """It is in the worker's group, and goes with it; in a session of its own, it is not waited for. [SHUT-10]"""
    begun_s = time.monotonic()

    assert main([], [["sh", "-c", "echo a; sleep 600 &"]]).outputs == [["a\n"]]
    assert main([], [["sh", "-c", "echo b; setsid sleep 30 &"]]).outputs == [["b\n"]]

    assert time.monotonic() - begun_s < 25


def test_a_command_may_take_longer_than_the_shutdown_limit() -> None:
    """In command mode only its own limit counts. [CMD-3]"""
    settings = Settings(shutdown_timeout_s=0.1)
    assert main([], [["sh", "-c", "sleep 0.5; echo a"]], settings=settings).outputs == [["a\n"]]

    limited = main([], [["sh", "-c", "echo a; sleep 600"]], settings=Settings(command_timeout_s=0.3))
    assert limited.outputs == [["a\n"]]
    assert limited.workers[0].signal == "SIGTERM"


def test_a_worker_killed_from_outside_costs_no_answer() -> None:
    """Its task is done by its replacement. [JOB-1]"""
    suicide = program(
        """
        if os.environ["SPREAD_JOBS_WORKER"].endswith(".1"):
            read()
            os.kill(os.getpid(), 9)
    """,
        ECHO,
    )

    spread = main([1, 2, 3], [suicide])

    assert spread.results == [1, 2, 3]
    assert [one.signal for one in spread.workers] == ["SIGKILL", None]


def test_a_worker_may_leave_by_itself_and_nobody_is_blamed() -> None:
    """It is not replaced unless that was asked for. [RUN-13, RUN-14]"""
    once = program("i, payload = read(); write((i, payload))")

    with pytest.raises(NoResponse, match="left by itself with exit status 0"):
        main([1, 2, 3], [once], settings=Settings(window=1))
    assert main([1, 2, 3], [once], settings=Settings(window=1, replace_departed=True)).results == [1, 2, 3]


def test_the_error_has_the_last_stderr_lines() -> None:
    """Why a worker died stands in the error. [JOB-4]"""
    with pytest.raises(NoResponse, match="stderr: no licence for this host"):
        main([1], [program("sys.exit('no licence for this host')")])


def test_stderr_is_passed_on_with_the_workers_name(capfd: pytest.CaptureFixture[str]) -> None:
    """Each line is labelled. [EXEC-7]"""
    main([1], [program("sys.stderr.write('one\\ntwo')", ECHO)])

    assert capfd.readouterr().err == "1.1: one\n1.1: two\n"


def test_a_name_of_the_callers_own_stands_beside_the_number(capfd: pytest.CaptureFixture[str]) -> None:
    """In front of its stderr lines, and in errors. [EXEC-12]"""
    with pytest.raises(NoResponse, match=r"1 gpu \("):
        main([1], [Worker(program("sys.exit('no licence')"), name="gpu")], settings=Settings(restarts=1))

    assert "1.1 gpu: no licence\n" in capfd.readouterr().err


def test_one_slow_sender_does_not_stall_the_others() -> None:
    """A message that stops half-way blocks nobody but its worker. [EXEC-8]"""
    half = program("i = read()[0]; os.write(1, pickle.dumps(((i, 'x' * 1000), None, None))[:50]); time.sleep(600)")
    settings = Settings(task_timeout_s=1.0, window=1, restarts=1)

    spread = main(range(50), [half, program(ECHO)], settings=settings, past_performance=None)

    assert spread.results == list(range(50))


def test_a_flood_of_text_after_death_is_bounded() -> None:
    """What a grandchild goes on writing is not read for ever. [SHUT-10]"""
    flood = program("""
        read()
        if os.fork() == 0:
            while True:
                os.write(1, b"y" * 65536)
        os._exit(3)
    """)

    with pytest.raises(NoResponse):
        main([1], [flood], settings=Settings(restarts=1))


def test_a_temporary_failure_to_start_is_tried_again() -> None:
    """EAGAIN may heal; a missing program does not. [JOB-4]"""
    failures = [OSError(11, "Resource temporarily unavailable")] * 2

    def factory(arguments: Arguments) -> SubprocessConnection:
        if failures:
            raise failures.pop()
        return SubprocessConnection(arguments)

    assert main([1], [program(ECHO)], factory).results == [1]


def test_the_interrupted_master_ends_within_seconds(tmp_path: Path) -> None:
    """Ctrl-C in the terminal reaches the master alone: workers have their own sessions. [SHUT-10]"""
    script = tmp_path / "job.py"
    script.write_text(
        "import sys\n"
        "from spreadjobs import main\n"
        "def said(sent, answered):\n"
        "    print('answered', flush=True)\n"
        f"worker = {TEMPLATE!r}\n"
        "main([{'op': 'echo', 'value': 1}, {'op': 'sleep', 'seconds': 600}], [worker, worker], stdin=[None],\n"
        "     timing_callback=said)\n",
        encoding="utf-8",
    )
    with SubprocessConnection(
        Arguments(
            [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        )
    ) as master:
        os.set_blocking(master.stdout_fd, True)
        assert os.read(master.stdout_fd, 100).startswith(b"answered")
        master.signal_group(signal.SIGINT)
        begun_s = time.monotonic()
        os.waitid(os.P_PID, master.pid, os.WEXITED | os.WNOWAIT)
        assert time.monotonic() - begun_s < 30
        ended = master.poll()
    assert ended is not None
    assert (ended.status, ended.signal) in {(130, None), (None, "SIGINT"), (1, None)}


def test_a_poison_task_is_named_with_its_attempts() -> None:
    """Worker, cause and last words of each attempt. [JOB-3]"""
    poison = program(
        ECHO.replace("    write(", "    if payload == 'poison':\n        sys.exit('cannot swallow')\n    write(")
    )

    with pytest.raises(PoisonTask, match=r"task 2(?s:.)*stderr: cannot swallow") as caught:
        main([0, 1, "poison", 3], [poison], settings=Settings(window=1))

    assert [attempt.cause for attempt in caught.value.attempts] == ["died"] * 3
    assert [list(attempt.stderr) for attempt in caught.value.attempts] == [["cannot swallow"]] * 3


def test_alive_does_not_put_off_the_end_of_a_stopped_run() -> None:
    """Alive restarts the limit of a task, nothing else. [RUN-12]"""
    lively = program("i = read()[0]\nwhile True:\n    time.sleep(.05)\n    write(('Alive', i))")
    raising = program("i = read()[0]; time.sleep(.3); write(('RemoteException', i, 'T', 'm', '')); stdin.read()")
    begun_s = time.monotonic()

    with pytest.raises(RemoteException):
        main([1, 2], [lively, raising], past_performance=None, settings=Settings(window=1))

    assert time.monotonic() - begun_s < 30


def test_more_text_than_a_message_may_have_is_a_violation() -> None:
    """Text is bounded like messages. [SEC-2]"""
    endless = program(ECHO, "while True: os.write(1, b'x' * 65536)")

    spread = main([1], [endless], settings=Settings(max_message_bytes=1_000_000))

    assert spread.results == [1]
    assert "SEC-2" in spread.workers[0].reason


def test_a_slow_start_has_a_limit_of_its_own() -> None:
    """Until the first answer start_timeout_s stands in place of task_timeout_s. [JOB-4]"""
    slow = program("time.sleep(1.0)", ECHO)

    assert main([1, 2], [slow], settings=Settings(task_timeout_s=0.5, start_timeout_s=60.0)).results == [1, 2]


def test_text_restarts_the_limit_of_shutdown() -> None:
    """The limit counts from the last byte: a worker that goes on writing is not ended. [SHUT-3]"""
    writes = program(ECHO, "for n in range(6): time.sleep(.15); print(n, flush=True)")

    spread = main([1], [writes], settings=Settings(shutdown_timeout_s=0.6))

    assert spread.outputs == [[f"{n}\n" for n in range(6)]]
    assert spread.workers[0].status == 0


@pytest.mark.skipif(not isfunction(Plan.handle), reason="a compiled class cannot be patched")
@pytest.mark.parametrize("moment", range(1, 8))
def test_an_interrupt_at_any_moment_leaves_nothing_behind(moment: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C may come between any two steps of the loop. [SHUT-10]"""
    connections: list[SubprocessConnection] = []
    handled = 0
    handle = Plan.handle

    def factory(arguments: Arguments) -> SubprocessConnection:
        connections.append(SubprocessConnection(arguments))
        return connections[-1]

    def interrupted(plan: Plan, key: int, fact: Fact, now_s: float) -> object:
        nonlocal handled
        orders = handle(plan, key, fact, now_s)
        handled += 1
        if handled == moment:
            raise KeyboardInterrupt  # The orders are lost.
        return orders

    monkeypatch.setattr(Plan, "handle", interrupted)
    with pytest.raises(KeyboardInterrupt):
        main(range(3), [program("sys.exit(3)"), program(ECHO)], factory, settings=Settings(window=1))

    assert connections
    assert all(connection.process.returncode is not None for connection in connections)
