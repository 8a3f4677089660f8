"""Case files of tasks that failed in real runs, for the tests."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from programs import program

from spreadjobs import Answered, ConnectionFactory, Master, Outcome, Settings, SubprocessConnection, Worker

TASKS = """
import os, time

def fail(payload):
    at_hand = len(payload)
    if payload == "raise":
        raise LookupError("as told")
    if payload == "crash":
        os.kill(os.getpid(), 11)
    if payload == "status":
        os._exit(7)
    if payload == "print":
        os.write(3, b"stray\\\\n")
    if payload == "hang":
        time.sleep(1000)
    return at_hand
"""
"""A module ``tasks`` whose function fails as its payload says."""

FAILS = program(
    """
    def fail(task_id, payload):
        if payload == "raise":
            return write(("RemoteException", task_id, "LookupError", "as told", "its traceback"))
        if payload == "crash":
            os.kill(os.getpid(), 11)
        if payload == "status":
            os._exit(7)
        if payload == "print":
            stdout.write(b"stray line, and no answer" + bytes([10]))
            stdout.flush()
        if payload == "hang":
            time.sleep(1000)
        if payload == "leave":
            sys.exit(0)
        if payload == "refuse":
            return write(("TooBusy", task_id, 1000))
        write((task_id, payload))
    while True:
        try:
            task_id, payload = read()
        except EOFError:
            break
        print("was given", payload, file=sys.stderr, flush=True)
        fail(task_id, payload)
    """
)
"""Fails as its payload says, in plain protocol; answers other payloads with themselves."""


def run_all(  # noqa: PLR0913 - those of Master
    folder: Path,
    worker: Sequence[str] | Worker,
    todo: Iterable[object],
    *,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    stdin: Iterable[object] | None = None,
    factory: ConnectionFactory = SubprocessConnection,
) -> list[Outcome[object]]:
    """The outcomes of a run that has its case files in this folder."""
    with (
        Master([worker], factory, stdin, cases=folder, settings=settings) as master,
        closing(master.outcomes(todo)) as outcomes,
    ):
        return list(outcomes)


def case_of(outcome: Outcome[object]) -> Path:
    """The case file of a task that failed."""
    assert not isinstance(outcome, Answered)
    assert outcome.case
    return Path(outcome.case)


def saved(
    folder: Path,
    worker: Sequence[str] | Worker,
    payload: object,
    *,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    stdin: Iterable[object] | None = None,
) -> Path:
    """The case file of a run's only task, which fails."""
    [outcome] = run_all(folder / "cases", worker, [payload], settings=settings, stdin=stdin)
    return case_of(outcome)


def served(folder: Path, tasks: str = TASKS) -> Worker:
    """A worker of ``serve()`` whose tasks are the function ``fail`` of a module in this folder."""
    (folder / "tasks.py").write_text(tasks, encoding="utf-8")
    return Worker([sys.executable, "-m", "spreadjobs.worker", "tasks:fail"], cwd=folder)
