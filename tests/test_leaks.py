"""Whatever ends a run, in one process: no worker, no process of its group, thread or descriptor is left."""

from __future__ import annotations

import gc
import itertools
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import ENVIRONMENT, Identity, belongings, logged, survivors
from programs import ECHO, TEMPLATE, echo, program

from spreadjobs import (
    Arguments,
    CannotCreateConnection,
    Master,
    NoResponse,
    PastPerformance,
    PoisonTask,
    RemoteException,
    Settings,
    SubprocessConnection,
    Worker,
    WrongAnswer,
    main,
)
from spreadjobs.descriptors import A_WORKER, SPARE

BUSY = Worker([sys.executable, "-m", "spreadjobs.worker", "busy:work"], env=ENVIRONMENT)
LIMITLESS = Settings(shutdown_timeout_s=1000.0)
"""Who waits for a worker that is at work for ever fails."""


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Whatever a test does, no process, thread or descriptor is left after it. [SHUT-10]"""
    before = belongings()
    yield
    gc.collect()
    assert belongings() == before


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where everyone writes their pids."""
    return tmp_path / "log"


class Unruly(BaseException):
    """No Exception, as Ctrl-C is none; it may come anywhere."""


class Trap:
    """Raises when all are at work."""

    def __init__(self, kind: type[BaseException], log: Path) -> None:
        self.kind = kind
        self.log = log
        self.everyone: list[Identity] = []

    def __call__(self) -> None:
        self.everyone = logged(self.log, 3)
        raise self.kind("in the caller's code")


def until_at_work(log: Path, processes: int) -> Iterator[object]:
    """Tasks for the others until so many processes are at work: nothing is handed out while todo is waited for."""
    while not log.exists() or log.read_bytes().count(b"\n") < processes:
        yield {"do": "nothing", "log": str(log)}


def in_timing(trap: Trap, todo: list[object]) -> None:
    main(todo, [BUSY] * 2, timing_callback=lambda *_: trap(), settings=LIMITLESS)


def in_answer(trap: Trap, todo: list[object]) -> None:
    main(todo, [BUSY] * 2, answer=lambda _answer: trap(), settings=LIMITLESS)


def in_todo(trap: Trap, todo: list[object]) -> None:
    def raising() -> Iterator[object]:
        yield from todo
        yield from until_at_work(trap.log, 3)
        trap()

    main(raising(), [BUSY] * 2, settings=LIMITLESS)


def in_block(trap: Trap, todo: list[object]) -> None:
    with Master([BUSY] * 2, settings=LIMITLESS) as master:
        next(master.stream(todo, ordered=False))
        trap()


def in_consumer(trap: Trap, todo: list[object]) -> None:
    with Master([BUSY] * 2, settings=LIMITLESS) as master:
        for _ in master.outcomes(todo, ordered=False):
            trap()


def in_memory(trap: Trap, todo: list[object]) -> None:
    class Memory(PastPerformance):
        def record(self, _arguments: object, _usefulness: object) -> None:
            trap()

    with Master([BUSY] * 2, past_performance=Memory(), settings=LIMITLESS) as master:
        next(master.stream(todo, ordered=False))


@pytest.mark.parametrize("kind", [KeyError, KeyboardInterrupt, SystemExit, Unruly])
@pytest.mark.parametrize("place", [in_timing, in_answer, in_todo, in_block, in_consumer, in_memory])
def test_an_exception_in_the_callers_code_leaves_nothing(
    log: Path, place: Callable[[Trap, list[object]], None], kind: type[BaseException]
) -> None:
    """One worker is at work for ever, with a child that ignores TERM; the other one has answered. [SHUT-10]"""
    trap = Trap(kind, log)
    todo: list[object] = [{"do": "wait_for_stubborn_child", "log": str(log)}, {"do": "answer_pid", "log": str(log)}]
    with pytest.raises((kind, WrongAnswer)):
        place(trap, todo)

    assert len(trap.everyone) == 3
    assert survivors(trap.everyone) == []


