"""Breaks EXEC-12: keeps what workers write to standard error to itself."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.console import Console

right = Console.pass_on


def wrong(self: Console, lines: list[str]) -> None:
    right(self, [line for line in lines if line.startswith("#slot") or lines[0].startswith("#slot")])


swap(Console, pass_on=wrong)
run()
