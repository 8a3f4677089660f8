"""Jobs that start many workers: until the last of them was started, which is when its Popen has returned."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress

from speed.programs import command
from speed.values import Load
from spreadjobs import Arguments, Connection, Master, SubprocessConnection

NAP_S = 1.0
"""Longer than the start of all of them takes, so that no answer comes in between and each is needed."""


class Stopwatch:
    """A connection factory that notes when each worker was started."""

    def __init__(self) -> None:
        self.started_s: list[float] = []

    def __call__(self, arguments: Arguments) -> Connection:
        """Start a worker as the library does by itself."""
        connection = SubprocessConnection(arguments)
        self.started_s.append(time.perf_counter())
        return connection


def arguments_of(load: Load) -> list[str]:
    """The worker's: a template that gets a task, or a plain command that gets none."""
    return ["cat"] if load.program == "cat" else command(load.program)


def ours(load: Load) -> dict[str, float]:
    """From making the Master to the last start."""
    _ours(load, 2)
    return {"s": _ours(load, load.workers)}


def _ours(load: Load, workers: int) -> float:
    watch = Stopwatch()
    begun_s = time.perf_counter()
    with Master([arguments_of(load)] * workers, watch, past_performance=None) as master:
        naps = workers if load.program != "cat" else 0
        master.run((index, NAP_S) for index in range(naps))
    if len(watch.started_s) != workers:
        raise AssertionError(f"{len(watch.started_s)} workers were started, {workers} are due")
    return watch.started_s[-1] - begun_s


def bare(load: Load) -> dict[str, float]:
    """The same processes in a loop."""
    _bare(load, 2)
    return {"s": _bare(load, load.workers)}


def _bare(load: Load, workers: int) -> float:
    begun_s = time.perf_counter()
    processes = [
        subprocess.Popen(
            arguments_of(load),
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        for _ in range(workers)
    ]
    took_s = time.perf_counter() - begun_s
    for process in processes:
        with suppress(BrokenPipeError):
            process.communicate()
    return took_s
