"""
A storm: workers are killed with SIGKILL at random, many times a second, and every task ends exactly once all the same.

    python tests/storm.py [--tasks N] [--seconds S] [--kills-per-s K] [--workers W] [--seed N]

It goes on until N tasks are done and S seconds are over, whichever comes later, and exits with 1 if a task was lost,
doubled, wrong or quarantined, if a process or descriptor is left, or if there was no storm: fewer than half of the
kills that S seconds should see.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from spreadjobs import Answered, Master, Settings

WORKER = """
import time
from spreadjobs.worker import serve

def task(number):
    time.sleep(0.004)
    return number, number * number

serve(task)
"""


@attrs.frozen(kw_only=True)
class Storm:
    """What is to be done, and how hard it is made."""

    tasks: int
    seconds: float
    kills_per_s: float
    workers: int
    seed: int


@attrs.define
class Tally:
    """What came of it."""

    taken: int = 0
    outcomes: Counter[str] = attrs.field(factory=Counter)
    seen: Counter[int] = attrs.field(factory=Counter)
    wrong: list[int] = attrs.field(factory=list)
    killed_with_a_task: int = 0
    most_kills_of_a_task: int = 0


def children(pid: int) -> list[int]:
    """The processes that a process has started and that live."""
    return [int(child) for tasks in Path(f"/proc/{pid}/task").iterdir() for child in _read(tasks / "children").split()]


def descriptors() -> int:
    """How many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # that thread is gone
        return ""


def _kill_for_ever(master: int, storm: Storm, struck: int) -> None:
    """Kill a random worker so many times a second, and write a byte for each."""
    chance = random.Random(storm.seed)  # noqa: S311 - the same storm for the same seed
    due_s = time.monotonic()
    while os.getppid() == master:
        due_s += 1 / storm.kills_per_s
        time.sleep(max(0.0, due_s - time.monotonic()))
        workers = [child for child in children(master) if child != os.getpid()]
        if workers:
            try:
                os.kill(chance.choice(workers), signal.SIGKILL)
            except ProcessLookupError:
                continue
            os.write(struck, b"x")


@contextmanager
def lightning(storm: Storm) -> Iterator[int]:
    """Kills workers of this process while the block runs; gives a descriptor from which a byte a kill can be read."""
    reader, writer = os.pipe()
    master = os.getpid()
    killer = os.fork()
    if not killer:
        os.close(reader)
        try:
            _kill_for_ever(master, storm, writer)
        finally:
            os._exit(0)
    os.close(writer)
    try:
        yield reader
    finally:
        os.kill(killer, signal.SIGKILL)
        os.waitpid(killer, 0)


def numbers(storm: Storm, tally: Tally) -> Iterator[int]:
    """The tasks: as many as asked for, and further ones until the time is over."""
    end_s = time.monotonic() + storm.seconds
    while tally.taken < storm.tasks or time.monotonic() < end_s:
        yield tally.taken
        tally.taken += 1


def ride(storm: Storm, worker: Path) -> Tally:
    """Do the tasks in the storm."""
    tally = Tally()
    with Master([[sys.executable, str(worker)]] * storm.workers, settings=Settings()) as master:
        for outcome in master.outcomes(numbers(storm, tally)):
            tally.seen[outcome.task_index] += 1
            tally.outcomes[type(outcome).__name__] += 1
            if isinstance(outcome, Answered) and outcome.value != (outcome.task_index, outcome.task_index**2):
                tally.wrong.append(outcome.task_index)
            kills = sum(attempt.cause == "killed" for attempt in outcome.attempts)
            tally.killed_with_a_task += kills
            tally.most_kills_of_a_task = max(tally.most_kills_of_a_task, kills)
    return tally


def calm(storm: Storm, kills: int) -> Iterator[str]:
    """That it was no storm, if it was none: nothing was shown then."""
    due = storm.seconds * storm.kills_per_s
    if kills < due / 2:
        yield f"no storm: only {kills} of {due:g} kills struck"


def faults(storm: Storm, tally: Tally) -> Iterator[str]:
    """What must not be."""
    if tally.taken < storm.tasks:
        yield f"only {tally.taken} tasks were taken"
    if lost := [index for index in range(tally.taken) if not tally.seen[index]]:
        yield f"lost: {lost[:9]}"
    if doubled := [index for index, times in tally.seen.items() if times > 1]:
        yield f"doubled: {doubled[:9]}"
    if tally.wrong:
        yield f"wrong: {tally.wrong[:9]}"
    if set(tally.outcomes) != {"Answered"}:
        yield f"not all were answered: {dict(tally.outcomes)}"
    if left := children(os.getpid()):
        yield f"processes are left: {left}"


def main() -> int:
    """Run the storm and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kills-per-s", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7)
    storm = Storm(**vars(parser.parse_args()))
    before = descriptors()
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, lightning(storm) as struck:
        worker = Path(folder, "worker.py")
        worker.write_text(WORKER)
        tally = ride(storm, worker)
    took_s = time.monotonic() - started_s
    kills = 0
    while piece := os.read(struck, 65536):
        kills += len(piece)
    os.close(struck)
    say(
        f"{tally.taken} tasks on {storm.workers} workers in {took_s:.1f} s; "
        f"{kills} kills, {kills / took_s:.1f} a second; "
        f"{tally.killed_with_a_task} hit a worker with a task, at most {tally.most_kills_of_a_task} the same task"
    )
    found = [*calm(storm, kills), *faults(storm, tally)]
    if descriptors() != before:
        found.append("descriptors are left")
    say("\n".join(found) or "none lost, none doubled, none wrong, none quarantined; no process or descriptor left")
    return 1 if found else 0


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
