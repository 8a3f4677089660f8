"""Breaks EXEC-9: has no argument beyond ASCII."""

from __future__ import annotations

from collections.abc import Sequence

from wronging import run, swap

from spreadjobs.connection import SubprocessConnection

right = SubprocessConnection.__init__


def wrong(self: SubprocessConnection, arguments: Sequence[str]) -> None:
    for index, argument in enumerate(arguments):
        if isinstance(arguments, list):
            arguments[index] = argument.encode("ascii", "replace").decode()
    right(self, arguments)


swap(SubprocessConnection, __init__=wrong)
run()
