"""One run of a master under test, with played workers: what a case has in its hands."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NoReturn, TypeAlias

import attrs

from spreadjobs_conform.findings import Finding, Hang, Interrupted
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
from spreadjobs_conform.masters.actor import Actor, GoneError, Stagecraft
from spreadjobs_conform.masters.cures import START_WORKERS, value_cure
from spreadjobs_conform.masters.ears import collect, hello_of
from spreadjobs_conform.masters.hangs import no_end
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.process import KILL_LIMIT_S, end_master, most_memory_bytes, start_master
from spreadjobs_conform.transcript import Actor as Speaker
from spreadjobs_conform.transcript import Event, Transcript
from spreadjobs_conform.values import difference, show

RUN_LIMIT_S: Final = 20.0
"""A master that has not ended after so long hangs, unless the case says otherwise."""
ROLE_LIMIT_S: Final = 5.0
MOST_SAID: Final = 400
PLAYED: Final = Path(__file__).with_name("played.py")

Role: TypeAlias = Callable[[Actor], None]


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
        actors: The played workers of the last run, in the order in which they came.
        job: The last one.
        account: What the master said of it.
        checks: How many checks were made.
        transcript: What happened.
    """

    def __init__(self, performer: Performer, requirement: str) -> None:
        self.performer = performer
        self.requirement = requirement
        self.actors: list[Actor] = []
        self.account = Account()
        self.checks = 0
        self.transcript = Transcript()
        self.status: int | None = None
        self.took_s = 0.0
        self.peak_bytes = 0
        """The most memory that the master had in the last run, where the system tells; else 0."""
        self._changed = threading.Condition()
        self._over = False
        self._faults: list[Exception] = []
        self._began_s = time.monotonic()
        self._screen = bytearray()
        self.left: tuple[int, ...] = ()
        """Processes of the last run that were still there when the master had ended."""
        self.job = Job()

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
        self.job = attrs.evolve(job, codec=job.codec or self.performer.codec)
        self.actors, self._faults, self._over, self.peak_bytes = [], [], False, 0
        self._screen.clear()
        with TemporaryDirectory(prefix="spread-jobs-") as folder:
            door = socket.socket(socket.AF_UNIX)
            try:
                door.bind(str(Path(folder, "kit")))
                door.listen(256)
                self._perform(Path(folder), door, role, limit_s * self.performer.scale)
            finally:
                door.close()
        return self.account

    def _perform(self, folder: Path, door: socket.socket, role: Role, limit_s: float) -> None:
        place = folder / "job.json"
        first = [sys.executable, "-I", "-S", str(PLAYED), str(folder / "kit")]
        self.job.write(place, [[*first, str(slot), *self.job.arguments] for slot in range(self.job.workers)])
        mark = f"SPREAD_JOBS_CONFORM_RUN={secrets.token_hex(8)}"
        began_s = time.monotonic()
        self.note("kit", f"starts the master with {self.job.told()}", b"")
        master = start_master([*self.performer.command, str(place)], mark)
        usher = threading.Thread(target=self._admit, args=(door, role), daemon=True)
        usher.start()
        printed = bytearray()
        readers = [
            threading.Thread(target=collect, args=(stream.fileno(), into), daemon=True)
            for stream, into in ((master.stdout, printed), (master.stderr, self._screen))
            if stream is not None
        ]
        for reader in readers:
            reader.start()
        try:
            ended = self._wait(master, began_s + limit_s)
            # As they are now: when all is closed, no worker is left.
            stuck = None if ended else no_end(self.requirement, limit_s, self.actors)
        finally:
            self._close(master, mark, door, usher, readers)
        self.took_s = time.monotonic() - began_s
        self.status = master.returncode
        self._judge(bytes(printed), stuck)

    def _wait(self, master: subprocess.Popen[bytes], deadline_s: float) -> bool:
        """Whether it ended by itself; the first fault that a played worker finds ends the wait."""
        while master.poll() is None:
            if self.performer.stop.is_set():
                raise Interrupted("the run was stopped")
            with self._changed:
                if self._faults or time.monotonic() > deadline_s:
                    return False
                self.peak_bytes = max(self.peak_bytes, most_memory_bytes(master.pid))
                self._changed.wait(0.02)
        self.note("master", f"exits with status {master.returncode}", b"")
        return True

    def _close(
        self,
        master: subprocess.Popen[bytes],
        mark: str,
        door: socket.socket,
        usher: threading.Thread,
        readers: Iterable[threading.Thread],
    ) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self.left = end_master(master, mark)
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        usher.join(KILL_LIMIT_S)
        for reader in readers:
            reader.join(KILL_LIMIT_S)
        for stream in (master.stdout, master.stderr):
            if stream is not None:
                stream.close()

    def _judge(self, printed: bytes, stuck: Finding | None) -> None:
        if self._faults:
            raise self._faults[0]
        if stuck is not None:
            raise stuck
        if self.status:
            raise crashed(self.requirement, self.status, self.screen, self._none_came)
        try:
            self.account = read_account(printed)
        except AccountError as fault:
            raise unreadable(self.requirement, fault, printed, self._none_came) from fault

    @property
    def _none_came(self) -> str:
        return "" if self.actors else ", and no worker was started"

    # The played workers.

    def _admit(self, door: socket.socket, role: Role) -> None:
        threads: list[threading.Thread] = []
        while True:
            try:
                kit, _ = door.accept()
            except OSError:
                break
            thread = threading.Thread(target=self._live, args=(kit, role), daemon=True)
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join(ROLE_LIMIT_S)

    def _live(self, kit: socket.socket, role: Role) -> None:
        with kit:
            hello = hello_of(kit)
            if hello is None:
                return
            with self._changed:
                incarnation = 1 + sum(actor.slot == hello.slot for actor in self.actors)
                actor = Actor(kit, hello, incarnation, self._craft())
                self.note("master", f"starts worker {actor.name} (process {hello.pid})", b"")
                self.actors.append(actor)
                self._changed.notify_all()
            ear = threading.Thread(target=actor.listen, daemon=True)
            ear.start()
            try:
                if self.job.reads:
                    actor.read_on()
                role(actor)
                while actor.message() is not None:
                    pass
                actor.exit(0)
            except GoneError:
                pass
            except Exception as fault:  # noqa: BLE001 - it is raised again in the thread of the case
                self._fault(fault)
            with suppress(OSError):
                kit.shutdown(socket.SHUT_RDWR)
            ear.join(KILL_LIMIT_S)

    def _craft(self) -> Stagecraft:
        return Stagecraft(
            codec=self.job.codec,
            tagged=self.job.dialect == "tagged",
            changed=self._changed,
            note=self.note,
            over=lambda: self._over,
            fault=self._fault,
        )

    def _fault(self, fault: Exception) -> None:
        with self._changed:
            self._faults.append(fault)
            self._changed.notify_all()

    def note(self, who: str, what: str, data: bytes) -> None:
        """Adds to the conversation."""
        actor: Speaker = "master" if who == "master" else "worker" if who == "worker" else "kit"
        with self._changed:
            at_s = time.monotonic() - self._began_s
            self.transcript.add(Event(at_s, actor, what, len(data), data[:96], None))

    # Judging.

    @property
    def codec(self) -> str:
        """That of the last job, or else of the run."""
        return self.job.codec or self.performer.codec

    @property
    def screen(self) -> str:
        """What the master showed its user: its standard error."""
        return self._screen.decode("utf-8", "backslashreplace")

    @property
    def said(self) -> str:
        """All that the master said to people, wherever."""
        texts = [self.screen, self.account.error or ""]
        texts += [str(attrs.astuple(fate)) for fate in self.account.fates if not isinstance(fate, Answered)]
        return "\n".join(texts)

    def last_words(self) -> str:
        """The end of what the master said, for a text."""
        return f"...{self.said[-MOST_SAID:]}" if len(self.said) > MOST_SAID else self.said

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
        with self._changed:
            while not seen():
                if self._over:
                    raise GoneError
                if time.monotonic() > deadline_s:
                    raise Hang("no deed of the master", self.requirement, came, due)
                self._changed.wait(0.05)


def echo(actor: Actor) -> None:
    """A right worker without preparation: it answers each request with its payload, until its input ends."""
    while (request := actor.request()) is not None:
        actor.answer(request, request.payload)
    actor.exit(0)
