"""``main()`` and ``Master`` with real worker processes."""

from __future__ import annotations

import copy
import itertools
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import ECHO, TEMPLATE, echo, program

from spreadjobs import (
    LEGACY,
    Answered,
    Arguments,
    CannotCreateConnection,
    CannotEncode,
    Failed,
    Master,
    NoResponse,
    PoisonTask,
    Quarantined,
    RemoteException,
    Settings,
    Spread,
    SubprocessConnection,
    UnencodableTask,
    Worker,
    WrongAnswer,
    main,
    notComputed,
)
from spreadjobs.master import STREAM_BOUND, STREAM_BOUND_A_WORKER


def children() -> set[int]:
    """Processes that this one has started and not reaped."""
    task = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return {int(pid) for pid in task.read_text(encoding="ascii").split()}


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Whatever a test does, no process, thread or descriptor of the workers is left after it. [SHUT-10]"""
    before = (children(), threading.active_count(), len(list(Path("/proc/self/fd").iterdir())))
    yield
    assert (children(), threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))) == before


# --- answers


@pytest.mark.parametrize(
    "settings",
    [Settings(window=1), Settings(window=7), Settings(), Settings(codec="json", window=7), Settings(codec="json")],
    ids=lambda settings: f"{settings.codec}-{settings.window}",
)
def test_answers_come_in_todo_order(settings: Settings) -> None:
    """Whatever the codec and the window. [JOB-1, RUN-8]"""
    worker = [*TEMPLATE, "--codec", settings.codec]

    spread = main(map(echo, range(500)), [worker] * 2, stdin=[None], settings=settings)

    assert spread.results == list(range(500))
    assert spread.outputs == [[], []]
    assert sum(report.answered for report in spread.workers) == 500


def test_the_spread_is_a_pair_with_reports() -> None:
    """It unpacks as the documentation says, and knows how each worker ended. [SHUT-8]"""
    spread = main([1], [program(ECHO), ["true"]], past_performance=None)
    results, outputs = spread

    assert isinstance(spread, Spread)
    assert (results, outputs) == ([1], [[], []])
    assert [report.name for report in spread.workers] == ["1.1", "2.1"]
    assert {report.status for report in spread.workers} == {0}


@pytest.mark.parametrize("size", [2**16 - 1, 2**16, 2**16 + 1, 2**22])
def test_large_payloads_and_answers_do_not_deadlock(size: int) -> None:
    """Messages of any size in both directions, several at a time. [EXEC-8]"""
    payload = os.urandom(size)

    assert main([payload] * 6, [program(ECHO)] * 2, settings=Settings(window=3)).results == [payload] * 6


def test_a_worker_that_writes_more_than_it_reads_does_not_deadlock() -> None:
    """Preparation is written while output and stderr are read. [EXEC-8]"""
    noisy = program("for _ in range(3): pickle.load(stdin); sys.stderr.write('x' * 300000 + chr(10))", ECHO)

    assert main([1, 2], [noisy], stdin=[b"a" * 10**6] * 3).results == [1, 2]


def test_hints_are_in_the_environment() -> None:
    """Protocol, codec, and the worker's name. [EXEC-5]"""
    hints = program(
        "i = read()[0]; write((i, [os.environ['SPREAD_JOBS_' + x] for x in ('PROTOCOL', 'CODEC', 'WORKER')]))"
    )

    assert main([1], [hints]).results == [["1.0", "pickle", "1.1"]]


def test_a_worker_object_says_count_env_and_cwd(tmp_path: Path) -> None:
    """Several processes of one argument list share one list of output lines. [EXEC-1, SHUT-8]"""
    script = 'echo "$WHO in $(pwd)"'
    spread = main([], [Worker(["sh", "-c", script], count=3, env={"WHO": "me"}, cwd=tmp_path), ["echo", "2"]])

    assert spread.outputs == [[f"me in {tmp_path}\n"] * 3, ["2\n"]]
    assert [report.name for report in spread.workers] == ["1.1", "2.1", "3.1", "4.1"]


@pytest.mark.parametrize("protocol", range(6))
def test_every_pickle_protocol_is_spoken(protocol: int) -> None:
    """The master writes the declared one, and reads any. [PKL-1, WIRE-6]"""
    writes = program(
        f"def write(first):\n    stdout.write(pickle.dumps((first, None, None), {protocol})); stdout.flush()", ECHO
    )
    values = [None, True, -1, 2**70, 1.5, "\u00fc", b"\x00.", [1, (2,)], {"a": {1}}]

    assert main(values, [writes], settings=Settings(pickle_protocol=protocol)).results == values


def test_the_untagged_dialect_is_spoken() -> None:
    """Bare payloads and bare values, in lock-step; an instance of RemoteException is a failure. [UNT-2, UNT-5]"""
    untagged = [*TEMPLATE, "--dialect", "untagged"]

    assert main([echo(i) for i in range(20)], [untagged] * 2, stdin=[None], settings=LEGACY).results == list(range(20))
    with pytest.raises(RemoteException, match="task 0 raised Boom: m"):
        main([{"op": "raise", "type": "Boom", "message": "m"}], [untagged], stdin=[None], settings=LEGACY)


