"""
What a journal costs a task: the same noop tasks without one and with one, in turn, several rounds.

    python benchmarks/journal_cost.py [--tasks 20000] [--rounds 5]

Shown are microseconds a task, the medians over the rounds: of the whole run, and of the processor time of the master
alone, which other work on the machine changes less. ``recalled`` is a run that finds every answer in the journal.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from spreadjobs import Journal, main

WORKER = [sys.executable, "-S", str(Path(__file__).parents[1] / "workers" / "python" / "worker.py")]
WORKERS = 2
WAYS = {
    "no journal": (None, False),
    "sync_s=None": ("none", False),
    "sync_s=1 (default)": ("1", False),
    "sync_s=0": ("0", False),
    "recalled": ("1", True),
}
"""Name: what ``sync_s`` is, and whether the answers are there."""


def run_once(path: Path, sync: str, tasks: int) -> None:
    """Do one run, and print what it took as JSON."""
    journal = None if sync == "off" else Journal(path, sync_s=None if sync == "none" else float(sync))
    todo = [{"op": "echo", "value": number} for number in range(tasks)]
    began_s, cpu_s = time.perf_counter(), time.process_time()
    main(todo, [WORKER] * WORKERS, stdin=[None], journal=journal)
    took = {"wall_s": time.perf_counter() - began_s, "cpu_s": time.process_time() - cpu_s}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**took, "peak_kib": peak}))  # noqa: T201 - what it is for


def measure(path: Path, sync: str | None, tasks: int) -> dict[str, float]:
    """Do a run in a process of its own."""
    command = [sys.executable, __file__, "--tasks", str(tasks), "--once", sync or "off", "--path", str(path)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    figures: dict[str, float] = json.loads(run.stdout)
    return figures


def compare(tasks: int, rounds: int, folder: Path) -> None:
    """Measure every way in turn, and print the table."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
    kept = folder / "kept.journal"
    measure(kept, "none", tasks)
    for number in range(rounds):
        for name, (sync, is_there) in WAYS.items():
            path = kept if is_there else folder / f"{number}-{sync}.journal"
            found[name].append(measure(path, sync, tasks))
            if not is_there:
                path.unlink(missing_ok=True)
    say = f"{tasks} noop tasks, {WORKERS} Python workers, medians of {rounds} rounds; a record has "
    print(say + f"{kept.stat().st_size / tasks:.0f} bytes\n")  # noqa: T201
    print("| | us a task | more | master's processor | more | peak MiB |\n|---|---|---|---|---|---|")  # noqa: T201
    base: dict[str, float] = {}
    for name, figures in found.items():
        wall, cpu = (statistics.median(each[key] for each in figures) / tasks * 1e6 for key in ("wall_s", "cpu_s"))
        base = base or {"wall": wall, "cpu": cpu}
        more = f"{wall - base['wall']:+.1f} | {cpu:.1f} | {cpu - base['cpu']:+.1f}"
        peak = statistics.median(each["peak_kib"] for each in figures) / 1024
        print(f"| {name} | {wall:.1f} | {more} | {peak:.0f} |")  # noqa: T201


def parse() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--once", help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        run_once(options.path, options.once, options.tasks)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(options.tasks, options.rounds, Path(folder))


if __name__ == "__main__":
    parse()
