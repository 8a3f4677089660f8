"""
What a conversation learns from outside: the time, limits, chance, and what a worker does.

All of it passes through a Stage, so that it can be written down, and the verdict found anew from what was written.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from spreadjobs_conform.findings import Interrupted
from spreadjobs_conform.patience import Patience, Wait
from spreadjobs_conform.process import WorkerProcess

_FIRST_IDS: Final = range(10**4, 2**31)


class Worker(Protocol):
    """One started worker with its pipes. ``WorkerProcess`` is the real one, and says what each of these does."""

    pid: int
    inbox: bytearray
    received_bytes: int
    stdout_open: bool
    stdin_broken: bool

    @property
    def unwritten_bytes(self) -> int:
        """What is queued and not yet in the pipe."""
        ...

    @property
    def unread_bytes(self) -> int:
        """What the worker has not read yet."""
        ...

    def write(self, data: bytes) -> None:
        """Queues bytes for its standard input."""
        ...

    def close_stdin(self) -> None:
        """The worker sees the end of its standard input."""
        ...

    def pump(self, timeout_s: float) -> None:
        """Moves what can be moved within the time."""
        ...

    def status(self) -> int | None:
        """The exit status, a signal as its negative number, or None while the process lives."""
        ...

    def describe(self) -> str:
        """Where the process stands, for people."""
        ...

    def descriptors(self) -> int | None:
        """How many files it has open; None if nobody says."""
        ...

    def stderr_lines(self, count: int) -> list[str]:
        """The last lines of standard error."""
        ...

    def freeze(self) -> None:
        """Stops its group."""
        ...

    def thaw(self) -> None:
        """Lets its group go on."""
        ...

    def end(self) -> None:
        """Kills it and all that it left."""
        ...


class Stage(Protocol):
    """Where a conversation takes place."""

    def now_s(self) -> float:
        """Monotonic seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass without looking at the worker."""
        ...

    def first_id(self) -> int:
        """The task id that the conversation begins with."""
        ...

    def limit_s(self, wait: Wait, *, mebibytes: float, first: bool) -> float:
        """As ``Patience.limit_s``."""
        ...

    def case_limit_s(self) -> float:
        """As ``Patience.case_limit_s``."""
        ...

    def quiet_s(self) -> float:
        """As ``Patience.quiet_s``."""
        ...

    def start_s(self) -> float | None:
        """As ``Patience.start_s``."""
        ...

    def hang(self, wait: Wait, waited_s: float) -> bool:
        """As ``Patience.hang``."""
        ...

    def check_stop(self) -> None:
        """
        Look whether the run was stopped.

        Raises:
            Interrupted: It was.
        """
        ...

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> Worker:
        """
        Start a worker.

        Raises:
            CannotStart: The executable is missing or cannot be executed.
        """
        ...


class LiveStage:
    """
    The world as it is.

    Args:
        patience: The limits of the run.
        stop: Set when the run is to end at once.
    """

    def __init__(self, patience: Patience, stop: threading.Event) -> None:
        self._patience = patience
        self._stop = stop

    def now_s(self) -> float:
        """As ``Stage.now_s``."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """As ``Stage.sleep``."""
        time.sleep(seconds)

    def first_id(self) -> int:
        """As ``Stage.first_id``: drawn by lot, so that no worker can know it."""
        return random.choice(_FIRST_IDS)  # noqa: S311 - ids need no secrecy

    def limit_s(self, wait: Wait, *, mebibytes: float, first: bool) -> float:
        """As ``Stage.limit_s``."""
        return self._patience.limit_s(wait, mebibytes=mebibytes, first=first)

    def case_limit_s(self) -> float:
        """As ``Stage.case_limit_s``."""
        return self._patience.case_limit_s()

    def quiet_s(self) -> float:
        """As ``Stage.quiet_s``."""
        return self._patience.quiet_s()

    def start_s(self) -> float | None:
        """As ``Stage.start_s``."""
        return self._patience.start_s

    def hang(self, wait: Wait, waited_s: float) -> bool:
        """As ``Stage.hang``."""
        return self._patience.hang(wait, waited_s)

    def check_stop(self) -> None:
        """As ``Stage.check_stop``."""
        if self._stop.is_set():
            raise Interrupted("the run was stopped")

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> Worker:
        """As ``Stage.start``."""
        return WorkerProcess(command, environment)
