"""Masters that are right: ours, and one in another language, written from the specification alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PERL = shutil.which("perl") or ""
PERL_MASTER = [PERL, str(ROOT / "examples" / "perl_master" / "master.pl")]
OURS = [sys.executable, str(Path(__file__).parent / "masters" / "ours.py")]


def verdict(codec: str, command: list[str]) -> tuple[int, str]:
    """The exit status of the kit, and all that it printed."""
    kit = [sys.executable, "-m", "spreadjobs_conform", "master", "--strict", "--codec", codec, "--", *command]
    done = subprocess.run(kit, capture_output=True, text=True, check=False, timeout=110)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_ours_passes_every_case_that_applies(codec: str) -> None:
    """Our own master holds every MUST and SHOULD that the kit can see. [JOB-1]"""
    status, said = verdict(codec, OURS)

    assert (status, said.splitlines()[-1]) == (0, "CONFORMANT"), said


@pytest.mark.skipif(not PERL, reason="no perl here")
def test_a_second_master_passes_every_case_that_applies() -> None:
    """Any master can be put under test: this one shares no line with ours. [JOB-1]"""
    status, said = verdict("json", PERL_MASTER)

    assert (status, said.splitlines()[-1]) == (0, "CONFORMANT"), said
