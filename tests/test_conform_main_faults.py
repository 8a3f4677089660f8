"""Whole runs of the kit: its own faults, and runs that were stopped, are no verdict."""

from __future__ import annotations

import time

import pytest
import spreadjobs_conform.__main__ as command
from kit_runs import kit
from kit_scripts import RIGHT, python
from spreadjobs_conform import runner, running
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.findings import CannotStart, HarnessFault, Interrupted
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.registry import Case, case
from spreadjobs_conform.requirements import load_requirements


@case("run/empty", "RUN-3", checks=1)
def empty(_: object) -> None:
    """Checks nothing."""


@case("run/broken", "RUN-3", checks=1)
def broken(_: object) -> None:
    """Is broken."""
    raise ZeroDivisionError("a bug of the kit")


@case("run/lost", "RUN-3", checks=1)
def lost(_: object) -> None:
    """Cannot start any more."""
    raise CannotStart("too many processes")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [(empty, "0 checks were made, 1 are declared"), (broken, "a bug of the kit"), (lost, "it had started before")],
)
def test_fault_of_the_kit_is_no_verdict(wrong: Case, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that checks too little, or breaks, is a fault of the kit: status 5, and never a pass."""
    monkeypatch.setattr(running, "all_cases", lambda: (wrong,))

    run = kit("--all-scored", "--", *python(RIGHT))

    assert run.status == 5
    assert named in run.out
    assert "KIT FAULT  " in run.out
    assert "says nothing about the worker" in run.out


@pytest.mark.parametrize(("error", "named"), [(HarnessFault("torn"), "torn"), (ZeroDivisionError("odd"), "odd")])
def test_fault_outside_a_case_gives_status_5(error: Exception, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in the kit, the worker is not blamed."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(command, "load_requirements", fail)

    run = kit("list")

    assert run.status == 5
    assert named in run.err


def test_stopped_run_gives_no_verdict() -> None:
    """A case that is under way when the run is stopped is not judged."""
    chosen = next(found for found in all_cases() if found.id == "run/task-id-0")
    patience = Patience(1.0, time.monotonic)
    running = runner.Runner(Candidate(command=python(RIGHT)), patience, load_requirements())
    running.stop.set()

    with pytest.raises(Interrupted):
        running.run_case(chosen)
