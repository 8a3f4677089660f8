"""
A measurement in a process of its own.

So no contestant inherits another's threads, processes or memory, a hang costs its time limit and no more, and a peer
that is not installed is a failure of that peer.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs

from speed.programs import COMPILED_VARIABLE, FOLDER_VARIABLE
from speed.values import Contestant, Load, Reading

PROGRAM: Final = Path(__file__).parents[1] / "run_all.py"
CHILD: Final = "--child"
LONGEST_FAILURE: Final = 160


def measure(contestant: Contestant, folder: Path) -> Reading:
    """Let a fresh child measure one contestant. The folder has the workers' programs."""
    if contestant.compiled and not os.environ.get(COMPILED_VARIABLE):
        return Reading(failure="nothing compiled is here: `make bench` makes it where there is a C compiler")
    with tempfile.TemporaryDirectory(dir=folder) as private:
        result, log = Path(private) / "result", Path(private) / "log"
        load = json.dumps(attrs.asdict(contestant.load))
        command = [sys.executable, str(PROGRAM), CHILD, contestant.job, load, str(result)]
        with log.open("wb") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=private,  # Dask and others leave files where they are.
                env=_environment(folder, compiled=contestant.compiled),
                start_new_session=True,
            )
            try:
                status = child.wait(contestant.limit_s)
            except subprocess.TimeoutExpired:
                return Reading(failure=f"not done within {contestant.limit_s:.0f} s")
            finally:
                with contextlib.suppress(ProcessLookupError):  # What it left behind would disturb the next one.
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        if status or not result.exists():
            return Reading(failure=_last_line(log) or f"exit status {status}")
        return Reading(values=_numbers(json.loads(result.read_text(encoding="utf-8"))))


def _environment(folder: Path, *, compiled: bool) -> dict[str, str]:
    """An unbuffered Python worker is up to twenty times slower, ours or a peer's."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    package = {"PYTHONPATH": kept[COMPILED_VARIABLE]} if compiled else {}
    return {**kept, **package, FOLDER_VARIABLE: str(folder)}


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return said[-1][:LONGEST_FAILURE] if said else ""


def _numbers(values: object) -> dict[str, float]:
    if not isinstance(values, dict) or not all(isinstance(value, int | float) for value in values.values()):
        raise TypeError(f"a child wrote {values!r}: an object with numbers is due")
    return {str(key): float(value) for key, value in values.items()}


def serve_as_child(arguments: list[str]) -> None:
    """Be the child: call the job, and write what it measured into a file, where no print of a peer can harm it."""
    job, load, result = arguments
    module, _, name = job.partition(":")
    function: Callable[[Load], dict[str, float]] = getattr(importlib.import_module(f"speed.{module}"), name)
    values = function(Load(**json.loads(load)))
    Path(result).write_text(json.dumps(values), encoding="utf-8")
