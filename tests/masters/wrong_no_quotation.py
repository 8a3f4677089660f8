"""Breaks VIO-3: says that a worker broke the protocol, and not with which bytes."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.errors import WorkerViolation

swap(WorkerViolation, __str__=lambda _: "the worker broke the protocol")
run()
