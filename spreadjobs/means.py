"""What a Master works with, made once from what the caller gave."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import attrs

from spreadjobs.arglists import Slot
from spreadjobs.codec import Encoder
from spreadjobs.connection import Arguments, Connection, ConnectionFactory
from spreadjobs.console import Console
from spreadjobs.settings import Settings


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
        return self.factory(Arguments(slot.arguments, env=env, cwd=slot.cwd))
