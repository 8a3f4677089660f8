"""
Chaos on purpose: connections to workers that misbehave at random, to see what comes of a run under them.

Give ``Chaos`` as the connection factory of a run; every worker then has its share, and the same seed gives the same::

    from spreadjobs import Settings, main
    from spreadjobs.chaos import Chaos

    chaos = Chaos(kill=0.05, stall=0.02, garbage=0.01, busy=0.2, truncate=0.01, seed=7)
    settings = Settings(task_timeout_s=1.0, max_attempts=12, max_kills=12, max_violations=1000)
    results, _ = main(todo, [["python3", "worker.py"]] * 8, chaos, settings=settings)
    print(chaos.incidents)

What a run needs to come through: ``task_timeout_s``, or the first stall is waited for without end; ``max_attempts`` for
tasks whose workers stall or send garbage again and again, ``max_kills`` for those whose workers are killed, and
``max_violations``, as each garbage counts against the slot and is never forgiven.

The same seed gives each worker the same fate: what becomes of the nth response of worker ``3.1``. Which task that is
depends on which worker had time for it, unless there is one worker and ``window=1``.
"""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from functools import partial
from typing import Final, Self

import attrs

from spreadjobs.connection import Arguments, Connection, ConnectionFactory, SubprocessConnection
from spreadjobs.descriptors import enough_descriptors
from spreadjobs.events import Exit
from spreadjobs.framing import make_framing
from spreadjobs.interrupts import deferred_interrupt
from spreadjobs.misbehaviour import Incident, Misbehaviour, Misdeed, Odds, is_number
from spreadjobs.relay import Relay
from spreadjobs.settings import Codec, Dialect

__all__ = ["Chaos", "ChaosConnection", "Incident", "Misdeed"]

BUSY_DELAY_S: Final = 0.01
"""What a made-up TooBusy asks for: the shortest rest that a master grants."""


class ChaosConnection:
    """
    A worker behind a connection that misbehaves.

    Each response is passed on, or one thing befalls it, with these probabilities, 1 at most together. Requests and
    standard error are left alone, and so is what is no message, and Alive. What is no more to be answered once
    ``close_stdin`` was called is text for the user: from then on all passes untouched. So does all that a worker
    writes after garbage, for which the master ends it.

    It has two descriptors and a thread of its own, until ``discard``. ``signal_group`` of the inner connection is
    called from that thread too.

    Args:
        inner: The connection to the worker; it belongs to this one from now on, and is discarded if this raises.
        kill: Its process group is sent KILL before the response goes on, and nothing goes on after that.
        stall: Neither the response nor anything after it goes on, until the worker is ended: the master needs a
            ``task_timeout_s``.
        garbage: Bytes that are no message come before it.
        busy: A TooBusy for the same task comes in its place. The worker has done the task, and will have to do it
            again. A response that does not say for which task it is is passed on.
        truncate: A beginning of it comes, and then the same as with ``kill``.
        seed: What happens follows from it, the name and the number of the response.
        name: Of the worker. None: from the environment that ``inner`` was started with, if it has an attribute
            ``arguments`` that tells, as a ``SubprocessConnection`` has; otherwise "". Workers of the same name have the
            same fate, and one that is killed at its first response would be that again each time that it is started.
        codec: What the worker speaks. None: from that environment too, otherwise pickle.
        dialect: What the worker speaks; must be that of the run's settings.
        busy_delay_s: What a TooBusy asks for, seconds.
        incidents: What is done is added to this list; None: to one of its own.

    Raises:
        ValueError: a probability, or what else was given, is out of its range.
        OSError: there is no descriptor or no thread to be had.

    Attributes:
        inner: The connection to the worker.
        name: Of the worker.
        incidents: What was done, in this order.
    """

    def __init__(  # noqa: PLR0913 - each is a knob of its own
        self,
        inner: Connection,
        *,
        kill: float = 0.05,
        stall: float = 0.02,
        garbage: float = 0.01,
        busy: float = 0.2,
        truncate: float = 0.01,
        seed: int = 7,
        name: str | None = None,
        codec: Codec | None = None,
        dialect: Dialect = "tagged",
        busy_delay_s: float = BUSY_DELAY_S,
        incidents: list[Incident] | None = None,
    ) -> None:
        self.inner = inner
        self.incidents: list[Incident] = [] if incidents is None else incidents
        self._discarded = False
        self._room = ExitStack()
        try:
            odds = Odds(kill=kill, stall=stall, garbage=garbage, busy=busy, truncate=truncate)
            _check(seed, busy_delay_s, codec, dialect)
            self.name = _hint(inner, "SPREAD_JOBS_WORKER") or "" if name is None else name
            spoken: Codec = "json" if (codec or _hint(inner, "SPREAD_JOBS_CODEC")) == "json" else "pickle"
            framing = make_framing(spoken, dialect)
            fate = Misbehaviour(odds, seed, self.name, framing, self.incidents, busy_delay_s=busy_delay_s)
            self._room.enter_context(enough_descriptors(1))  # As for one worker more: the master counts one.
            end = partial(inner.signal_group, signal.SIGKILL)
            self._relay = Relay(inner.stdout_fd, fate, end, name=f"spreadjobs chaos {self.name}")
        except BaseException:
            with self._room:
                inner.discard()
            raise

    @property
    def stdin_fd(self) -> int:
        """The writing end of the worker's standard input."""
        return self.inner.stdin_fd

    @property
    def stdout_fd(self) -> int:
        """Where its standard output is to be read, as far as it goes on."""
        return self._relay.stdout_fd

    @property
    def stderr_fd(self) -> int | None:
        """The reading end of its standard error, or None if that goes elsewhere."""
        return self.inner.stderr_fd

    def close_stdin(self) -> None:
        """Close ``stdin_fd``, and let all pass from now on. A second call does nothing."""
        self.inner.close_stdin()
        self._relay.calm()

    def poll(self) -> Exit | None:
        """How the process ended, or None while it runs."""
        return self.inner.poll()

    def signal_group(self, number: int, /) -> None:
        """Send a signal to the process and all of its group, as far as there are any."""
        self.inner.signal_group(number)

    def discard(self) -> None:
        """End the chaos, then kill what is left, close all descriptors and reap. A second call does nothing."""
        with deferred_interrupt():
            if self._discarded:
                return
            self._discarded = True
            with self._room:
                self._room.callback(self.inner.discard)  # Whatever else is raised, and after the relay:
                self._relay.close()  # it reads from, and signals to, what is then given back.

    def __enter__(self) -> Self:
        """Itself; it is discarded at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Discard it."""
        self.discard()


