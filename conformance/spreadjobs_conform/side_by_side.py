"""Runs cases side by side: verdicts in the order of the cases, and everything ended if one is not waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from spreadjobs_conform.registry import CaseFacts

C = TypeVar("C", bound=CaseFacts)
V = TypeVar("V")

MOST_IDLE: Final = 4
"""So many cases that only wait run beside the others."""


def side_by_side(
    cases: Sequence[C],
    jobs: int,
    run_case: Callable[[C], V],
    stop: threading.Event,
    scores: Callable[[C], bool] = lambda _: True,
) -> Iterator[V]:
    """
    The verdicts, in the order of the cases; long ones come last, and those that do not score after all others.

    Args:
        cases: What to run.
        jobs: How many cases run side by side.
        run_case: Runs one; once ``stop`` is set, it is to return or raise soon.
        stop: Set if the verdicts are not all taken.
        scores: Whether a case is one of the required set.

    Raises:
        KeyboardInterrupt: As it came; all cases have ended then.
    """
    ordered = sorted(cases, key=lambda case: case.heavy or case.idle)
    # Cases that do not score must change nothing for the others: neither by their load nor by their hangs.
    for group in ([case for case in ordered if scores(case)], [case for case in ordered if not scores(case)]):
        yield from _run_group(group, jobs, run_case, stop)


def _run_group(cases: Sequence[C], jobs: int, run_case: Callable[[C], V], stop: threading.Event) -> Iterator[V]:
    pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="case")
    # Cases that wait for seconds do it while the others run, unless one case is to run at a time.
    beside = ThreadPoolExecutor(max_workers=MOST_IDLE, thread_name_prefix="idle") if jobs > 1 else pool
    try:
        futures: dict[str, Future[V]] = {}
        for case in sorted(cases, key=lambda case: not case.idle):
            futures[case.id] = (beside if case.idle else pool).submit(run_case, case)
        for case in cases:
            yield futures[case.id].result()
    except BaseException:
        stop.set()
        raise
    finally:
        for each in (pool, beside):
            each.shutdown(wait=True, cancel_futures=True)
