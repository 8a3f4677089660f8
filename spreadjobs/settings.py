"""Settings: every knob of a run in one frozen value, checked when it is made."""

from __future__ import annotations

import math
import sys
from enum import Enum
from typing import Final, Literal, TypeAlias

import attrs

MAX_TASK_ID: Final = 2**53 - 1
"""The greatest task id: every integer up to it is exact in a JSON number. Spec RUN-2."""


class Anything(Enum):
    """The type of ``ANYTHING``."""

    ANYTHING = "ANYTHING"


class Numpy(Enum):
    """The type of ``NUMPY``."""

    NUMPY = "NUMPY"


ANYTHING: Final = Anything.ANYTHING
"""
``allow=ANYTHING``: unpickle WHATEVER A WORKER SENDS, INCLUDING CODE THAT THEN RUNS IN THE MASTER.
Only for workers that you trust as yourself.
"""

NUMPY: Final = Numpy.NUMPY
"""``allow=[NUMPY]``: admit numpy arrays and scalars of plain dtypes, rebuilt from checked bytes."""

Allow: TypeAlias = tuple[str | type | Numpy, ...] | Anything
Codec: TypeAlias = Literal["pickle", "json"]
Dialect: TypeAlias = Literal["tagged", "untagged"]


def _allow(value: object) -> Allow:
    if isinstance(value, Anything):
        return value
    if isinstance(value, str | type | Numpy):
        raise TypeError(f"allow={value!r}: a list is due, such as allow=[{value!r}]")
    if not isinstance(value, list | tuple | set | frozenset):
        raise TypeError(f"allow={value!r}: a list of dotted class names, classes or NUMPY is due, or ANYTHING")
    for item in value:
        if isinstance(item, Anything):
            raise TypeError("allow=[ANYTHING]: write allow=ANYTHING; it cannot be one of several")
        if not isinstance(item, str | type | Numpy) or (isinstance(item, str) and "." not in item):
            raise TypeError(f"allow has {item!r}: a dotted class name such as 'mypkg.Result', a class, or NUMPY is due")
    return tuple(value)


def _check_seconds(name: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"{name}={value!r}: seconds above 0 are due, or None for no limit")


def _check_whole(name: str, value: object, minimum: int, maximum: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
        raise ValueError(f"{name}={value!r}: a whole number from {minimum} to {maximum} is due")


@attrs.frozen(kw_only=True)
class Settings:
    """
    How a run is done. Every field has a default that is right for most.

    Raises:
        ValueError: a field is out of its range, or two fields cannot go together; the text names it and what is due.
        TypeError: ``allow`` is no list.
    """

    codec: Codec = "pickle"
    """How messages travel. Spec WIRE-1."""
    dialect: Dialect = "tagged"
    """``untagged`` is what gmisclib 0.73.0 workers speak. Spec section 10."""
    pickle_protocol: int = 4
    """Pickle protocol of what the master writes, 0 to 5; 2 for a Python 2 worker. Spec PKL-1."""
    allow: Allow = attrs.field(default=(), converter=_allow)
    """What may come out of a worker's pickle besides the data model: dotted names, classes, NUMPY, or ANYTHING."""
    window: int | Literal["auto"] = "auto"
    """Requests that may be outstanding at one worker: a number, or ``auto`` (more only while tasks are short)."""
    max_attempts: int = 3
    """After so many charged attempts a task is quarantined."""
    max_kills: int = 10
    """After so many ends by a signal from outside (KILL, TERM, HUP, INT, QUIT) a task is quarantined too, or a slot is
    given up that never answered in between. The kernel where memory ran out, a batch system or a person sends them."""
    task_timeout_s: float | None = None
    """Seconds a task may take once it is the oldest unanswered one of its worker; None: no limit."""
    start_timeout_s: float | None = None
    """Seconds from the first request to a worker that was just started to its first answer; None: no limit."""
    shutdown_timeout_s: float | None = 30.0
    """Seconds a worker may take to end after its stdin closed, counted from its last byte; None: no limit."""
    command_timeout_s: float | None = None
    """The same for a worker that was sent nothing (command mode); None: no limit."""
    max_message_bytes: int = 2 * 1024**3
    """The largest message taken from a worker; a larger one is a violation."""
    restarts: int | None = None
    """Ends in a row without an answer after which a slot is given up; None: as ``max_attempts``."""
    max_violations: int = 2
    """Violations of a slot's workers, over all runs, at which it is given up; answers in between do not help."""
    replace_departed: bool = False
    """Start a new worker for one that left by itself with status 0 (programs that recycle themselves)."""
    py2_strings: Literal["surrogateescape", "latin1", "bytes"] = "surrogateescape"
    """What a Python 2 ``str`` becomes: UTF-8 text with surrogateescape, latin-1 text, or bytes."""
    first_task_id: int | None = None
    """The first task id of a run; None: a random one from 10**4 to 2**31, so that noise cannot match. Spec RUN-2."""

    def __attrs_post_init__(self) -> None:
        """Check what spans fields, and what has no validator of its own."""
        for name, value, choices in (
            ("codec", self.codec, ("pickle", "json")),
            ("dialect", self.dialect, ("tagged", "untagged")),
            ("py2_strings", self.py2_strings, ("surrogateescape", "latin1", "bytes")),
        ):
            if value not in choices:
                raise ValueError(f"{name}={value!r}: one of {', '.join(choices)} is due")
        for name, seconds in (
            ("task_timeout_s", self.task_timeout_s),
            ("start_timeout_s", self.start_timeout_s),
            ("shutdown_timeout_s", self.shutdown_timeout_s),
            ("command_timeout_s", self.command_timeout_s),
        ):
            _check_seconds(name, seconds)
        _check_whole("pickle_protocol", self.pickle_protocol, 0, 5)
        _check_whole("max_attempts", self.max_attempts, 1, sys.maxsize)
        _check_whole("max_kills", self.max_kills, 1, sys.maxsize)
        _check_whole("max_violations", self.max_violations, 1, sys.maxsize)
        _check_whole("max_message_bytes", self.max_message_bytes, 1, sys.maxsize)
        if self.window != "auto":
            _check_whole("window", self.window, 1, 10_000)
        if self.restarts is not None:
            _check_whole("restarts", self.restarts, 1, sys.maxsize)
        if self.first_task_id is not None:
            _check_whole("first_task_id", self.first_task_id, 0, MAX_TASK_ID)
        if self.dialect == "untagged" and self.codec == "json":
            raise ValueError("dialect='untagged' goes with codec='pickle' only (spec UNT-1)")
        if self.dialect == "untagged" and self.window not in ("auto", 1):
            raise ValueError("dialect='untagged' is lock-step: window=1 is due (spec UNT-3)")


LEGACY: Final = Settings(dialect="untagged", pickle_protocol=2)
"""For real gmisclib 0.73.0 workers."""
