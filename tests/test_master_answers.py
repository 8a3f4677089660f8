"""``main()`` with real worker processes: answers in every codec and dialect, as they come, checked or converted."""

from __future__ import annotations

import copy
import os
import pickle
import sys
import threading
from pathlib import Path

import pytest
from programs import ECHO, TEMPLATE, echo, program

from spreadjobs import (
    LEGACY,
    Arguments,
    RemoteException,
    Settings,
    Spread,
    SubprocessConnection,
    Worker,
    WrongAnswer,
    main,
    notComputed,
)

pytestmark = pytest.mark.usefixtures("nothing_is_left")


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


def test_a_connection_factory_may_wrap_the_command() -> None:
    """As ssh would be put before it; the hints are then lost, and not needed. [EXEC-4]"""

    def factory(arguments: Arguments) -> SubprocessConnection:
        return SubprocessConnection(["env", "-u", "SPREAD_JOBS_CODEC", *arguments])

    assert main([1], [program(ECHO)], factory).results == [1]


def test_main_works_in_a_thread() -> None:
    """No signal handler is installed, so any thread will do. [JOB-1]"""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.extend(main([1, 2], [program(ECHO)]).results))
    thread.start()
    thread.join(30)

    assert results == [1, 2]


def test_the_python_running_this_can_be_the_worker() -> None:
    """sys.executable with -m spreadjobs.worker serves a function of the standard library. [RUN-5]"""
    assert main([4, 9.0], [[sys.executable, "-m", "spreadjobs.worker", "math:sqrt"]]).results == [2.0, 3.0]


def test_a_spread_can_be_copied_and_pickled() -> None:
    """With its reports. [SHUT-8]"""
    spread = main([1], [program(ECHO)])

    for other in (copy.copy(spread), copy.deepcopy(spread), pickle.loads(pickle.dumps(spread))):
        assert other == spread
        assert other.workers == spread.workers


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