@attrs.frozen
class Chaos:
    """
    A connection factory: workers as another factory starts them, behind a ``ChaosConnection`` each.

    Names and codec of the workers are those that the master gives in the arguments' environment (spec EXEC-5).

    Args:
        factory: Starts the workers.
        kill: This and the following are those of ``ChaosConnection``.

    Raises:
        ValueError: a probability, or what else was given, is out of its range; before anything is started.

    Attributes:
        incidents: What was done to all workers; those of each in their order.
    """

    factory: ConnectionFactory = SubprocessConnection
    kill: float = attrs.field(default=0.05, kw_only=True)
    stall: float = attrs.field(default=0.02, kw_only=True)
    garbage: float = attrs.field(default=0.01, kw_only=True)
    busy: float = attrs.field(default=0.2, kw_only=True)
    truncate: float = attrs.field(default=0.01, kw_only=True)
    seed: int = attrs.field(default=7, kw_only=True)
    dialect: Dialect = attrs.field(default="tagged", kw_only=True)
    busy_delay_s: float = attrs.field(default=BUSY_DELAY_S, kw_only=True)
    incidents: list[Incident] = attrs.field(factory=list, init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check what each connection would refuse."""
        Odds(kill=self.kill, stall=self.stall, garbage=self.garbage, busy=self.busy, truncate=self.truncate)
        _check(self.seed, self.busy_delay_s, None, self.dialect)

    def __call__(self, arguments: Arguments) -> ChaosConnection:
        """
        Start a worker that misbehaves.

        Raises:
            OSError: it cannot be started.
        """
        env = arguments.env or {}
        return ChaosConnection(
            self.factory(arguments),
            kill=self.kill,
            stall=self.stall,
            garbage=self.garbage,
            busy=self.busy,
            truncate=self.truncate,
            seed=self.seed,
            name=env.get("SPREAD_JOBS_WORKER", ""),
            codec="json" if env.get("SPREAD_JOBS_CODEC") == "json" else "pickle",
            dialect=self.dialect,
            busy_delay_s=self.busy_delay_s,
            incidents=self.incidents,
        )


def _check(seed: object, busy_delay_s: object, codec: object, dialect: object) -> None:
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise ValueError(f"seed={seed!r}: a whole number is due")  # noqa: TRY004 - as of Settings
    if not is_number(busy_delay_s, sys.float_info.max):
        raise ValueError(f"busy_delay_s={busy_delay_s!r}: seconds are due, 0 or more (spec BUSY-1)")
    if codec not in ("pickle", "json", None):
        raise ValueError(f"codec={codec!r}: one of pickle, json is due, or None")
    if dialect not in ("tagged", "untagged"):
        raise ValueError(f"dialect={dialect!r}: one of tagged, untagged is due")


def _hint(inner: Connection, name: str) -> str | None:
    """What the environment says that a connection started its worker with, if it tells."""
    arguments: object = getattr(inner, "arguments", None)
    env = arguments.env if isinstance(arguments, Arguments) else None
    return None if env is None else env.get(name)
