"""Saves the case files of a Master: those of its tasks that raised, were quarantined, or ended with the last worker."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from reprlib import Repr
from typing import Final, TypeVar

import attrs

from spreadjobs.abridge import replay_command
from spreadjobs.case_file import Case, Failure, Started, write_case
from spreadjobs.connection import Arguments, ConnectionFactory, SubprocessConnection
from spreadjobs.console import Console
from spreadjobs.errors import RemoteException, WrongAnswer
from spreadjobs.journal import RECALLED
from spreadjobs.outcomes import Answered, Attempt, Cancelled, Failed, Outcome, Quarantined
from spreadjobs.settings import Anything, Numpy, Settings
from spreadjobs.tasks import Task

A = TypeVar("A")

MOST_FILES: Final = 100
"""So many case files a Master writes, and no more: the hundredth seldom tells more than the first."""
MOST_BYTES: Final = 256 * 1024**2
"""So much it writes into them: each has the preparation in it, which may be long."""
SHOWN_PAYLOAD: Final = 2000
"""Characters of the payload that are shown to people."""
_shortener: Final = Repr()
_shortener.maxstring = _shortener.maxother = _shortener.maxlong = 400
_shortener.maxlist = _shortener.maxtuple = _shortener.maxdict = _shortener.maxset = 20


class CaseSaver:
    """
    Writes a case file for each task that failed, as long as there is room.

    Args:
        folder: Where to; made when the first one is written.
        settings: Those of the run.
        preparation: The preparation items as they are sent.
        factory: Starts the workers.
        console: For warnings: no failure to write ends a run.

    Raises:
        TypeError, ValueError: ``folder`` is no path.
        NotADirectoryError: it is the path of a file.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        settings: Settings,
        preparation: Sequence[bytes],
        factory: ConnectionFactory,
        console: Console,
    ) -> None:
        self._shown = _path_text(folder)
        self._folder = Path(self._shown).absolute()
        if self._folder.exists() and not self._folder.is_dir():
            raise NotADirectoryError(f"cases={self._shown!r} is a file: a folder is due, which need not be there yet")
        self._settings = settings
        self._preparation = preparation
        self._started_by = "" if factory is SubprocessConnection else _name(factory)
        self._console = console
        self._starts: dict[int, Arguments] = {}
        self._kept: Mapping[int, Task] = {}
        self._files, self._bytes = MOST_FILES, MOST_BYTES
        self._said = False

    def note_start(self, slot: int, arguments: Arguments) -> None:
        """A worker is started, with these arguments, in the slot of this index."""
        try:
            cwd = os.path.realpath(arguments.cwd or os.curdir)
        except OSError:
            cwd = arguments.cwd or os.curdir  # The master's own folder is gone; a worker may live without.
        self._starts[slot] = Arguments(arguments, env=arguments.env, cwd=cwd)

    # --- which tasks

    def save(self, outcomes: Sequence[Outcome[object]], kept: Mapping[int, Task]) -> list[Outcome[object]]:
        """
        Write the case files of what has ended.

        Args:
            outcomes: All that ended together.
            kept: Their tasks, as far as they were sent.

        Returns:
            The outcomes, each with the path of its case file where there is one.
        """
        self._kept = kept  # For answers that turn out to be wrong.
        return [self.with_case(outcome) for outcome in outcomes]

    def with_case(self, outcome: Outcome[A]) -> Outcome[A]:
        """The same for one outcome; also one of those given last, whose answer is none that the caller asked for."""
        if isinstance(outcome, Answered) or (isinstance(outcome, Failed) and outcome.worker == RECALLED):
            return outcome  # An answer from a journal was sent to nobody.
        task = self._kept.get(outcome.task_index)
        if task is None or not hasattr(task, "sent"):
            return outcome  # Nothing of it was sent.
        path = self._write(task, outcome)
        if isinstance(outcome, Failed) and isinstance(outcome.error, RemoteException | WrongAnswer):
            outcome.error.replay = replay_command(path)
        return attrs.evolve(outcome, case=path)

    # --- what of them

    def _write(self, task: Task, outcome: Failed | Quarantined | Cancelled) -> str:
        """Write the file of one task; returns its path as the user would write it, "" if there is none."""
        # Before it is written: the bytes alone may be more than there is room for.
        size = len(task.sent[1]) + sum(map(len, self._preparation))
        if not self._files or size > self._bytes:
            return self._full()
        self._files -= 1  # Also of what cannot be written: a full disk is to be said a hundred times, not a million.
        try:
            data = write_case(self._case(task, outcome))
            if len(data) > self._bytes:
                return self._full()
            self._folder.mkdir(parents=True, exist_ok=True)
            name = self._write_new(f"task-{task.index:06}", data)
        except (OSError, ValueError) as error:
            self._console.say(f"the case file of task {task.index} was not written: {error}", warning=True)
            return ""
        self._bytes -= len(data)
        return os.path.join(self._shown, name)  # noqa: PTH118 - a path keeps "./" where the user wrote it

    def _full(self) -> str:
        """Say once that there is no room; gives the path of no file."""
        if not self._said:
            self._said = True
            why = f"{MOST_FILES} were" if not self._files else f"with this one, {MOST_BYTES} bytes would be"
            self._console.say(f"not all case files are written into {self._shown}: {why} enough", warning=True)
        return ""

    def _write_new(self, stem: str, data: bytes) -> str:
        """Write a file that is not there yet: one of an earlier run stays as it is."""
        name, number = f"{stem}.json", 1
        while (descriptor := _create(self._folder / name)) is None:
            number += 1
            name = f"{stem}-{number}.json"
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        except BaseException:
            (self._folder / name).unlink()  # The disk is full, or Ctrl-C came: half a case is none.
            raise
        return name

    def _case(self, task: Task, outcome: Failed | Quarantined | Cancelled) -> Case:
        failure = _failure(outcome, task.ends)
        name = outcome.worker if isinstance(outcome, Failed) else failure.attempts[-1].worker
        start = self._starts[int(name.partition(".")[0]) - 1]
        task_id, request = task.sent
        return Case(
            version=_version(),
            saved=datetime.now(UTC).isoformat(timespec="seconds"),
            task_index=task.index,
            failure=failure,
            worker=Started(
                name=name,
                arguments=list(start),
                cwd=start.cwd or "",
                # The slot may have been started again since then.
                env={**(start.env or {}), "SPREAD_JOBS_WORKER": name},
                started_by=self._started_by,
            ),
            settings=self._settings,
            allow=_allow(self._settings),
            payload=shown(task.payload),
            preparation=self._preparation,
            task_id=task_id,
            request=request,
        )


