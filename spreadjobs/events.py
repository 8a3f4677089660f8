"""
What passes between the loop and the plan: responses, facts (what happened) and orders (what to do). Values only.

One fact stands for one read with everything in it, not for one answer: objects for each cost a third of the speed.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Final, NamedTuple, NewType, TypeAlias

import attrs

TaskId = NewType("TaskId", int)
"""The id of one request; a task that is sent again bears a new one. Spec RUN-2."""

Lines: TypeAlias = Sequence[str]
"""Lines that a task printed, as the worker sent them. Spec OUT-1."""


class Answer(NamedTuple):
    """A worker's answer to one request. Spec RUN-5. The rare kind, with lines; like Answers a tuple and not attrs."""

    task_id: TaskId
    value: object
    out: Lines
    err: Lines


class Answers(NamedTuple):
    """Answers without lines, as they came one after the other: task ids and values. What workers mostly send."""

    pairs: Sequence[tuple[TaskId, object]]


@attrs.frozen
class Refusal:
    """A worker said "not now" to one request. Spec BUSY-1."""

    task_id: TaskId
    delay_s: float
    out: Lines = ()
    err: Lines = ()
    comment: str = ""


@attrs.frozen
class Failure:
    """A task raised in its worker. Spec ERR-1."""

    task_id: TaskId
    arguments: tuple[object, ...]
    """Type name, message and traceback text; an ancestor's instance may bear any arguments. Spec INST-2."""
    out: Lines = ()
    err: Lines = ()


Response: TypeAlias = Answer | Refusal | Failure


# Sent by a kernel short of memory, a batch system or a person; by the status with which a shell reports them.
_OUTSIDE: Final = {129: "SIGHUP", 130: "SIGINT", 131: "SIGQUIT", 137: "SIGKILL", 143: "SIGTERM"}


@attrs.frozen
class Exit:
    """How a process ended: with a status, by a signal, or nobody knows."""

    status: int | None = None
    signal: str | None = None

    @property
    def from_outside(self) -> bool:
        """Whether a signal ended it that programs do not bring upon themselves, or a shell reports so. Spec JOB-5."""
        return self.signal in _OUTSIDE.values() or self.status in _OUTSIDE

    def __str__(self) -> str:
        """In words, for errors and reports."""
        if self.signal is not None:
            return f"killed by {self.signal}"
        return "ended, status unknown" if self.status is None else f"exit status {self.status}"


@attrs.frozen
class Evidence:
    """What a worker's pipes show: looked at when one of its limits has run out, to say what it did not do."""

    sent_bytes: int = 0
    """So much was to be sent to it until now."""
    unread_bytes: int | None = None
    """So much of that it has not read; None where that cannot be known."""
    begun_bytes: int = 0
    """So much came of a message, or of text in shutdown, that has no end yet."""
    holders: Sequence[str] = ()
    """Processes that hold its standard output open, name and id; looked for only when its own process has ended."""


# Facts: what the loop tells the plan about one worker.


@attrs.frozen
class Started:
    """The worker's process runs."""


HOPELESS: Final = frozenset(
    {errno.ENOENT, errno.EACCES, errno.ENOTDIR, errno.ENOEXEC, errno.EISDIR, errno.ELOOP, errno.E2BIG, errno.EPERM}
)
"""Why a program cannot be started now, and could not be later either."""


@attrs.frozen
class NotStarted:
    """The worker's process could not be made."""

    reason: str
    hopeless: bool
    """True where trying again cannot help: no such file, no permission."""


@attrs.frozen
class Came:
    """One read from the worker's standard output."""

    messages: Sequence[object]
    undue: bytes = b""
    """The first bytes beyond those messages that are no beginning of a further one that is due."""
    fault: str = ""
    """Why the bytes in ``undue`` cannot be decoded, or "" where they only came when nothing was due."""
    cure: str = ""
    refused: bool = False
    """Whether the fault is no more than an object of a class that was not admitted. Spec SEC-3."""


@attrs.frozen
class StdinBroken:
    """The worker closed its standard input: it takes no more requests."""


@attrs.frozen
class StdoutEnded:
    """End of the worker's standard output."""

    inside_message: bool
    """True if the last message broke off."""


@attrs.frozen
class Exited:
    """The worker's process ended (its pipes may still be held open by others)."""

    exit: Exit


@attrs.frozen
class Unencodable:
    """A request could not be encoded and was not sent."""

    task_id: TaskId
    reason: str


Fact: TypeAlias = Started | NotStarted | Came | StdinBroken | StdoutEnded | Exited | Unencodable


# Orders: what the plan tells the loop to do with one worker.


@attrs.frozen
class Launch:
    """Start the worker's process and send it the preparation."""

    worker: int
    slot: int
    name: str


@attrs.frozen
class Send:
    """Send requests, in this order."""

    worker: int
    requests: Sequence[tuple[TaskId, object]]


@attrs.frozen
class CloseStdin:
    """Close the worker's standard input once everything written is out. Spec SHUT-1."""

    worker: int


@attrs.frozen
class Terminate:
    """Send TERM to the worker's group."""

    worker: int


@attrs.frozen
class Kill:
    """Send KILL to the worker's group."""

    worker: int


@attrs.frozen
class Discard:
    """The worker has ended, or is given up: kill what is left of its group, close its pipes, reap it."""

    worker: int
    text_due: bool
    """Whether what it wrote beyond its last answer is text for the caller. Spec SHUT-8."""


@attrs.frozen
class Show:
    """Show the lines that a task printed. Spec OUT-3."""

    task_index: int
    out: Lines
    err: Lines


@attrs.frozen
class Took:
    """Tasks answered in one read: when each request was sent, and when that was, in seconds of the loop's clock."""

    sent_s: Sequence[float]
    answered_s: float


@attrs.frozen
class Say:
    """Say something to the user."""

    text: str
    warning: bool = False


Order: TypeAlias = Launch | Send | CloseStdin | Terminate | Kill | Discard | Show | Took | Say