@pytest.mark.parametrize("kind", [KeyError, KeyboardInterrupt])
def test_an_exception_in_the_factory_leaves_nothing(log: Path, kind: type[BaseException]) -> None:
    """One that is started again while another one is at work. [SHUT-10]"""
    started: list[Identity] = []
    starts = itertools.count()

    def factory(arguments: Arguments) -> SubprocessConnection:
        if next(starts) == 2:
            started[:] = logged(log, 2)
            raise kind("in the factory")
        return SubprocessConnection(arguments)

    todo = [{"do": "wait_for_stubborn_child", "log": str(log)}, {"do": "nothing", "log": str(log)}]
    with pytest.raises(kind):
        main(todo, [BUSY, program("read(); sys.exit(3)")], factory, past_performance=None, settings=LIMITLESS)

    assert len(started) == 2
    assert survivors(started) == []


def test_an_exception_in_the_tail_callback_leaves_nothing(log: Path) -> None:
    """It is called when all have ended. [SHUT-10]"""
    seen: list[list[Identity]] = []

    def note(_sent: float, _answered: float) -> None:
        everyone.extend(logged(log, 2))

    def tail(_arguments: list[str], _lines: list[str]) -> None:
        seen.append(survivors(everyone))
        raise KeyboardInterrupt

    everyone: list[Identity] = []
    with pytest.raises(KeyboardInterrupt):
        main(
            [{"do": "leave_a_child", "log": str(log)}],
            [BUSY],
            timing_callback=note,
            tail_callback=tail,
            settings=LIMITLESS,
        )

    assert (len(everyone), seen) == (2, [[]])


class Forgetful(PastPerformance):
    def record(self, _arguments: object, _usefulness: object) -> None:
        raise KeyError("in the memory")


@pytest.mark.parametrize("memory", [None, Forgetful()])
@pytest.mark.parametrize("kind", [KeyError, KeyboardInterrupt])
def test_workers_are_told_to_end_before_they_are_killed(
    log: Path, kind: type[BaseException], memory: PastPerformance | None
) -> None:
    """TERM comes first, whatever else goes wrong. [SHUT-10]"""

    def todo() -> Iterator[object]:
        yield {"do": "note_term", "log": str(log)}
        yield from until_at_work(log, 1)
        raise kind("in todo")

    with pytest.raises(kind):
        main(todo(), [BUSY] * 2, past_performance=memory, settings=LIMITLESS)

    assert Path(f"{log}.term").exists()


@pytest.mark.parametrize("how", ["closed", "collected", "left open"])
def test_a_stream_that_is_not_finished_leaves_nothing(log: Path, how: str) -> None:
    """At the end of the block nobody waits for tasks whose answers nobody wants. [SHUT-10]"""
    todo = [{"do": "answer_pid", "log": str(log)}, {"do": "wait_for_stubborn_child", "log": str(log)}]
    with Master([BUSY] * 2, settings=LIMITLESS) as master:
        stream = master.stream(todo)
        next(stream)
        everyone = logged(log, 3)
        if how == "closed":
            stream.close()
        elif how == "collected":
            del stream

    assert survivors(everyone) == []


def test_a_worker_that_has_answered_all_keeps_its_time_to_end() -> None:
    """Only those are hurried that hold what nobody wants. [SHUT-3]"""
    slow = program(ECHO, "time.sleep(2.5); print('goodbye', flush=True)")
    with Master([slow]) as master:
        assert list(master.stream([1, 2])) == [1, 2]

    assert master.outputs == [["goodbye\n"]]


