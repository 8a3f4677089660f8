"""Breaks SHUT-8: splits text at whatever Python takes for the end of a line."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs import engine


def wrong(text: bytes) -> list[str]:
    return text.decode("utf-8", "surrogateescape").splitlines(keepends=True)


swap(engine, lines_of=wrong)
run()
