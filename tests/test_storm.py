"""The storm itself: that it kills, and that it would say so if a task came to harm."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from storm import Storm, Tally, calm, faults

STORM = Storm(tasks=3, seconds=0.0, kills_per_s=1.0, workers=1, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_every_task_ends_once_in_a_storm() -> None:
    """Workers are killed while they work; all tasks are answered, once and rightly. [JOB-1, JOB-5]"""
    script = Path(__file__).with_name("storm.py")
    options = ["--tasks", "400", "--seconds", "2", "--kills-per-s", "4", "--workers", "6"]
    done = subprocess.run([sys.executable, script, *options], capture_output=True, text=True, timeout=100, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "none lost, none doubled" in done.stdout
    assert "killed by SIGKILL" in done.stderr


def test_a_storm_without_kills_is_none() -> None:
    """Fewer than half of the kills that were to strike show nothing, and fail. [JOB-5]"""
    storm = Storm(tasks=3, seconds=10.0, kills_per_s=4.0, workers=1, seed=1)

    assert list(calm(storm, 0)) == ["no storm: only 0 of 40 kills struck"]
    assert list(calm(storm, 19)) == ["no storm: only 19 of 40 kills struck"]
    assert list(calm(storm, 20)) == []


def seen(*indexes: int, **others: int) -> Tally:
    """Three tasks were taken; these came back answered."""
    tally = Tally(taken=3, seen=Counter(indexes))
    tally.outcomes.update(["Answered"] * len(indexes))
    tally.outcomes.update(others)
    return tally


@pytest.mark.parametrize(
    ("tally", "fault"),
    [
        (seen(0, 1), "lost: [2]"),
        (seen(0, 1, 2, 2), "doubled: [2]"),
        (seen(0, 1, 2, Quarantined=1), "not all were answered"),
        (Tally(taken=1, seen=Counter([0]), outcomes=Counter(["Answered"])), "only 1 tasks were taken"),
        (Tally(taken=3, seen=Counter([0, 1, 2]), outcomes=Counter(["Answered"]), wrong=[1]), "wrong: [1]"),
    ],
)
def test_the_storm_sees_what_went_wrong(tally: Tally, fault: str) -> None:
    """A lost, doubled, wrong or quarantined task is a fault. [JOB-1]"""
    [found] = faults(STORM, tally)

    assert found.startswith(fault)


def test_the_storm_is_content_where_all_is_well() -> None:
    """Each task once, answered: no fault. [JOB-1]"""
    assert list(faults(STORM, seen(0, 1, 2))) == []