def test_an_interrupted_master_says_so(log: Path) -> None:
    """Its workers have ended before the interrupt is raised; whoever goes on is told to make another one. [SHUT-10]"""

    def todo() -> Iterator[object]:
        yield {"do": "wait_for_stubborn_child", "log": str(log)}
        yield from until_at_work(log, 2)
        everyone.extend(logged(log, 2))
        raise KeyboardInterrupt

    everyone: list[Identity] = []
    with Master([BUSY] * 2, settings=LIMITLESS) as master:
        with pytest.raises(KeyboardInterrupt):
            master.run(todo())
        assert len(everyone) == 2
        assert survivors(everyone) == []
        for use in (master.run, master.stream, master.outcomes):
            with pytest.raises(RuntimeError, match="was interrupted, and its workers were ended: make another Master"):
                use([1])

    assert [report.name for report in master.workers] == ["1.1", "2.1"]


def test_an_exception_of_the_callers_leaves_a_master_usable() -> None:
    """A callback that raised, as a task that did, is no interrupt. [JOB-1]"""
    with Master([program(ECHO)], answer=lambda answer: 1 // int(str(answer))) as master:
        with pytest.raises(WrongAnswer):
            master.run([1, 0])
        assert master.run([1]) == [1]


def test_masters_may_overlap_in_any_order() -> None:
    """The first one to end does not take the descriptors of the other. [JOB-1]"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = belongings()[2]
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, hard))
    try:
        first, second = Master([Worker(program(ECHO), count=4)]), Master([Worker(program(ECHO), count=6)])
        with first:
            first.__enter__  # noqa: B018 - the blocks overlap; they are not nested
            second.__enter__()
            assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == max(used + 20, 10 * A_WORKER + SPARE)
            assert first.run(range(20)) == list(range(20))
        try:
            assert second.run(range(50)) == list(range(50))
        finally:
            second.__exit__(None, None, None)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == used + 20
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- a hundred runs


def good() -> None:
    assert main([1, 2, 3], [program(ECHO)] * 2).results == [1, 2, 3]


def command() -> None:
    assert main([], [["echo", "x"]]).outputs == [["x\n"]]


def remote() -> None:
    with pytest.raises(RemoteException):
        main([{"op": "raise", "type": "T", "message": "m"}], [TEMPLATE] * 2, stdin=[None])


def poison() -> None:
    todo = [echo(1), {"op": "exit", "status": 3}]
    with pytest.raises(PoisonTask):
        main(todo, [TEMPLATE], stdin=[None], settings=Settings(max_attempts=1, window=1))


def timed_out() -> None:
    settings = Settings(task_timeout_s=0.1, start_timeout_s=60.0, max_attempts=1, window=1)
    todo = [echo(1), {"op": "sleep", "seconds": 1000}]
    with pytest.raises(PoisonTask):
        main(todo, [TEMPLATE], stdin=[None], settings=settings)


def violation() -> None:
    with pytest.raises(NoResponse):
        main([1], [program("print('hello', flush=True); stdin.read()")], settings=Settings(restarts=1))


def no_worker() -> None:
    with pytest.raises(NoResponse):
        main([1], [["true"]], settings=Settings(restarts=1))


def not_started() -> None:
    with pytest.raises(CannotCreateConnection):
        main([1], [["/nowhere/to/be/found"]])


def bad_todo() -> None:
    with pytest.raises(ZeroDivisionError):
        main((1 // number for number in (1, 0)), [program(ECHO)])


def interrupted() -> None:
    def raise_it(_sent: float, _answered: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        main([1, 2], [program(ECHO)] * 2, timing_callback=raise_it)


def left_early() -> None:
    with Master([program(ECHO)]) as master:
        assert next(master.stream(itertools.count())) == 0


def in_a_thread() -> None:
    thread = threading.Thread(target=good)
    thread.start()
    thread.join()


KINDS = [
    *(good, command, remote, poison, timed_out, violation, no_worker),
    *(not_started, bad_todo, interrupted, left_early, in_a_thread),
]


@pytest.mark.slow
def test_a_hundred_runs_in_one_process_leave_nothing() -> None:
    """Failures of every kind among them: no growth in descriptors, threads or children. [SHUT-10]"""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    gc.collect()
    before = belongings()

    for number, run in zip(range(100), itertools.cycle(KINDS), strict=False):
        run()
        assert belongings() == before, f"after run {number}, {run.__name__}"

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limit
