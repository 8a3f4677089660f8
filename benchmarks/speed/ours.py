"""Jobs in which a Master of this project is measured. All of its checks are on: nothing is set that users would not."""

from __future__ import annotations

import time
from typing import Final, Literal

from speed.clock import check, consume, noops, peak_bytes, warming_nap_s
from speed.programs import command
from speed.values import Load
from spreadjobs import Master, Settings, Worker, main, states

MEGA: Final = 10**6
WARM_TRIES: Final = 30


def make_master(load: Load) -> Master[object]:
    """A Master of so many workers that run the load's program."""
    window: int | Literal["auto"] = load.window or "auto"
    return Master(
        [Worker(command(load.program), count=load.workers)], settings=Settings(window=window), past_performance=None
    )


def all_answered(master: Master[object], workers: int) -> None:
    """Raise unless each worker did something: a figure for two workers is not to be one worker's."""
    idle = sum(not report.answered for report in master.workers)
    if idle or len(master.workers) != workers:
        raise AssertionError(f"{len(master.workers)} workers were started, {workers} are due; {idle} answered nothing")


def noop(load: Load) -> dict[str, float]:
    """Noop tasks through ``run()`` or ``stream()``."""
    with make_master(load) as master:
        if load.way == "stream":
            values = noops(lambda todo: list(master.stream(todo)), load.tasks)
        else:
            values = noops(master.run, load.tasks)
    all_answered(master, load.workers)
    return values


def noop_compiled(load: Load) -> dict[str, float]:
    """As ``noop``, in a package whose hot modules are compiled."""
    if states.__file__.endswith(".py"):
        raise AssertionError(f"not compiled: {states.__file__}")
    return noop(load)


def last_answer(load: Load) -> dict[str, float]:
    """The time from handing over all tasks to the last answer, with workers that are warm."""
    with make_master(load) as master:
        warm_naps(master, load.workers)
        begun_s = time.perf_counter()
        answers = master.run((index, load.task_s) for index in range(load.tasks))
        took_s = time.perf_counter() - begun_s
        check(answers, range(load.tasks))
    all_answered(master, load.workers)
    return {"s": took_s, "over_ideal": took_s / (load.task_s * load.tasks / load.workers)}


def warm_naps(master: Master[object], workers: int) -> None:
    """
    Let every worker answer something: tasks that sleep are not all done by the first that is up.

    Raises:
        AssertionError: it is not so after many tries.
    """
    seen: set[object] = set()
    for _ in range(WARM_TRIES):
        seen.update(master.run([(None, warming_nap_s(workers))] * (2 * workers)))
        if len(seen) == workers:
            return
    raise AssertionError(f"{len(seen)} workers of {workers} have answered")


def streamed_memory(load: Load) -> dict[str, float]:
    """The peak memory of this process when tiny tasks are streamed and no answer is kept."""
    with make_master(load) as master:
        begun_s, due = time.perf_counter(), 0
        for answer in master.stream(iter(range(load.tasks))):
            if answer != due:
                raise AssertionError(f"answer {due} is {answer!r}")
            due += 1
        took_s = time.perf_counter() - begun_s
    if due != load.tasks:
        raise AssertionError(f"{due} answers of {load.tasks}")
    return {"peak": peak_bytes(), "us": 1e6 * took_s / load.tasks}


def large_answers(load: Load) -> dict[str, float]:
    """Answers of so many bytes through ``stream()``, none of them kept."""
    with make_master(load) as master:
        for _ in range(2):
            check([len(as_bytes(each)) for each in master.run([load.size_bytes] * 8)], [load.size_bytes] * 8)
        begun_s, seen = time.perf_counter(), 0
        for answer in master.stream([load.size_bytes] * load.tasks):
            seen += len(as_bytes(answer)) == load.size_bytes
        took_s = time.perf_counter() - begun_s
        check(master.run([load.size_bytes]), [b"." * load.size_bytes])
    if seen != load.tasks:
        raise AssertionError(f"{seen} good answers of {load.tasks}")
    all_answered(master, load.workers)
    return {"ms": 1e3 * took_s / load.tasks, "mb_s": load.tasks * load.size_bytes / took_s / MEGA}


def as_bytes(answer: object) -> bytes:
    """The answer, if it is what is due."""
    if not isinstance(answer, bytes):
        raise TypeError(f"bytes were due, a {type(answer).__name__} came")
    return answer


def huge_answer(load: Load) -> dict[str, float]:
    """One answer; the worker holds what it sends already, and copies nothing."""
    with make_master(load) as master:
        check(master.run([1]), [b"."])
        begun_s = time.perf_counter()
        (answer,) = master.run([load.size_bytes])
        took_s = time.perf_counter() - begun_s
        peak = peak_bytes()
        if len(as_bytes(answer)) != load.size_bytes:
            raise AssertionError("an answer of another size")
    return {"s": took_s, "peak": peak, "peak_of_payload": peak / load.size_bytes}


def many_workers(load: Load) -> dict[str, float]:
    """CPU time of the master's thread a task, with so many workers that sleep."""
    with make_master(load) as master:
        warm_naps(master, load.workers)
        begun_s, begun_cpu_s = time.perf_counter(), time.thread_time()
        answers = master.run((index, load.task_s) for index in range(load.tasks))
        cpu_s, took_s = time.thread_time() - begun_cpu_s, time.perf_counter() - begun_s
        check(answers, range(load.tasks))
    all_answered(master, load.workers)
    return {"cpu_us": 1e6 * cpu_s / load.tasks, "s": took_s}


def slow_consumer(load: Load) -> dict[str, float]:
    """A caller that takes its time, and ``stream()``."""
    with make_master(load) as master:
        warm_naps(master, load.workers)
        begun_s = time.perf_counter()
        consume(master.stream((index, load.task_s) for index in range(load.tasks)), load.way)
        took_s = time.perf_counter() - begun_s
    all_answered(master, load.workers)
    return {"s": took_s}


def one_task(load: Load) -> dict[str, float]:
    """A whole ``main()`` of one task, in a process in which everything is imported."""
    begun_s = time.perf_counter()
    results, _ = main([1], [command(load.program)])
    took_s = time.perf_counter() - begun_s
    check(results, [1])
    return {"s": took_s}
