"""One run after another of a master under test, with played workers: what a case has in its hands."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final, NoReturn

import attrs

from spreadjobs_conform.findings import Finding, Hang, HarnessFault, Interrupted
from spreadjobs_conform.masters.account import (
    Account,
    AccountError,
    Answered,
    Fate,
    crashed,
    read_account,
    told,
    unreadable,
)
from spreadjobs_conform.masters.actor import Actor, GoneError
from spreadjobs_conform.masters.cast import Cast, Role
from spreadjobs_conform.masters.cures import START_WORKERS, value_cure
from spreadjobs_conform.masters.hangs import no_end
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.subject import KILL_LIMIT_S, Subject
from spreadjobs_conform.transcript import Transcript
from spreadjobs_conform.values import difference, show

RUN_LIMIT_S: Final = 20.0
"""A master that has not ended after so long hangs, unless the case says otherwise."""
LOOK_S: Final = 0.02
LONGEST_FOLDER_BYTES: Final = 70
"""Of the temporary folder: the path of a socket may have 103 bytes (macOS; Linux has 107)."""
MOST_SAID: Final = 400
ABSENT: Final = "/nonexistent/spread-jobs-worker"
PLAYED: Final = Path(__file__).with_name("played.py")


@attrs.frozen(kw_only=True)
class Performer:
    """The master under test, and how patiently."""

    command: Sequence[str]
    codec: str
    scale: float = 1.0
    """Factor on every limit."""
    stop: threading.Event = attrs.field(factory=threading.Event)


class Play:
    """
    A case's hold on the master under test and on its played workers.

    Args:
        performer: Which master.
        requirement: That of the case: broken where nothing else is named.

    Attributes:
        job: The last one.
        account: What the master said of it.
        checks: How many checks were made.
        transcript: What happened in the last run.
        left: Processes of the last run that were still there when the master had ended.
        peak_bytes: The most memory that the master had in it, where the system tells; else 0.
        screen: What the master showed its user in it: its standard error.
    """

    def __init__(self, performer: Performer, requirement: str) -> None:
        self.performer = performer
        self.requirement = requirement
        self.account = Account()
        self.checks = 0
        self.transcript = Transcript()
        self.left: tuple[int, ...] = ()
        self.peak_bytes = 0
        self.screen = ""
        self.job = Job()
        self._cast: Cast | None = None

    # Running.

    def run(self, job: Job, role: Role, *, limit_s: float = RUN_LIMIT_S) -> Account:
        """
        Have the master do a job.

        Args:
            job: Which; its codec is that of the run unless it has one.
            role: What each played worker does; when it returns, the worker reads to the end of its input, and exits.
            limit_s: How long the master may take.

        Returns:
            Its account.

        Raises:
            Finding: It broke a requirement.
            NotTestable: It cannot do such a job, it says.
            CannotStart: Its executable could not be started.
            Interrupted: The run was stopped.
        """
        self.job = _patient(attrs.evolve(job, codec=job.codec or self.performer.codec), self.performer.scale)
        self.account, self.transcript = Account(), Transcript()
        with (
            TemporaryDirectory(prefix="spread-jobs-", dir=_short_folder()) as folder,
            socket.socket(socket.AF_UNIX) as door,
        ):
            door.bind(str(Path(folder, "kit")))
            cast = self._cast = Cast(self.job, role, self.transcript, door)
            place = Path(folder, "job.json")
            played = [sys.executable, "-I", "-S", str(PLAYED), str(Path(folder, "kit"))]
            programs = [[ABSENT] if slot in self.job.absent else played for slot in range(self.job.workers)]
            workers = [[*program, str(slot), *self.job.arguments] for slot, program in enumerate(programs)]
            self.job.write(place, workers)
            self._perform(place, cast, limit_s * self.performer.scale)
        return self.account

    def _perform(self, place: Path, cast: Cast, limit_s: float) -> None:
        cast.note("kit", f"starts the master with {self.job.told()}")
        cast.open()  # First: a quick master has a worker at the door before this thread goes on.
        try:
            subject = Subject(self.performer.command, place)
        except BaseException:
            cast.finish()
            cast.close(KILL_LIMIT_S)
            raise
        stuck: Hang | None = None
        try:
            stuck = self._wait(subject, cast, limit_s)
        finally:
            cast.finish()
            known = [pid for actor in cast.actors for pid in (actor.hello.pid, *actor.children)]
            self.left = subject.close(known)
            cast.close(KILL_LIMIT_S)
            self.screen = subject.screen.decode("utf-8", "backslashreplace")
            self.peak_bytes = subject.peak_bytes
        if cast.faults:
            raise cast.faults[0]
        if stuck is not None:
            raise stuck
        self._read(bytes(subject.printed), subject.poll() or 0)

    def _wait(self, subject: Subject, cast: Cast, limit_s: float) -> Hang | None:
        """
        Wait until it has ended; the first fault that a role finds ends the wait.

        Returns:
            None if there is nothing to complain about; else what its workers were at when the limit was over.
        """
        deadline_s = time.monotonic() + limit_s
        while subject.poll() is None:
            if self.performer.stop.is_set():
                raise Interrupted("the run was stopped")
            with cast.changed:
                if cast.faults:
                    return None
                if time.monotonic() > deadline_s:
                    return no_end(self.requirement, limit_s, cast.actors)
                cast.changed.wait(LOOK_S)
        cast.note("master", f"exits with status {subject.poll()}")
        return None

    def _read(self, printed: bytes, status: int) -> None:
        """The account, if it is one."""
        if status:
            raise crashed(self.requirement, status, self.screen, self._none_came)
        try:
            self.account = read_account(printed)
        except AccountError as fault:
            raise unreadable(self.requirement, fault, printed, self._none_came) from fault

    # Judging.

    @property
    def codec(self) -> str:
        """That of the last job, or else of the run."""
        return self.job.codec or self.performer.codec

    @property
    def actors(self) -> list[Actor]:
        """The played workers of the last run, in the order in which they came."""
        return [] if self._cast is None else self._cast.actors

    @property
    def _none_came(self) -> str:
        return "" if self.actors else ", and no worker was started"

    @property
    def said(self) -> str:
        """All that the master said to people, wherever."""
        texts = [self.screen, self.account.error or ""]
        texts += [str(attrs.astuple(fate)) for fate in self.account.fates if not isinstance(fate, Answered)]
        return "\n".join(texts)

    def last_words(self) -> str:
        """The end of what the master said, for a text: its lines, each once."""
        told_of = ((index, fate) for index, fate in enumerate(self.account.fates) if not isinstance(fate, Answered))
        outcomes = (f"task {index} {told(fate)}" for index, fate in told_of)
        lines = "\n".join([self.screen, self.account.error or "", *outcomes]).splitlines()
        text = " | ".join(dict.fromkeys(line.strip() for line in lines if line.strip()))
        return f"...{text[-MOST_SAID:]}" if len(text) > MOST_SAID else text or "(nothing)"

    @property
    def first(self) -> Actor:
        """
        The first of them.

        Raises:
            Finding: There is none.
        """
        if not self.actors:
            came = f"no worker was started, and the master said: {self.last_words()}"
            raise Finding(self.requirement, came, "at least one, for the job", START_WORKERS)
        return self.actors[0]

    def slot(self, slot: int) -> list[Actor]:
        """The incarnations of a slot, counted from 0."""
        return [actor for actor in self.actors if actor.slot == slot]

    def check(self, requirement: str, met: bool, came: str, due: str, cure: str = "") -> None:  # noqa: FBT001 - it is what a check is about
        """
        One check.

        Raises:
            Finding: It is not met.
        """
        self.checks += 1
        if not met:
            raise Finding(requirement, came, due, cure)

    def fate(self, index: int) -> Fate:
        """
        What became of a task.

        Raises:
            Finding: The account has nothing about it. Spec JOB-1.
        """
        if index >= len(self.account.fates):
            came = f"{len(self.account.fates)} outcomes for {len(self.job.tasks)} tasks: {self.last_words()}"
            raise Finding("JOB-1", came, "one outcome for each task")
        return self.account.fates[index]

    def check_answers(self, due: Sequence[object], requirement: str = "") -> None:
        """
        All tasks are answered, with these values.

        Raises:
            Finding: One is not.
        """
        for index, value in enumerate(due):
            self.check_answer(index, value, requirement)
        self.check_count(requirement)

    def _was_sent(self, index: int) -> bool:
        """Whether any worker was sent the payload of a task, bare or in a pair."""
        payload, by_number = self.job.tasks[index], self.job.codec == "json"
        for message in (message for actor in self.actors for message in actor.messages):
            value = message.value
            inner = value[1] if isinstance(value, list | tuple) and len(value) > 1 else value
            if any(difference(payload, each, by_number=by_number) is None for each in (inner, value)):
                return True
        return False

    def check_count(self, requirement: str = "") -> None:
        """
        There is one outcome for each task.

        Raises:
            Finding: There are more or fewer.
        """
        came = f"{len(self.account.fates)} outcomes for {len(self.job.tasks)} tasks"
        met = len(self.account.fates) == len(self.job.tasks)
        self.check(requirement or self.requirement, met, came, "one outcome for each task")

    def check_answer(self, index: int, value: object, requirement: str = "") -> None:
        """
        A task is answered, with this value.

        Raises:
            Finding: It is not.
        """
        fate, name = self.fate(index), requirement or self.requirement
        if isinstance(fate, Answered) and not self._was_sent(index):
            raise Finding(name, f"task {index} is answered, and was sent to no worker", "the answer of a worker")
        came, due = f"task {index} {told(fate)}", f"task {index} is answered with {show(value)}"
        if not isinstance(fate, Answered):
            error = f"; the account's error: {self.account.error}" if self.account.error else ""
            came = f"{came[:MOST_SAID]}{self._none_came}{error[:MOST_SAID]}"
            self.check(name, False, came, due, "" if self.actors else START_WORKERS)  # noqa: FBT003
            return
        different = difference(value, fate.value, by_number=self.job.codec == "json")
        self.check(name, different is None, f"{came}: {different}", due, value_cure(value, fate.value))

    def spoil(self, came: str, due: str, requirement: str = "", cure: str = "") -> NoReturn:
        """
        What a role has seen is wrong.

        Raises:
            Finding: Always.
        """
        raise Finding(requirement or self.requirement, came, due, cure)

    def wait(self, seen: Callable[[], bool], limit_s: float, came: str, due: str) -> None:
        """
        Waits, in a role, until something is so.

        Raises:
            Hang: It is not so within the limit.
            GoneError: The play is over.
        """
        deadline_s = time.monotonic() + limit_s * self.performer.scale
        cast = self._cast
        if cast is None:
            raise HarnessFault("a role waits where no master runs")
        with cast.changed:
            while not seen():
                if cast.over:
                    raise GoneError
                if time.monotonic() > deadline_s:
                    raise Hang("no deed of the master", self.requirement, came, due)
                cast.changed.wait(LOOK_S)


def _patient(job: Job, scale: float) -> Job:
    """The same job, with longer limits for workers that need long for their start, as the played ones do."""
    task_s, command_s = job.task_timeout_s, job.command_timeout_s
    return attrs.evolve(
        job,
        task_timeout_s=None if task_s is None else task_s * max(scale, 1.0),
        command_timeout_s=None if command_s is None else command_s * max(scale, 1.0),
    )


def _short_folder() -> str | None:
    """Where temporary folders go: elsewhere than usual if the path of a socket there would be too long."""
    usual = gettempdir()
    return None if len(os.fsencode(usual)) <= LONGEST_FOLDER_BYTES else "/tmp"  # noqa: S108 - the folder has its own name


def echo(actor: Actor) -> None:
    """A right worker without preparation: it answers each request with its payload, until its input ends."""
    while (request := actor.request()) is not None:
        actor.answer(request, request.payload)
    actor.exit(0)
