"""Masters under test for the tests of the kit, and cases that are made for a test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Performer, Play, echo
from spreadjobs_conform.masters.registry import Body, MasterCase, master_case

FOLDER: Final = Path(__file__).with_name("masters")
CASE: Final = "master-prep/items-in-order"
"""One of the kit's cases, which a right master passes in a moment."""


def adapter(name: str, *words: str) -> tuple[str, ...]:
    """The command of one of the adapters in ``tests/masters``."""
    return (sys.executable, str(FOLDER / f"{name}.py"), *words)


def performer(name: str, *words: str, scale: float = 1.0) -> Performer:
    """One of these masters, on jobs in pickle."""
    return Performer(command=adapter(name, *words), codec="pickle", scale=scale)


def made(case_id: str, body: Body, requirement: str = "JOB-1", *, checks: int = 1, idle: bool = False) -> MasterCase:
    """A case with this body."""
    body.__doc__ = "What a test wants to see."
    return master_case(case_id, requirement, checks=checks, idle=idle)(body)


def echoes(play: Play) -> None:
    """The body of a case that a right master passes with two checks."""
    play.run(Job(tasks=["a"]), echo)
    play.check_answers(["a"])
