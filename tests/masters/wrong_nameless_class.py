"""Breaks SEC-3: does not say which class it refuses."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs import trust

swap(trust, refusal=lambda _: "a class that was not admitted")
run()
