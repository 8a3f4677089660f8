"""Jobs in which peers are measured, each in the way that its documentation recommends, with pools that are warm."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import Pool
from typing import TypeAlias

from speed.clock import check, consume, noops
from speed.tasks import nap, noop
from speed.values import Load

DaskMap: TypeAlias = Callable[[object, Iterable[object]], list[object]]


def pool(load: Load) -> dict[str, float]:
    """multiprocessing.Pool."""
    with Pool(load.workers) as workers:
        if load.way == "imap":
            return noops(lambda todo: list(workers.imap(noop, todo, chunksize=1)), load.tasks)
        chunk = None if load.way == "map automatic" else 1
        return noops(lambda todo: workers.map(noop, todo, chunksize=chunk), load.tasks)


def executor(load: Load) -> dict[str, float]:
    """concurrent.futures.ProcessPoolExecutor.map."""
    with ProcessPoolExecutor(load.workers) as workers:
        return noops(lambda todo: list(workers.map(noop, todo, chunksize=1)), load.tasks)


def loky_map(load: Load) -> dict[str, float]:
    """Call map of loky's ProcessPoolExecutor."""
    import loky

    with loky.ProcessPoolExecutor(load.workers) as workers:
        return noops(lambda todo: list(workers.map(noop, todo, chunksize=1)), load.tasks)


def joblib_parallel(load: Load) -> dict[str, float]:
    """One joblib.Parallel for all calls, so that it keeps its workers; its batches grow by themselves."""
    import joblib

    with joblib.Parallel(n_jobs=load.workers, batch_size=load.window or "auto") as parallel:
        call = joblib.delayed(noop)
        return noops(lambda todo: list(parallel(call(each) for each in todo)), load.tasks)


def mpire_map(load: Load) -> dict[str, float]:
    """Call map of mpire's WorkerPool."""
    import mpire

    chunk = load.window or None
    with mpire.WorkerPool(n_jobs=load.workers, keep_alive=True) as workers:
        return noops(lambda todo: list(workers.map(noop, todo, chunk_size=chunk)), load.tasks)


def execnet_channels(load: Load) -> dict[str, float]:
    """One execnet channel a worker, so many tasks ahead at each; answers come to one queue."""
    import execnet

    group = execnet.Group(["popen"] * load.workers)
    source = "while True:\n    index, payload = channel.receive()\n    channel.send((index, payload))\n"
    channels = group.remote_exec(source)
    queue = channels.make_receive_queue()

    def do(todo: range) -> list[object]:
        answers: list[object] = [None] * len(todo)
        requests = enumerate(todo)
        for channel, request in zip(list(channels) * load.window, requests, strict=False):
            channel.send(request)
        for _ in todo:
            channel, (index, payload) = queue.get()
            answers[index] = payload
            following = next(requests, None)
            if following is not None:
                channel.send(following)
        return answers

    values = noops(do, load.tasks)
    group.terminate(timeout=1.0)
    return values


def dask_map(load: Load) -> dict[str, float]:
    """Dask: client.map and client.gather, worker processes of one thread, no dashboard."""
    with dask_client(load.workers) as do:
        return noops(lambda todo: do(noop, todo), load.tasks)


@contextmanager
def dask_client(workers: int) -> Iterator[DaskMap]:
    """A cluster of local processes and its client, as one function that maps."""
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):

        def do(function: object, todo: Iterable[object]) -> list[object]:
            answers: list[object] = client.gather(client.map(function, todo, pure=False))
            return answers

        yield do


def slow_consumer(load: Load) -> dict[str, float]:
    """A caller that takes its time, and ``Pool.imap``."""
    with Pool(load.workers) as workers:
        tasks = 3 * load.workers
        for _ in range(2):
            check(workers.imap(nap, ((index, load.task_s) for index in range(tasks))), range(tasks))
        begun_s = time.perf_counter()
        consume(workers.imap(nap, ((index, load.task_s) for index in range(load.tasks)), chunksize=1), load.way)
        return {"s": time.perf_counter() - begun_s}
