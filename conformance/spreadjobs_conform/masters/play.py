"""One run of a master under test, with played workers: what a case has in its hands."""

from __future__ import annotations

import os
import re
import secrets
import signal
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

from spreadjobs_conform import observe
from spreadjobs_conform.findings import CannotStart, Finding, Hang, HarnessFault, Interrupted
from spreadjobs_conform.masters.account import Account, AccountError, Answered, Fate, read_account
from spreadjobs_conform.masters.actor import HEADER, Actor, GoneError, Hello, Stagecraft, parse_hello
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.transcript import Actor as Speaker
from spreadjobs_conform.transcript import Event, Transcript
from spreadjobs_conform.values import difference, show

RUN_LIMIT_S: Final = 20.0
"""A master that has not ended after so long hangs, unless the case says otherwise."""
ROLE_LIMIT_S: Final = 5.0
KILL_LIMIT_S: Final = 5.0
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
        account: What the master said of the last job.
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
        self._job = Job()
        self._stuck: list[str] = []
        """What the workers were at when the limit was over."""

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
        self._job = attrs.evolve(job, codec=job.codec or self.performer.codec)
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
        self._job.write(place, [[*first, str(slot), *self._job.arguments] for slot in range(self._job.workers)])
        mark = f"SPREAD_JOBS_CONFORM_RUN={secrets.token_hex(8)}"
        began_s = time.monotonic()
        self.note("kit", f"starts the master with {self._job.told()}", b"")
        master = self._start(place, mark)
        usher = threading.Thread(target=self._admit, args=(door, role), daemon=True)
        usher.start()
        printed = bytearray()
        readers = [
            threading.Thread(target=_collect, args=(stream.fileno(), into), daemon=True)
            for stream, into in ((master.stdout, printed), (master.stderr, self._screen))
            if stream is not None
        ]
        for reader in readers:
            reader.start()
        try:
            ended = self._wait(master, began_s + limit_s)
        finally:
            self._close(master, mark, door, usher, readers)
        self.took_s = time.monotonic() - began_s
        self.status = master.returncode
        self._judge(bytes(printed), ended=ended, limit_s=limit_s)

    def _start(self, place: Path, mark: str) -> subprocess.Popen[bytes]:
        name, _, value = mark.partition("=")
        hints = [
            variable for variable in os.environ if variable.startswith("SPREAD_JOBS_") and "CONFORM" not in variable
        ]
        environment = {key: text for key, text in os.environ.items() if key not in hints}
        try:
            return subprocess.Popen(
                [*self.performer.command, str(place)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**environment, name: value},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise CannotStart(f"{self.performer.command[0]!r} could not be started: {error}") from error

    def _wait(self, master: subprocess.Popen[bytes], deadline_s: float) -> bool:
        """Whether it ended by itself; the first fault that a played worker finds ends the wait."""
        while master.poll() is None:
            if self.performer.stop.is_set():
                raise Interrupted("the run was stopped")
            with self._changed:
                if self._faults or time.monotonic() > deadline_s:
                    self._stuck = [f"{actor.name} {_doing(actor)}" for actor in self.actors]
                    return False
                self.peak_bytes = max(self.peak_bytes, _peak_bytes(master.pid))
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
        if master.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(master.pid, signal.SIGKILL)
            master.wait(KILL_LIMIT_S)
        self.left = tuple(sorted(observe.marked(mark)))
        for pid in self.left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        usher.join(KILL_LIMIT_S)
        for reader in readers:
            reader.join(KILL_LIMIT_S)
        for stream in (master.stdout, master.stderr):
            if stream is not None:
                stream.close()

    def _judge(self, printed: bytes, *, ended: bool, limit_s: float) -> None:
        if self._faults:
            raise self._faults[0]
        if not ended:
            came = (
                f"the master had not ended after {limit_s:.0f} s; its workers: {', '.join(self._stuck) or 'none came'}"
            )
            raise Hang("no end of the master", self.requirement, came, "an account of the job")
        if self.status:
            came = f"the adapter exited with status {self.status}: {self.last_words()}"
            raise Finding(self.requirement, came, "an account of the job, and status 0")
        try:
            self.account = read_account(printed)
        except AccountError as fault:
            came = f"the adapter printed what is no account: {fault}; it begins {printed[:80]!r}"
            raise Finding(self.requirement, came, "an account as masters.md, section 3, has it") from fault

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
            hello = _hello(kit)
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
                if self._job.reads:
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
            codec=self._job.codec,
            tagged=self._job.dialect == "tagged",
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
        return self._job.codec or self.performer.codec

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
            came = f"{len(self.account.fates)} outcomes for {len(self._job.tasks)} tasks: {self.last_words()}"
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
        came = f"{len(self.account.fates)} outcomes for {len(self._job.tasks)} tasks"
        met = len(self.account.fates) == len(self._job.tasks)
        self.check(requirement or self.requirement, met, came, "one outcome for each task")

    def check_answer(self, index: int, value: object, requirement: str = "") -> None:
        """
        A task is answered, with this value.

        Raises:
            Finding: It is not.
        """
        fate, name = self.fate(index), requirement or self.requirement
        due = f"task {index} is answered with {show(value)}"
        if not isinstance(fate, Answered):
            self.check(name, False, f"task {index}: {show(fate)[:MOST_SAID]}; {self.last_words()}", due)  # noqa: FBT003
            return
        different = difference(value, fate.value, by_number=self._job.codec == "json")
        self.check(name, different is None, f"task {index} is answered with {show(fate.value)}: {different}", due)

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


def _collect(descriptor: int, into: bytearray) -> None:
    with suppress(OSError):
        while data := os.read(descriptor, 1 << 16):
            into += data


def _hello(kit: socket.socket) -> Hello | None:
    header = kit.recv(HEADER.size, socket.MSG_WAITALL)
    if len(header) < HEADER.size:
        return None
    letter, size = HEADER.unpack(header)
    data = kit.recv(size, socket.MSG_WAITALL)
    if letter != b"h" or len(data) < size:
        raise HarnessFault(f"a played worker said {letter!r} first")
    return parse_hello(data)


def _doing(actor: Actor) -> str:
    if actor.gone_s is not None:
        return "has ended"
    unanswered = f"was sent {len(actor.messages)} messages"
    return f"{unanswered}, its input is closed" if actor.eof_s is not None else unanswered


def _peak_bytes(pid: int) -> int:
    """What a process had of memory at most."""
    with suppress(OSError):
        found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text("ascii"), re.MULTILINE)
        return int(found[1]) * 1024 if found else 0
    return 0
