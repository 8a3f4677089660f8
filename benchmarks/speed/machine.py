"""On what was measured: the machine, and the versions of all contestants."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Final

from speed.programs import ROOT

PEERS: Final = ("joblib", "loky", "mpire", "execnet", "distributed", "matplotlib")


def version_of(package: str) -> str:
    """Give the installed version of a package, or say that there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _first(path: str, start: str) -> str:
    file = Path(path)
    if not file.exists():
        return ""
    lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(start)), "")


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def load_text() -> str:
    """Give the load average of the last minute: what else ran shows in it."""
    return f"{os.getloadavg()[0]:.1f}"


def description() -> list[tuple[str, str]]:
    """Give what a reader needs in order to compare, as pairs of a word and a value."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    memory = _first("/proc/meminfo", "MemTotal").split()
    rows = [
        ("processor", _first("/proc/cpuinfo", "model name") or platform.processor()),
        ("cores that may be used", str(cores)),
        ("memory", f"{int(memory[0]) / 2**20:.1f} GiB" if memory else ""),
        ("system", f"{platform.system()} {platform.release()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("commit", _commit()),
        *((peer, version_of(peer)) for peer in PEERS),
    ]
    return [(word, value) for word, value in rows if value]
