"""Breaks JOB-4: does not say why its workers ended."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs import engine

swap(engine, fates=lambda _: "")
run()
