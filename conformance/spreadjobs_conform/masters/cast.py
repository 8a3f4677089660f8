"""The played workers of one run of a master: they are let in as it starts them, and each lives its role in a thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias

from spreadjobs_conform.findings import HarnessFault
from spreadjobs_conform.masters.actor import HEADER, Actor, GoneError, Stagecraft
from spreadjobs_conform.masters.hello import Hello, parse_hello
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.transcript import Actor as Speaker
from spreadjobs_conform.transcript import Event, Transcript

MOST_WAITING: Final = 256
ROLE_LIMIT_S: Final = 5.0
SHOWN_BYTES: Final = 96

Role: TypeAlias = Callable[[Actor], None]


class Cast:
    """
    The played workers, from the first to the last.

    Args:
        job: What the master is to do.
        role: What each of them does; when it returns, the worker reads to the end of its input, and exits.
        transcript: For what happens.
        door: A socket that is bound; each of them comes through it.

    Attributes:
        actors: In the order in which they came.
        changed: Held while anything is noted.
        faults: What roles have raised.
        over: Whether the run has ended.
    """

    def __init__(self, job: Job, role: Role, transcript: Transcript, door: socket.socket) -> None:
        self.actors: list[Actor] = []
        self.changed = threading.Condition()
        self.faults: list[Exception] = []
        self.over = False
        self._job = job
        self._role = role
        self._transcript = transcript
        self._door = door
        self._began_s = time.monotonic()
        self._usher = threading.Thread(target=self._admit, daemon=True)

    def open(self) -> None:
        """Lets them in from now on."""
        self._door.listen(MOST_WAITING)
        self._usher.start()

    def finish(self) -> None:
        """The run has ended: whatever is waited for does not come any more."""
        with self.changed:
            self.over = True
            self.changed.notify_all()

    def close(self, limit_s: float) -> None:
        """Lets nobody in any more, and waits for the threads."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._usher.join(limit_s)

    def note(self, who: str, what: str, data: bytes = b"") -> None:
        """Adds to the conversation: who (``kit``, ``master``, ``worker``) did what, with which bytes."""
        actor: Speaker = "master" if who == "master" else "worker" if who == "worker" else "kit"
        with self.changed:
            at_s = time.monotonic() - self._began_s
            self._transcript.add(Event(at_s, actor, what, len(data), data[:SHOWN_BYTES], None))

    def _admit(self) -> None:
        threads: list[threading.Thread] = []
        while True:
            try:
                kit, _ = self._door.accept()
            except OSError:
                break
            thread = threading.Thread(target=self._live, args=(kit,), daemon=True)
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join(ROLE_LIMIT_S)

    def _live(self, kit: socket.socket) -> None:
        with kit:
            hello = _hello(kit)
            if hello is None:
                return
            with self.changed:
                incarnation = 1 + sum(actor.slot == hello.slot for actor in self.actors)
                actor = Actor(kit, hello, incarnation, self._craft())
                self.note("master", f"starts worker {actor.name} (process {hello.pid})")
                self.actors.append(actor)
                self.changed.notify_all()
            ear = threading.Thread(target=actor.listen, daemon=True)
            ear.start()
            try:
                if self._job.reads:
                    actor.read_on()
                self._role(actor)
                while actor.message() is not None:
                    pass
                actor.exit(0)
            except GoneError:
                pass
            except Exception as fault:  # noqa: BLE001 - it is raised again in the thread of the case
                self._fault(fault)
            with suppress(OSError):
                kit.shutdown(socket.SHUT_RDWR)
            ear.join(ROLE_LIMIT_S)

    def _craft(self) -> Stagecraft:
        return Stagecraft(
            codec=self._job.codec,
            tagged=self._job.dialect == "tagged",
            changed=self.changed,
            note=self.note,
            over=lambda: self.over,
            fault=self._fault,
        )

    def _fault(self, fault: Exception) -> None:
        with self.changed:
            self.faults.append(fault)
            self.changed.notify_all()


def _hello(kit: socket.socket) -> Hello | None:
    header = kit.recv(HEADER.size, socket.MSG_WAITALL)
    if len(header) < HEADER.size:
        return None
    letter, size = HEADER.unpack(header)
    data = kit.recv(size, socket.MSG_WAITALL)
    if letter != b"h" or len(data) < size:
        raise HarnessFault(f"a played worker said {letter!r} first")
    return parse_hello(data)
