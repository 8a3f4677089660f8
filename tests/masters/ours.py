"""
Our own master under test: reads a job, has ``spreadjobs`` do it, prints the account. Spec masters.md.

    spread-jobs-conform master -- python tests/masters/ours.py
"""

from __future__ import annotations

import json
import logging
import math
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Literal, TypedDict

import attrs

from spreadjobs import Answered, Attempt, Cancelled, Failed, Master, Outcome, Quarantined, Settings
from spreadjobs.errors import RemoteException, SpreadJobsError

MAX_PLAIN_INT = 2**53 - 1


class Limits(TypedDict):
    """The settings of a job."""

    max_attempts: int
    task_timeout_s: float | None
    shutdown_timeout_s: float
    command_timeout_s: float | None
    max_message_bytes: int | None


class Job(TypedDict):
    """What is to be done."""

    codec: Literal["pickle", "json"]
    dialect: Literal["tagged", "untagged"]
    pickle_protocol: int
    workers: list[list[object]]
    preparation: list[object]
    tasks: list[object]
    settings: Limits


def unmarked(written: object) -> object:
    """The value that a form of a job stands for."""
    match written:
        case list():
            return [unmarked(item) for item in written]
        case dict() if len(written) == 1 and str(next(iter(written))).startswith("$"):
            return unmarked_form(written)
        case dict():
            return {key: unmarked(item) for key, item in written.items()}
        case _:
            return written


def unmarked_form(written: dict[str, object]) -> object:  # noqa: PLR0911 - one row a form
    """The value that JSON does not have."""
    match written:
        case {"$bytes": str(digits)}:
            return bytes.fromhex(digits)
        case {"$bytearray": str(digits)}:
            return bytearray.fromhex(digits)
        case {"$path": str(digits)}:
            return Path(os.fsdecode(bytes.fromhex(digits)))
        case {"$tuple": list(items)}:
            return tuple(unmarked(item) for item in items)
        case {"$set": list(items)}:
            return {unmarked(item) for item in items}
        case {"$frozenset": list(items)}:
            return frozenset(unmarked(item) for item in items)
        case {"$complex": [float(real), float(imaginary)]}:
            return complex(real, imaginary)
        case {"$float": str(text)}:
            return float(text)
        case {"$int": str(digits)}:
            return int(digits)
        case {"$str": list(points)}:
            return "".join(map(chr, points))
        case {"$dict": list(pairs)}:
            return {unmarked(key): unmarked(item) for key, item in pairs}
        case _:
            raise ValueError(f"{written!r} is none of the forms of masters.md, section 4")


def marked(value: object) -> object:
    """The form of an answer in an account."""
    match value:
        case list():
            return [marked(item) for item in value]
        case tuple() | set() | frozenset():
            return {f"${type(value).__name__}": [marked(item) for item in value]}
        case dict():
            return {"$dict": [[marked(key), marked(item)] for key, item in value.items()]}
        case _:
            return marked_atom(value)


def marked_atom(value: object) -> object:
    """The form of what holds no other values."""
    match value:
        case int() if abs(value) > MAX_PLAIN_INT:
            return {"$int": str(value)}
        case float() if not math.isfinite(value):
            return {"$float": str(value)}
        case bytes() | bytearray():
            return {f"${type(value).__name__}": value.hex()}
        case complex():
            return {"$complex": [value.real, value.imag]}
        case str() if any("\ud800" <= one <= "\udfff" for one in value):
            return {"$str": [ord(one) for one in value]}
        case _:
            return value


def settings_of(job: Job) -> Settings:
    """What the job says of how it is done."""
    limits = job["settings"]
    settings = Settings(
        codec=job["codec"],
        dialect=job["dialect"],
        pickle_protocol=job["pickle_protocol"],
        max_attempts=limits["max_attempts"],
        task_timeout_s=limits["task_timeout_s"],
        shutdown_timeout_s=limits["shutdown_timeout_s"],
        command_timeout_s=limits["command_timeout_s"],
    )
    most = limits["max_message_bytes"]
    return settings if most is None else attrs.evolve(settings, max_message_bytes=most)


def told(outcome: Outcome[object]) -> Mapping[str, object]:
    """What became of a task."""
    match outcome:
        case Answered():
            return {"answered": marked(outcome.value)}
        case Failed(error=RemoteException() as error):
            facts = {"type": error.type_name, "message": error.message, "traceback": error.traceback_text}
            return {
                "failed": {
                    **{key: marked(text) for key, text in facts.items()},
                    "task": outcome.task_index,
                    "worker": error.worker,
                }
            }
        case Failed():
            return {"cancelled": f"it could not be sent: {outcome.error}"}
        case Quarantined():
            return {"quarantined": "\n".join(told_try(each) for each in outcome.attempts)}
        case Cancelled():
            return {"cancelled": outcome.reason}


def told_try(attempt: Attempt) -> str:
    """How one worker ended on a task."""
    return f"{attempt.worker}: {attempt.cause}: {attempt.detail}; {' / '.join(attempt.stderr)}"


def done(job: Job) -> Mapping[str, object]:
    """Have the master do a job; what came of it."""
    tasks = [unmarked(task) for task in job["tasks"]]
    outcomes: dict[int, Mapping[str, object]] = {}
    errors: list[str] = []
    outputs: Sequence[Sequence[str]] = []
    try:
        workers = [[unmarked(argument) for argument in worker] for worker in job["workers"]]
        items = [unmarked(item) for item in job["preparation"]]
        with Master(workers, stdin=items, settings=settings_of(job)) as master:
            for outcome in master.outcomes(tasks):
                outcomes[outcome.task_index] = told(outcome)
                if isinstance(outcome, Failed) and not isinstance(outcome.error, RemoteException):
                    errors.append(str(outcome.error))
        outputs = master.outputs
    except (SpreadJobsError, ValueError, TypeError) as error:
        errors.append(f"{type(error).__name__}: {error}")
    missing = {"cancelled": errors[-1] if errors else "no outcome"}
    return {
        "outcomes": [outcomes.get(index, missing) for index in range(len(tasks))],
        "outputs": [[marked(line) for line in lines] for lines in outputs],
        "error": "\n".join(errors) or None,
    }


def main() -> None:
    """Reads the job, prints the account."""
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.INFO)
    with redirect_stdout(sys.stderr):  # The user's screen is standard error here.
        job: Job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
        account = done(job)
    json.dump(account, sys.stdout)


if __name__ == "__main__":
    main()
