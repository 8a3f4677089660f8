"""Breaks SHUT-8: replaces bytes of text that are not UTF-8."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs import engine
from spreadjobs.tails import lines_of


def wrong(text: bytes) -> list[str]:
    return lines_of(text.decode("utf-8", "replace").encode())


swap(engine, lines_of=wrong)
run()
