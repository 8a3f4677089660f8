"""The functions that peers run, as plain as those of our workers."""

from __future__ import annotations

import time

from speed.values import Load


def noop(payload: object) -> object:
    """Give the payload back."""
    return payload


def nap(payload: tuple[int, float]) -> int:
    """Sleep for the seconds of the pair (index, seconds), and give the index back."""
    if payload[1]:
        time.sleep(payload[1])
    return payload[0]


def nap_of(load: Load) -> dict[str, float]:
    """Be a job that hangs: the tests end it."""
    time.sleep(load.task_s)
    return {}