def _path_text(folder: object) -> str:
    text: object = os.fspath(folder) if isinstance(folder, os.PathLike) else folder
    if not isinstance(text, str):
        raise TypeError(f"cases={folder!r}: the path of a folder is due, such as 'failed/', or None")
    if not text or "\0" in text:
        raise ValueError(f"cases={folder!r}: the path of a folder is due, such as 'failed/'")
    return text


def _create(path: Path) -> int | None:
    """A descriptor of a new file, or None if there is one already."""
    try:
        # It has the environment, in which there may be secrets.
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return None


def _failure(outcome: Failed | Quarantined | Cancelled, attempts: Sequence[Attempt]) -> Failure:
    stderr = attempts[-1].stderr if attempts else ()
    if isinstance(outcome, Failed):
        error = outcome.error
        if isinstance(error, RemoteException):
            return Failure(
                kind="raised",
                text=f"{error.type_name}: {error.message}",
                type_name=error.type_name,
                message=error.message,
                traceback_text=error.traceback_text,
                out=error.out,
                err=error.err,
                attempts=attempts,
                stderr=error.stderr,
            )
        return Failure(kind="wrong answer", text=str(error), attempts=attempts, stderr=stderr)
    if isinstance(outcome, Quarantined):
        text = f"{attempts[-1].cause}: {attempts[-1].detail}"
        return Failure(kind="quarantined", text=text, attempts=attempts, stderr=stderr)
    return Failure(kind="no worker left", text=outcome.reason, attempts=attempts, stderr=stderr)


def _allow(settings: Settings) -> list[str]:
    if isinstance(settings.allow, Anything):
        return [settings.allow.name]
    allow = settings.allow
    return [item.name if isinstance(item, Numpy) else item if isinstance(item, str) else _name(item) for item in allow]


def _name(value: object) -> str:
    """The dotted name of a class or function; of another object, that of its class."""
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(named, '__module__', '')}.{getattr(named, '__qualname__', '')}"


def shown(value: object) -> str:
    """How a value looks, shortened; never fails, whatever the value."""
    try:
        text = _shortener.repr(value)
    except Exception as error:  # noqa: BLE001 - the caller's class may have any __repr__
        text = f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    return text if len(text) <= SHOWN_PAYLOAD else text[: SHOWN_PAYLOAD - 3] + "..."


def _version() -> str:
    try:
        return version("spreadjobs")
    except PackageNotFoundError:
        return "not installed"
