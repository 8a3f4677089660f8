"""
Every exception of the library. Standard library only: a worker imports this file, and must not pay for attrs.

SpreadJobsError
├── TooBusy                  raised by a task function in a worker: "not now" (spec BUSY-1)
├── CannotEncode             a payload or a preparation item that the codec cannot carry; caller's side
├── JournalError             a journal that is in use, is none, or cannot be written, or a payload that it cannot tell
├── WorkerViolation          a worker broke the protocol; the cause behind an attempt or an ended worker
└── RunError                 a run did not give all its answers; carries ``partial``
    ├── WrongAnswer          an answer is not what the caller asked for with answer=
    ├── RemoteException      a task raised in its worker (spec ERR-1)
    ├── PoisonTask           a task was charged ``max_attempts`` times
    ├── NoResponse           no worker is left and work remains
    │   └── CannotCreateConnection   ... because none could be started
    └── UnencodableTask      some payloads could not be encoded; all other tasks were done
"""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _text(value: object) -> str:
    """A value as text of a bounded length; an ancestor's instance bears what nobody has checked. Spec INST-2."""
    if isinstance(value, str):
        return value
    try:
        return reprlib.repr(value)
    except Exception as error:  # noqa: BLE001 - a class that the user admitted may have any __repr__
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"


class FailedTry(Protocol):
    """What an error shows of one charged try of a task; ``spreadjobs.Attempt`` is one."""

    @property
    def worker(self) -> str:
        """Name of the worker."""

    @property
    def cause(self) -> str:
        """Why the try failed, in a word or two."""

    @property
    def detail(self) -> str:
        """What happened."""

    @property
    def stderr(self) -> Sequence[str]:
        """The worker's last stderr lines."""


class EndedWorker(Protocol):
    """What an error shows of a worker that has ended; ``spreadjobs.WorkerReport`` is one."""

    @property
    def name(self) -> str:
        """Slot and incarnation."""

    @property
    def status(self) -> int | None:
        """Exit status, if it ended with one."""

    @property
    def signal(self) -> str | None:
        """Name of the signal that ended it, if one did."""

    @property
    def reason(self) -> str:
        """Why it ended, in words."""

    @property
    def stderr(self) -> Sequence[str]:
        """The last lines that it wrote on stderr."""


class SpreadJobsError(Exception):
    """What every exception of this library is."""


class TooBusy(SpreadJobsError):
    """
    Raised by a task function: this worker cannot do the task now. Spec BUSY-1.

    Args:
        delay: Seconds for which the worker asks to be left alone; finite, 0 or more.
        comment: Text for the log, if any.
    """

    def __init__(self, delay: float, comment: str | None = None) -> None:
        super().__init__(delay, comment)
        self.delay = delay
        self.comment = comment


class CannotEncode(SpreadJobsError):
    """A value that the codec in use cannot carry; nothing of it was sent. The text says what and where."""


class JournalError(SpreadJobsError):
    """
    A journal cannot be used: another master has it, it is no journal, it cannot be written, or a payload is of a type
    whose content it cannot tell. No answer that it has is lost by that.
    """


class WorkerViolation(SpreadJobsError):
    """
    A worker broke the protocol. Spec VIO-1.

    Args:
        reason: What came and what was due, and the requirement's id.
        quote: The first bytes that could not be taken, at most 80.
        cure: The likely cause and what to do about it.
    """

    def __init__(self, reason: str, quote: bytes = b"", cure: str = "") -> None:
        super().__init__(reason, quote, cure)
        self.reason = reason
        self.quote = quote
        self.cure = cure

    def __str__(self) -> str:
        """Reason, quoted bytes and cure, as far as there are any."""
        parts = [self.reason]
        if self.quote:
            parts.append(f"the bytes begin {self.quote!r}")
        if self.cure:
            parts.append(self.cure)
        return "; ".join(parts)


class RunError(SpreadJobsError, RuntimeError):
    """
    A run did not give all its answers. (A RuntimeError too, as the ancestor's NoResponse was.)

    Attributes:
        partial: What was answered, in todo order; ``notComputed`` stands where there is no answer.
        attempts: Failed attempts of the task that the error is about, oldest first.
        replay: The command that runs the task again, alone; "" where no ``cases=`` had its case file written.
    """

    partial: Sequence[object] = ()
    attempts: Sequence[FailedTry] = ()
    replay = ""

    def __str__(self) -> str:
        """The text, and how to run the task again where that can be done."""
        return self._with_replay(super().__str__())

    def _with_replay(self, text: str) -> str:
        return f"{text}\n{self.replay}" if self.replay else text


