"""Breaks OUT-3: shows printed lines without the position of their task."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.console import Console
from spreadjobs.events import Lines


def wrong(self: Console, _task_index: int, out: Lines, err: Lines) -> None:
    self.pass_on([*out, *err])


swap(Console, show=wrong)
run()
