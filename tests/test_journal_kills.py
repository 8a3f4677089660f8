"""A master that is killed at any moment loses no answer that its caller had, and does none of them again."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from processes import BOUND_S, ENVIRONMENT, Identity, identity, survivors
from programs import program

from spreadjobs import Journal, JournalError, Master, main

KILLS = 20
TASKS = 600
WORKERS = 2
MASTER = """
import sys
from spreadjobs import Answered, Journal, Master, Settings
path, tasks, workers, *worker = sys.argv[1:]
settings = Settings(window=1)
todo = [{"task": number, "text": "x" * (number % 50)} for number in range(int(tasks))]
with Master([worker] * int(workers), journal=Journal(path, sync_s=0.01), settings=settings) as master:
    for outcome in master.outcomes(todo, ordered=False):
        assert isinstance(outcome, Answered)
        print(outcome.task_index, outcome.value, outcome.worker, flush=True)
"""
"""Gives its caller the answers as they come."""
SQUARES = """
def note(name, text):
    with open(os.path.join(FOLDER, name), "a") as log:
        log.write(text + "\\n")
while True:
    try:
        task_id, payload = read()
    except EOFError:
        break
    note("done", str(payload["task"]))
    write((task_id, payload["task"] ** 2))
"""
"""Notes each task before it answers that."""


class Runs:
    """Masters that are run with one journal, one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._worker = program(f"FOLDER = {str(folder)!r}", SQUARES)

    def run(self, until: Callable[[int], bool]) -> list[list[str]]:
        """
        Run a master, and kill it.

        Args:
            until: Whether it is to be killed when so many answers were read.

        Returns:
            The lines that it wrote, split, when its workers have ended.
        """
        command = [sys.executable, "-c", MASTER, str(self.folder / "journal"), str(TASKS), str(WORKERS), *self._worker]
        with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as master:
            assert master.stdout is not None
            lines: list[str] = []
            for line in master.stdout:
                lines.append(line)
                if until(len(lines)):
                    master.send_signal(signal.SIGKILL)
            assert master.wait(BOUND_S) in (0, -signal.SIGKILL)
        assert not survivors(self._workers())
        return [line.split() for line in lines if line.endswith("\n")]

    def _workers(self) -> list[Identity]:
        """All who have the folder in their command line: one that was just started has not said who it is."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if str(self.folder).encode() in (process / "cmdline").read_bytes():
                    found.append(identity(int(process.name)))
        return found

    def done(self) -> list[int]:
        """What workers have begun, in all runs."""
        return [int(line) for line in (self.folder / "done").read_text(encoding="ascii").splitlines()]


def test_a_master_killed_at_twenty_moments_loses_nothing(tmp_path: Path) -> None:
    """The union of answers is complete and right, and no task is done again that the caller had the answer to."""
    runs = Runs(tmp_path)
    draw = random.Random(7)  # noqa: S311 - moments, no secrets
    had: dict[int, str] = {}
    kills = 0
    for life in range(KILLS + 1):
        begun = len(runs.done()) if life else 0
        last = life == KILLS
        # Beyond those that are there it comes to some thirty new ones, at the most.
        moment = len(had) + draw.randrange(2 * (TASKS - len(had)) // (KILLS - life + 1)) if not last else TASKS + 1
        lines = runs.run(lambda count, moment=moment: count > moment)  # type: ignore[misc]
        kills += not last and len(lines) < TASKS
        again = runs.done()[begun:]

        assert not {*again} & {*had}, "a task was done again whose answer the caller had"
        assert len({*again}) == len(again)
        recalled = {int(index) for index, _, worker in lines if worker == "journal"}
        assert not recalled & {*again}
        had |= {int(index): value for index, value, _ in lines}

    assert kills >= KILLS - 2
    assert had == {number: str(number**2) for number in range(TASKS)}
    # For nothing was at most what was at a worker when the master was killed, and what the master had just read of it:
    # workers are given their next tasks before answers are written and given to the caller.
    times = Counter(runs.done())
    assert {*times} == {*range(TASKS)}
    assert sum(times.values()) - TASKS <= kills * 2 * WORKERS


def test_a_journal_is_free_when_its_master_was_killed(tmp_path: Path) -> None:
    """The lock ends with the process, whoever it has started; until then it holds."""
    runs = Runs(tmp_path)
    path = tmp_path / "journal"
    seen: list[str] = []

    def try_to_open(count: int) -> bool:
        if count == 1:
            with pytest.raises(JournalError, match="is in use, opened by process") as refused:
                main([], [["true"]], journal=path)
            seen.append(str(refused.value))
        return count == 1

    runs.run(try_to_open)

    assert len(seen) == 1
    with Master([["true"]], journal=Journal(path)):
        pass
