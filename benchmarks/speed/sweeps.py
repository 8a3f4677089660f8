"""Jobs for the plots: tasks a second against the length of a task, and against the number of workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import Pool
from typing import Final, TypeAlias

from speed.clock import check, warming_nap_s
from speed.ours import make_master, warm_naps
from speed.peers import dask_client
from speed.tasks import nap
from speed.values import Load

Naps: TypeAlias = list[tuple[int, float]]
Do: TypeAlias = Callable[[Naps], list[object]]

LENGTHS_S: Final = (0.0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
LONG_S: Final = 0.01
"""A task of such a length takes so long; how many shorter ones fit into the time is tried first."""
TRIED: Final = 100
MOST: Final = 60_000
NAP_S: Final = 0.1
"""The length of the longer tasks against the number of workers."""


@contextmanager
def _ours(load: Load) -> Iterator[Do]:
    with make_master(load) as master:
        warm_naps(master, load.workers)
        yield master.run


@contextmanager
def _imap(load: Load) -> Iterator[Do]:
    with Pool(load.workers) as workers:
        yield lambda todo: list(workers.imap(nap, todo, chunksize=1))


@contextmanager
def _executor(load: Load) -> Iterator[Do]:
    with ProcessPoolExecutor(load.workers) as workers:
        yield lambda todo: list(workers.map(nap, todo, chunksize=1))


@contextmanager
def _joblib(load: Load) -> Iterator[Do]:
    import joblib

    with joblib.Parallel(n_jobs=load.workers) as parallel:
        call = joblib.delayed(nap)
        yield lambda todo: list(parallel(call(each) for each in todo))


@contextmanager
def _dask(load: Load) -> Iterator[Do]:
    with dask_client(load.workers) as do:
        yield lambda todo: do(nap, todo)


WAYS: Final[dict[str, Callable[[Load], AbstractContextManager[Do]]]] = {
    "ours": _ours,
    "imap": _imap,
    "executor": _executor,
    "joblib": _joblib,
    "dask": _dask,
}


def _rate(do: Do, count: int, task_s: float) -> float:
    todo = [(index, task_s) for index in range(count)]
    begun_s = time.perf_counter()
    answers = do(todo)
    took_s = time.perf_counter() - begun_s
    check(answers, range(count))
    return count / took_s


def _warm(do: Do, workers: int) -> None:
    for _ in range(2):
        _rate(do, 3 * workers, warming_nap_s(workers))


def by_length(load: Load) -> dict[str, float]:
    """Tasks a second of one warm pool, for each length, each for about ``load.task_s`` seconds."""
    rates: dict[str, float] = {}
    with WAYS[load.way](load) as do:
        _warm(do, load.workers)
        for length_s in LENGTHS_S:
            rate = load.workers / length_s if length_s >= LONG_S else _tried_rate(do, length_s, load.task_s)
            count = min(MOST, max(2 * load.workers, round(rate * load.task_s)))
            rates[f"{length_s:g}"] = _rate(do, count, length_s)
    return rates


def _tried_rate(do: Do, length_s: float, seconds: float) -> float:
    """Try a hundred tasks, which may take anything, then as many as are thought to take a quarter of the time."""
    rate = _rate(do, TRIED, length_s)
    return _rate(do, min(MOST, max(TRIED, round(rate * seconds / 4))), length_s)


def by_workers(load: Load) -> dict[str, float]:
    """Tasks a second of so many warm workers: noop tasks, and those of a tenth of a second."""
    with WAYS[load.way](load) as do:
        _warm(do, load.workers)
        _rate(do, load.tasks // 4, 0.0)
        return {"noop": _rate(do, load.tasks, 0.0), "nap": _rate(do, 10 * load.workers, NAP_S)}