# --- answer=


def test_answers_are_checked_or_converted() -> None:
    """A type is an isinstance check, a callable converts. [JOB-1]"""
    assert main([1, 2], [program(ECHO)], answer=int).results == [1, 2]
    assert main([1, 2], [program(ECHO)], answer=str.__call__).results == ["1", "2"]


def test_an_answer_of_another_type_is_raised_with_its_task() -> None:
    """The error says what came, what was asked for, and which task it is. [JOB-1]"""
    with pytest.raises(WrongAnswer, match=r"the answer to task 1, from worker 1\.1: it is of type str") as caught:
        main([1, "x"], [program(ECHO)], answer=int, settings=Settings(window=1))

    assert isinstance(caught.value, TypeError)
    assert (caught.value.task_index, list(caught.value.partial)) == (1, [1, notComputed])


def test_what_the_converter_raises_is_raised() -> None:
    """With the task and the answers so far. [JOB-1]"""

    def convert(_answer: object) -> int:
        raise KeyError("wrong")

    with pytest.raises(WrongAnswer, match=r"the answer to task 0, .* answer= raised KeyError: 'wrong'") as caught:
        main([1], [program(ECHO)], answer=convert)

    assert isinstance(caught.value.__cause__, KeyError)


def test_settings_that_are_none_are_refused_with_the_cure() -> None:
    """A dict by mistake. [JOB-4]"""
    with pytest.raises(TypeError, match=r"settings is of type dict: Settings\("):
        main([1], [["true"]], settings={"codec": "json"})  # type: ignore[call-overload]


def test_a_killer_task_that_comes_first_does_not_cost_the_others() -> None:
    """Another task is tried before a slot that never answered is given up. [JOB-2, JOB-3]"""
    die = {"op": "exit", "status": 3}
    for workers, todo in ((1, [die, echo(1), echo(2)]), (2, [die, die, echo(2), echo(3)])):
        with pytest.raises(PoisonTask, match="task 0") as caught:
            main(todo, [TEMPLATE] * workers, stdin=[None])
        assert list(caught.value.partial) == [notComputed if item == die else item["value"] for item in todo]


def test_a_program_that_starts_a_run_when_a_worker_imports_it_is_stopped(tmp_path: Path) -> None:
    """Without the guard each worker would start workers, without end. [JOB-4]"""
    (tmp_path / "unguarded.py").write_text(
        "import sys\n"
        "from spreadjobs import main\n"
        "def double(payload):\n"
        "    return 2 * payload\n"
        "print(main([1, 2], [[sys.executable, '-m', 'spreadjobs.worker', 'unguarded:double']]))\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "unguarded.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "its top level starts workers itself, without end" in done.stderr
    assert "if __name__ == '__main__':" in done.stderr


# --- bad input


def test_todo_that_cannot_be_iterated_is_refused_before_anything_is_started() -> None:
    """The error names the cure. [JOB-4]"""
    with pytest.raises(TypeError, match=r"todo is of type int: .* write \[payload\]"):
        main(5, [["/nowhere"]])  # type: ignore[call-overload]
    with Master([["/nowhere"]]) as master, pytest.raises(TypeError, match="todo is of type int"):
        master.run(5)  # type: ignore[arg-type]


def test_list_of_args_is_checked_before_anything_is_started() -> None:
    """A list of strings by mistake is named, with the cure. [JOB-4]"""
    with pytest.raises(TypeError, match=r"did you mean \[\['cat'\]\]"):
        main([1], ["cat"])
    with pytest.raises(ValueError, match="list_of_args"):
        main([1], [])


@pytest.mark.parametrize("stdin", ["text", b"bytes", 5])
def test_preparation_is_a_list_of_items(stdin: object) -> None:
    """A string by mistake would be sent letter by letter. [PREP-1]"""
    with pytest.raises(TypeError, match="a list of preparation items is due"):
        main([1], [["/nowhere"]], stdin=stdin)  # type: ignore[call-overload]


def test_a_preparation_item_that_cannot_be_encoded_is_named() -> None:
    """Before anything is started. [PREP-1]"""
    with pytest.raises(CannotEncode, match="preparation item 1, of type function"):
        main([1], [["/nowhere"]], stdin=[1, lambda: None])


def test_a_payload_that_cannot_be_encoded_is_named_and_the_others_are_done() -> None:
    """Index, type and reason; nothing else is lost. [JOB-1, JSON-5]"""
    todo: list[object] = [1, lambda: None, 2, {3}, 4]

    with pytest.raises(UnencodableTask, match="task 1: ") as caught:
        main(todo, [program(ECHO)])
    assert list(caught.value.partial) == [1, notComputed, 2, {3}, 4]
    assert (caught.value.task_index, list(caught.value.reasons)) == (1, [1])
    assert "function" in caught.value.reasons[1]

    json = [*TEMPLATE, "--codec", "json"]
    with pytest.raises(UnencodableTask, match=r"task 1: (?s:.)*task 3: ") as caught:
        main(map(echo, todo), [json], stdin=[None], settings=Settings(codec="json"))
    assert list(caught.value.partial) == [1, notComputed, 2, notComputed, 4]


def test_an_answer_of_a_class_that_is_not_allowed_names_the_setting() -> None:
    """The refusal says which setting admits it. [SEC-3]"""
    sends = program("import fractions, pathlib; i = read()[0]; write((i, pathlib.PurePosixPath('x')))")

    with pytest.raises(NoResponse, match=r"pathlib(?s:.)*allow="):
        main([1], [sends])


def test_a_todo_that_raises_ends_the_workers_and_is_raised() -> None:
    """The generator's exception comes as it is. [JOB-1]"""

    def todo() -> Iterator[int]:
        yield 1
        raise KeyError("in todo")

    with pytest.raises(KeyError, match="in todo"):
        main(todo(), [program(ECHO)])


def test_a_tail_callback_that_raises_is_raised_after_the_workers_ended() -> None:
    """Exit works. [SHUT-10]"""

    def tail(_arguments: list[str], _lines: list[str]) -> None:
        raise KeyError("in tail")

    with pytest.raises(KeyError, match="in tail"):
        main([], [["echo", "x"]], tail_callback=tail)


# --- Master


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


def test_too_many_workers_for_the_descriptors_is_said_before_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how many there can be. [JOB-4]"""
    with monkeypatch.context() as patched:
        patched.setattr("spreadjobs.descriptors.resource.getrlimit", lambda _: (100, 100))
        with pytest.raises(OSError, match="start 12 at most"):
            main([1], [Worker(["true"], count=1000)])


def test_nothing_can_be_started() -> None:
    """CannotCreateConnection with every reason; it is a NoResponse too. [JOB-4]"""
    with pytest.raises(CannotCreateConnection) as caught:
        main([1, 2], [["/nowhere/a"], ["/nowhere/b"]])

    assert isinstance(caught.value, NoResponse)
    assert list(caught.value.reasons) == ["1", "2"]


def test_a_connection_factory_may_wrap_the_command() -> None:
    """As ssh would be put before it; the hints are then lost, and not needed. [EXEC-4]"""

    def factory(arguments: Arguments) -> SubprocessConnection:
        return SubprocessConnection(["env", "-u", "SPREAD_JOBS_CODEC", *arguments])

    assert main([1], [program(ECHO)], factory).results == [1]


def test_a_factory_that_raises_ends_the_run() -> None:
    """An exception that is no OSError is the factory's fault, and is raised. [JOB-1]"""

    def factory(_arguments: Arguments) -> SubprocessConnection:
        raise KeyError("no such host")

    with pytest.raises(KeyError, match="no such host"):
        main([1], [["true"]], factory)


def test_main_works_in_a_thread() -> None:
    """No signal handler is installed, so any thread will do. [JOB-1]"""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.extend(main([1, 2], [program(ECHO)]).results))
    thread.start()
    thread.join(30)

    assert results == [1, 2]


