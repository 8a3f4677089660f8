"""What the measuring jobs share: warm workers, checked answers, the clock, peak memory."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

WARM_TASKS: Final = 300
PAUSE_S: Final = 0.3
"""Between two goes of warming: a worker that was not up yet in the first is in the second."""


def check(answers: Iterable[object], due: Iterable[object]) -> None:
    """Raise unless all answers are right and in order: a fast wrong one is no contestant."""
    came, wanted = list(answers), list(due)
    if came != wanted:
        wrong = next((index for index, pair in enumerate(zip(came, wanted, strict=False)) if pair[0] != pair[1]), -1)
        raise AssertionError(f"{len(came)} answers of {len(wanted)}; the first wrong one: {wrong}")


def warm(do: Callable[[range], list[object]]) -> None:
    """Let a pool do a few hundred tasks, twice, before the clock starts."""
    for _ in range(2):
        check(do(range(WARM_TASKS)), range(WARM_TASKS))
        time.sleep(PAUSE_S)


def warming_nap_s(workers: int) -> float:
    """So long a task of warming sleeps: the more workers, the longer it takes until all of them are up."""
    return max(0.05, workers / 1000)


def noops(do: Callable[[range], list[object]], tasks: int) -> dict[str, float]:
    """Time so many noop tasks of a warm pool."""
    warm(do)
    todo = range(tasks)
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    answers = do(todo)
    took_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - begun_cpu_s
    check(answers, todo)
    return {"us": 1e6 * took_s / tasks, "cpu_us": 1e6 * cpu_s / tasks}


def peak_bytes() -> float:
    """The most memory that this process, without its children, ever had resident."""
    status = Path("/proc/self/status")
    if status.exists():
        words = next(
            line for line in status.read_text(encoding="ascii").split("\n") if line.startswith("VmHWM")
        ).split()
        return 1024.0 * float(words[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


CONSUMER_S: Final = 0.012
PAUSE_EVERY: Final = 25
LONG_PAUSE_S: Final = 0.25


def consume(answers: Iterable[object], way: str) -> None:
    """Take answers as a caller with work of its own does: it sleeps or computes for each, or pauses after many."""
    for due, answer in enumerate(answers):
        if answer != due:
            raise AssertionError(f"answer {due} is {answer!r}")
        if way == "sleep":
            time.sleep(CONSUMER_S)
        elif way == "compute":
            until_s = time.perf_counter() + CONSUMER_S
            while time.perf_counter() < until_s:
                pass
        elif way == "pause":
            if (due + 1) % PAUSE_EVERY == 0:
                time.sleep(LONG_PAUSE_S)
        else:
            raise ValueError(f"a consumer of the kind {way!r}")
