"""Programs behind ``python -m spreadjobs.guard``, started as a master starts a worker."""

from __future__ import annotations

import sys
from pathlib import Path

GUARD = [sys.executable, "-m", "spreadjobs.guard"]
WAYS = [[], ["--lease-s", "600"]]
"""The pipes are the program's; the guard stands between."""
NAMES = ["inherited", "relayed"]
GONE = (
    "spreadjobs.guard: the master is gone, nobody reads the answers any more: the program and what it started are "
    "ended\n"
)


def guarded(command: list[str], *options: str) -> list[str]:
    """The command of a guard and its program."""
    return [*GUARD, *options, "--", *command]


def unaware(do: str, log: Path) -> list[str]:
    """A program that is at work from the start, and looks at nothing."""
    return [sys.executable, "-c", f"import busy, sys; busy.{do}(sys.argv[1])", str(log)]


def python(text: str, *arguments: str | Path) -> list[str]:
    """A program of a few lines."""
    return [sys.executable, "-c", text, *map(str, arguments)]