class RemoteException(RunError):
    """
    A task raised an exception in its worker. Spec ERR-1.

    ``args`` is ``(type_name, message)``, as the ancestor had it.

    Attributes:
        type_name: Name of the exception's type in the worker.
        message: Its message.
        traceback_text: Its traceback as text, "" where the worker gave none.
        task_index: Position of the task in todo, or None outside of a run.
        worker: Name of the worker, such as ``3.1``.
        out: Lines that the task printed.
        err: Lines that the task printed on its error stream.
        index: ``index=2``, as the ancestor had it.
        stderr: The last lines that the worker wrote on stderr, outside of what its task printed.
        stopped_run: Whether the run was stopped for it; not where it is the error of an outcome.
        comment: The beginnings of ``out`` and ``err``, as the ancestor had it.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        texts = [_text(argument) for argument in args[:3]] + [""] * 3
        self.type_name, self.message, self.traceback_text = texts[:3]
        self.task_index: int | None = None
        self.worker = ""
        self.index = ""
        self.comment = ""
        self.out: Sequence[str] = ()
        self.err: Sequence[str] = ()
        self.stderr: Sequence[str] = ()
        self.stopped_run = False

    def raise_me(self) -> None:
        """Raise this exception, as the ancestor's method did."""
        raise self

    def __str__(self) -> str:
        """Where it was raised, by what, the worker's traceback, and how to go on past failures."""
        if self.task_index is None:
            return super().__str__()
        text = f"task {self.task_index} raised {self.type_name}: {self.message} in worker {self.worker}"
        if self.traceback_text:
            text += f"\n--- traceback of the worker ---\n{self.traceback_text.rstrip()}\n--- end of it ---"
        if self.stopped_run:
            text += (
                "\nThe run was stopped; .partial has the answers so far, but for a stream, which gave them already. "
                "Master.outcomes() goes on past failures."
            )
        return self._with_replay(text)


class WrongAnswer(RunError, TypeError):
    """
    An answer is not of the type that ``answer=`` asks for, or its converter raised (then that is the ``__cause__``).

    Attributes:
        task_index: Position of the task in todo.
        worker: Name of the worker that gave the answer.
    """

    def __init__(self, reason: str, task_index: int, worker: str) -> None:
        super().__init__(reason, task_index, worker)
        self.task_index = task_index
        self.worker = worker

    def __str__(self) -> str:
        """Which answer, and what is wrong with it."""
        text = f"the answer to task {self.task_index}, from worker {self.worker}: {self.args[0]}"
        if self.worker == "journal":
            text += "; where a worker that was mended would answer otherwise, give the Journal another version"
        return self._with_replay(text)


class PoisonTask(RunError):
    """
    A task was charged with the end of its worker too often, and was set aside; all others were finished.

    Attributes:
        task_index: Position of the first such task in todo.
        task_indexes: Positions of all of them.
    """

    task_index: int = -1
    task_indexes: Sequence[int] = ()


class NoResponse(RunError):
    """
    No worker is left or can be started again, and work remains.

    Attributes:
        reasons: Why the last worker of each slot ended, by the slot's number.
        workers: How each worker ended: exit status or signal, and its last stderr lines.
        attempts: Failed attempts of the first task that has no answer.
    """

    reasons: Mapping[str, str] = {}
    workers: Sequence[EndedWorker] = ()


class CannotCreateConnection(NoResponse):
    """Not one worker could be started; ``reasons`` says why for each."""


class UnencodableTask(RunError):
    """
    Payloads that could not be encoded; all other tasks were done.

    Attributes:
        task_index: Position of the first such task in todo.
        reasons: The codec's reason for each such task, by its position.
    """

    task_index: int = -1
    reasons: Mapping[int, str] = {}


for _error in (
    SpreadJobsError,
    TooBusy,
    CannotEncode,
    JournalError,
    WorkerViolation,
    RunError,
    WrongAnswer,
    RemoteException,
    PoisonTask,
    NoResponse,
    CannotCreateConnection,
    UnencodableTask,
):
    # The public name: what tracebacks show, and what an instance pickled in a worker says. Spec INST-1.
    _error.__module__ = "spreadjobs"
