"""What runs of workers and of masters have in common on the command line."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path

import attrs

from spreadjobs_conform.report_options import Formats, add_formats


@attrs.frozen(kw_only=True)
class CommonOptions:
    """What a run was asked to do, whatever the program under test is."""

    patterns: tuple[str, ...]
    skipped: tuple[str, ...]
    ids: tuple[str, ...]
    strict: bool
    all_scored: bool
    """Whether the cases count as well that are not in the required set."""
    jobs: int
    timeout_scale: float
    report: Path | None
    formats: Formats
    quiet: bool
    """Whether only failures and the verdict are shown."""
    again: str
    """The command line that runs this program again, with ``{}`` where the choice of cases goes."""


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Adds the options that choose cases, and say which of them count."""
    add = parser.add_argument
    add("--case", action="append", default=[], metavar="GLOB", help="run these cases alone; may be repeated")
    add("--skip", action="append", default=[], metavar="GLOB", help="leave these cases out; may be repeated")
    add(
        "--req",
        action="append",
        default=[],
        metavar="ID",
        help="run the cases of this requirement alone; may be repeated",
    )
    add("--strict", action="store_true", help="a SHOULD that fails counts too")


def add_running(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say how cases are run, and what is told of them."""
    add = parser.add_argument
    add("--all-scored", action="store_true", help="count the cases too that came after the required set was frozen")
    add("-j", dest="jobs", type=count, metavar="N", help="cases side by side; default the number of processors")
    add("--timeout-scale", type=scale, default=1.0, metavar="X", help="factor on every time limit")
    add("-q", "--quiet", action="store_true", help="show failures and the verdict alone")
    add("--report", type=Path, metavar="FILE", help="write a report, JSON lines; - is standard output")
    add_formats(parser)


def count(text: str) -> int:
    """
    How many cases side by side.

    Raises:
        ArgumentTypeError: It is no number, or 0.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of cases, 1 or more")
    return int(text)


def scale(text: str) -> float:
    """
    A factor on every time limit.

    Raises:
        ArgumentTypeError: It is no finite number above 0.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no factor; a finite number above 0 is due")
    return number


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
