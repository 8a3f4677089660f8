"""Breaks SHUT-10: waits without limit for the exit of a worker that closed its output."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs import slots

swap(slots, LINGER_S=1000.0)
run()
