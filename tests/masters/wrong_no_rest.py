"""Breaks BUSY-3: lets a worker that refused rest for no longer than another one."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs import backoff


def wrong(_facts: backoff.Refusal, *, factor: float) -> float:
    return 0.01 * factor


swap(backoff, busy_delay_s=wrong)
run()
