"""Connections that misbehave in one way only, a connection that a test plays, and what is read of them."""

from __future__ import annotations

import json
import os
import pickle
import select
import signal
import sys
from typing import Final

from programs import TEMPLATE

from spreadjobs import Connection, ConnectionFactory, SubprocessConnection
from spreadjobs.chaos import Chaos, ChaosConnection, Misdeed
from spreadjobs.events import Exit
from spreadjobs.settings import Codec, Dialect

LIMIT_S: Final = 20.0
QUIET: Final = [sys.executable, "-S", *TEMPLATE[1:]]
"""The reference worker, which starts faster so."""
CODECS: Final[tuple[Codec, ...]] = ("pickle", "json")
MISDEEDS: Final[tuple[Misdeed, ...]] = ("kill", "stall", "garbage", "busy", "truncate")


class Played:
    """A connection without a process, which a test plays: it obeys the Protocol, and nothing else."""

    def __init__(self) -> None:
        self.requests, self._stdin = os.pipe()
        self._stdout, self.answers = os.pipe()
        for fd in (self.requests, self._stdin, self._stdout, self.answers):
            os.set_blocking(fd, False)
        self.signals: list[int] = []
        self.open = {self.requests, self._stdin, self._stdout, self.answers}
        self.ended: Exit | None = None

    @property
    def stdin_fd(self) -> int:
        return self._stdin

    @property
    def stdout_fd(self) -> int:
        return self._stdout

    @property
    def stderr_fd(self) -> int | None:
        return None

    def shut(self, fd: int) -> None:
        if fd in self.open:
            self.open.remove(fd)
            os.close(fd)

    def close_stdin(self) -> None:
        self.shut(self._stdin)

    def poll(self) -> Exit | None:
        return self.ended

    def signal_group(self, number: int, /) -> None:
        self.signals.append(number)
        self.ended = Exit(signal=signal.Signals(number).name)
        self.shut(self.answers)

    def discard(self) -> None:
        for fd in list(self.open):
            self.shut(fd)


def only(
    misdeed: Misdeed | None,
    chance: float = 1.0,
    *,
    factory: ConnectionFactory = SubprocessConnection,
    dialect: Dialect = "tagged",
) -> Chaos:
    """Nothing happens but this."""
    kill, stall, garbage, busy, truncate = (chance if each == misdeed else 0.0 for each in MISDEEDS)
    return Chaos(factory, kill=kill, stall=stall, garbage=garbage, busy=busy, truncate=truncate, dialect=dialect)


def wrapped(inner: Connection, misdeed: Misdeed | None = None, codec: Codec | None = None) -> ChaosConnection:
    """Behind a connection that always does this."""
    kill, stall, garbage, busy, truncate = (float(each == misdeed) for each in MISDEEDS)
    return ChaosConnection(inner, kill=kill, stall=stall, garbage=garbage, busy=busy, truncate=truncate, codec=codec)


def read(fd: int, size: int = sys.maxsize) -> bytes:
    """So many bytes, or all until the end."""
    data = b""
    while len(data) < size and select.select([fd], [], [], LIMIT_S)[0]:
        piece = os.read(fd, min(65536, size - len(data)))
        if not piece:
            return data
        data += piece
    assert len(data) == size, f"neither {size} bytes nor an end came within {LIMIT_S} s; so far {data[:80]!r}"
    return data


def message(first: object, codec: Codec) -> bytes:
    """A response without lines."""
    if codec == "json":
        return json.dumps([first, None, None]).encode() + b"\n"
    return pickle.dumps((first, None, None), 4) + b"\n"
