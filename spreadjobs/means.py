"""What a Master works with, made once from what the caller gave."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import attrs

from spreadjobs.arglists import Slot
from spreadjobs.codec import Encoder
from spreadjobs.connection import Arguments, Connection, ConnectionFactory
from spreadjobs.console import Console
from spreadjobs.settings import Settings

if TYPE_CHECKING:
    from spreadjobs.case_saver import CaseSaver


@attrs.frozen
class Means:
    """What the loop works with."""

    slots: Sequence[Slot]
    """In the order of ``list_of_args``."""
    settings: Settings
    factory: ConnectionFactory
    encoder: Encoder
    preparation: Sequence[bytes]
    """The preparation items, encoded once. Spec PREP-1, PREP-2."""
    console: Console
    timing: Callable[[float, float], object] | None = None
    cases: CaseSaver | None = None
    """Writes case files; None: nobody wants them."""
    epoch_s: float = attrs.field(factory=lambda: time.time() - time.monotonic())
    """Differences are monotonic, and yet the readings for ``timing`` look like time.time(), as they always did."""

    def tell_times(self, timing: Callable[[float, float], object], sent_s: Sequence[float], answered_s: float) -> None:
        """
        Call the timing callback for each task that was answered in one read, also where it raises.

        Args:
            timing: The callback.
            sent_s: When each request was sent, by the monotonic clock.
            answered_s: When the answers were read.

        Raises:
            Exception: the first that the callback raised.
        """
        raised: Exception | None = None
        for one_s in sent_s:
            try:
                timing(one_s + self.epoch_s, answered_s + self.epoch_s)
            except Exception as error:  # noqa: BLE001 - it is raised below
                raised = raised or error
        if raised is not None:
            raise raised

    def start(self, slot: Slot, name: str) -> Connection:
        """
        Start a worker, with the hints of spec EXEC-5 in its environment.

        Args:
            slot: What to start.
            name: The worker's name, such as ``3.1``.

        Raises:
            OSError: the program cannot be started.
            Exception: whatever the caller's connection factory raised.
        """
        hints = {
            "SPREAD_JOBS_PROTOCOL": "1.0",
            "SPREAD_JOBS_CODEC": self.settings.codec,
            "SPREAD_JOBS_WORKER": name,
        }
        env = {**os.environ, **(slot.env or {}), **hints}
        arguments = Arguments(slot.arguments, env=env, cwd=slot.cwd)
        if self.cases is not None:
            self.cases.note_start(slot.index, arguments)
        return self.factory(arguments)
