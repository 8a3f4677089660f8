"""What a master under test is asked to do, and the file that says it. Spec masters.md, 2."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from spreadjobs_conform.masters.marks import marked

VERSION: Final = "1.0"


@attrs.frozen(kw_only=True)
class Job:
    """Some tasks for some workers."""

    tasks: Sequence[object] = ()
    workers: int = 1
    preparation: Sequence[object] = ()
    codec: str = ""
    """Empty: that of the run."""
    dialect: str = "tagged"
    pickle_protocol: int = 4
    arguments: Sequence[object] = ()
    """For each worker, behind those by which a played worker is started: text, bytes, paths, numbers, None."""
    absent: Sequence[int] = ()
    """Slots, from 0, whose program is not there."""
    reads: bool = True
    """Whether the played workers read their input from the start on, or when a role says so."""
    max_attempts: int = 3
    task_timeout_s: float | None = None
    shutdown_timeout_s: float = 30.0
    command_timeout_s: float | None = None
    max_message_bytes: int | None = None

    def write(self, place: Path, workers: Sequence[Sequence[object]]) -> None:
        """
        Writes the file.

        Args:
            place: Where.
            workers: The whole argument list of each worker.
        """
        job = {
            "job": VERSION,
            "codec": self.codec,
            "dialect": self.dialect,
            "pickle_protocol": self.pickle_protocol,
            "workers": [[marked(argument) for argument in worker] for worker in workers],
            "preparation": [marked(item) for item in self.preparation],
            "tasks": [marked(task) for task in self.tasks],
            "settings": {
                "max_attempts": self.max_attempts,
                "task_timeout_s": self.task_timeout_s,
                "shutdown_timeout_s": self.shutdown_timeout_s,
                "command_timeout_s": self.command_timeout_s,
                "max_message_bytes": self.max_message_bytes,
            },
        }
        place.write_text(json.dumps(job, allow_nan=False), encoding="utf-8")

    def told(self) -> str:
        """In a few words, for the conversation."""
        what = (
            _counted(len(self.tasks), "task"),
            _counted(len(self.preparation), "preparation item"),
            _counted(self.workers, "worker"),
        )
        return f"a job: codec {self.codec}, {', '.join(what)}" + (", untagged" if self.dialect == "untagged" else "")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