def test_a_pickled_answer_runs_no_code(tmp_path: Path) -> None:
    """A worker's bytes never become a call in the master. [SEC-1]"""
    victim = tmp_path / "victim"
    evil = pickle.dumps(0)[:2] + f"cos\nsystem\n(S'touch {victim}'\ntR.".encode()

    with pytest.raises(NoResponse):
        main([1], [program(f"read(); stdout.write({evil!r}); stdout.flush(); stdin.read()")])

    assert not victim.exists()


def test_the_python_running_this_can_be_the_worker() -> None:
    """sys.executable with -m spreadjobs.worker serves a function of the standard library. [RUN-5]"""
    assert main([4, 9.0], [[sys.executable, "-m", "spreadjobs.worker", "math:sqrt"]]).results == [2.0, 3.0]


def test_a_consumer_that_pauses_does_not_cost_workers_their_time() -> None:
    """What passes in the caller's code counts against no limit. [JOB-2]"""
    settings = Settings(task_timeout_s=0.5, window=1)
    with Master([program(ECHO)] * 2, settings=settings) as master:
        for number, answer in enumerate(master.stream([b"x" * 400_000] * 6)):
            assert answer == b"x" * 400_000
            if number == 2:
                threading.Event().wait(1.0)  # The caller is busy for longer than a task may take.

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


def test_a_spread_can_be_copied_and_pickled() -> None:
    """With its reports. [SHUT-8]"""
    spread = main([1], [program(ECHO)])

    for other in (copy.copy(spread), copy.deepcopy(spread), pickle.loads(pickle.dumps(spread))):
        assert other == spread
        assert other.workers == spread.workers


def test_one_answer_that_is_not_admitted_does_not_cost_the_others() -> None:
    """Its task is set aside with the cure; the worker's slot is not given up for it. [SEC-3, JOB-3]"""
    worker = program("import pathlib", ECHO.replace("payload))", "pathlib.PurePath() if payload == 1 else payload))"))

    with pytest.raises(PoisonTask, match=r"task 1(?s:.)*refused answer(?s:.)*allow=") as caught:
        main([0, 1, 2, 3, 4], [worker], settings=Settings(window=1))

    assert list(caught.value.partial) == [0, notComputed, 2, 3, 4]
