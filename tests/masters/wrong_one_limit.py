"""Breaks CMD-3: holds commands to the limit of shutdown."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.plan import Plan

swap(Plan, command=property(lambda _: False, lambda *_: None))
run()
