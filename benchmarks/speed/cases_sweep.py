"""The cases that are plotted: tasks a second against the length of a task and against the number of workers."""

from __future__ import annotations

from collections.abc import Sequence

from speed.sweeps import LENGTHS_S
from speed.values import Case, Contestant, Load

WORKERS = (1, 3, 10, 30, 100, 300, 1000)
MOST_PROCESSES = {"ours": 1000, "imap": 1000, "executor": 300}
LENGTHS = "lengths"
NUMBERS = "workers"
NAMES = {
    "ours": "ours: template",
    "imap": "Pool.imap",
    "executor": "ProcessPoolExecutor",
    "joblib": "joblib, automatic",
    "dask": "Dask",
}


def lengths_text(length_s: float) -> str:
    """Give a length as the tables have it."""
    return f"{1e3 * length_s:g} ms"


def _lengths(seconds: float) -> Case:
    ways = [("ours", "template nap"), ("ours", "serve nap"), *((way, "") for way in NAMES if way != "ours")]
    return Case(
        LENGTHS,
        "Tasks a second against the length of a task, 2 workers",
        "Tasks sleep. The values are tasks a second; 2 / length is the most that there can be.",
        [
            Contestant(
                "ours: serve()" if program.startswith("serve") else NAMES[way],
                "sweeps:by_length",
                Load(task_s=seconds, way=way, program=program),
                limit_s=120,
            )
            for way, program in ways
        ],
        rounds=2,
        shown=[(f"{length_s:g}", lengths_text(length_s)) for length_s in LENGTHS_S],
    )


def number_name(way: str, workers: int) -> str:
    """Name the contestant of one point."""
    return f"{NAMES[way]}, {workers} workers"


def _numbers(share: float, most: int) -> Case:
    return Case(
        NUMBERS,
        "Tasks a second against the number of workers",
        "Noop tasks, and tasks that sleep 0.1 s, of which 10 for each worker could be done in a second. "
        "Few cores do no more noop tasks with more workers: what counts there is that it stays level.",
        [
            Contestant(
                number_name(way, workers),
                "sweeps:by_workers",
                Load(tasks=round(40_000 * share), workers=workers, way=way, program="template nap"),
                limit_s=240,
            )
            for way in MOST_PROCESSES
            for workers in WORKERS
            if workers <= min(most, MOST_PROCESSES[way])
        ],
        rounds=1,
        shown=[("noop", "noop tasks/s"), ("nap", "tasks of 0.1 s/s")],
    )


def sweep_cases(share: float) -> Sequence[Case]:
    """
    Give the cases.

    Args:
        share: Of the tasks of a full run.
    """
    return [_lengths(max(0.1, 0.6 * share)), _numbers(share, 1000 if share == 1 else 30)]
