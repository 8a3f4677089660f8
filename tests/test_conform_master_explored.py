"""Our master in random jobs: ``masters/explore.py`` with a few seeds; by hand it takes as many as one likes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "masters"
COUNT = 4


@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_each_task_of_a_random_job_is_answered_rightly(codec: str) -> None:
    """Whatever workers do at random, each task ends once, with the right value, and nothing is left. [JOB-1]"""
    words = ["--seed", "7", "--count", str(COUNT), "--codec", codec, "--", sys.executable, str(FOLDER / "ours.py")]
    done = subprocess.run(
        [sys.executable, str(FOLDER / "explore.py"), *words], capture_output=True, text=True, check=False, timeout=110
    )

    assert (done.returncode, done.stdout.split(",")[:2]) == (0, [f"{COUNT} runs", " 0 wrong"]), (
        done.stdout + done.stderr
    )
