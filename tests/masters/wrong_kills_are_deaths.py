"""Breaks JOB-5: counts a signal from outside as any other death."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.events import Exit

swap(Exit, from_outside=property(lambda _: False))
run()
