"""
A played worker as a case sees it: what the master does to it, and what it is to do.

All that happens to it is noted by the thread that reads its socket; a case waits on the condition of its play.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from spreadjobs_conform.findings import Finding
from spreadjobs_conform.masters.hello import Hello
from spreadjobs_conform.masters.reading import Incoming, MessageReader, bad_message, message
from spreadjobs_conform.values import show

HEADER: Final = struct.Struct(">cI")
PAIR: Final = 2
CHUNK_BYTES: Final = 1 << 20


class GoneError(Exception):
    """This played worker is there no more, or its play is over: what it was to do, it does not."""


@attrs.frozen
class Request:
    """A message that is a request."""

    task_id: int
    """In the untagged dialect, where there is none, the number of the request."""
    payload: object = attrs.field(repr=show)
    message: Incoming = attrs.field(repr=False)
    at_s: float
    """On the clock of the play."""


@attrs.define(kw_only=True)
class Stagecraft:
    """What an actor shares with its play."""

    codec: str
    tagged: bool
    changed: threading.Condition
    """Held while anything is looked at or noted."""
    note: Callable[[str, str, bytes], None]
    """Who did what, with which bytes: for the conversation."""
    over: Callable[[], bool]
    """Whether the play has ended."""
    fault: Callable[[Finding], None]
    """The master broke a requirement."""


class Actor:
    """
    One played worker: an incarnation of a slot.

    Args:
        kit: The socket to its process.
        hello: What it said.
        incarnation: From 1.
        craft: What it shares with its play.

    Attributes:
        name: Such as ``1.2``: slot, from 1, and incarnation.
        messages: All that it was sent.
        requests: Those of them that the case has taken as requests.
        started_s: When it said hello, and so on with the other ends in ``_s``; None: not yet.
    """

    def __init__(self, kit: socket.socket, hello: Hello, incarnation: int, craft: Stagecraft) -> None:
        self.hello = hello
        self.slot = hello.slot
        self.incarnation = incarnation
        self.name = f"{hello.slot + 1}.{incarnation}"
        self.messages: list[Incoming] = []
        self.requests: list[Request] = []
        self.started_s = time.monotonic()
        self.eof_s: float | None = None
        self.term_s: float | None = None
        self.gone_s: float | None = None
        self.unread_s: float | None = None
        """When it was found that nobody reads its output."""
        self.received_bytes = 0
        self.leftover = b""
        """What was there of a message when its input ended."""
        self.children: list[int] = []
        self.ending = False
        """Whether it ends, or was killed, by the will of the case."""
        self._kit = kit
        self._craft = craft
        self._reader = MessageReader(craft.codec)
        self._taken = 0
        self._ignores_term = False
        self._written_bytes = 0
        self._queued_bytes = 0

    @property
    def unwritten(self) -> bool:
        """Whether some of what it was to write is not in its pipes yet: nobody reads there."""
        return self._written_bytes < self._queued_bytes

    # What the master does. These run in the thread of the socket.

    def listen(self) -> None:
        """Notes all that its process tells, until it is gone."""
        stream = self._kit.makefile("rb")
        try:
            while len(header := stream.read(HEADER.size)) == HEADER.size:
                letter, size = HEADER.unpack(header)
                data = stream.read(size)
                with self._craft.changed:
                    self._hear(letter, data)
                    self._craft.changed.notify_all()
        except OSError:
            pass
        with self._craft.changed:
            self.gone_s = time.monotonic()
            if not self.ending and not self._craft.over():
                by = "TERM" if self.term_s and not self._ignores_term else "KILL"
                self._craft.note("master", f"ends {self.name} by {by}", b"")
            self._craft.changed.notify_all()

    def _hear(self, letter: bytes, data: bytes) -> None:
        now_s = time.monotonic()
        match letter:
            case b"d":
                self._read(data)
            case b"e":
                self.eof_s, self.leftover = now_s, self._reader.pending
                # When all is over, it was the kit that ended the master.
                if not self._craft.over():
                    self._craft.note("master", f"closes the input of {self.name}", b"")
            case b"t":
                self.term_s = now_s
                self._craft.note("master", f"sends TERM to {self.name}", b"")
            case b"p":
                self.unread_s = now_s
            case b"w":
                self._written_bytes = int(data)
            case _:
                self.children.append(int(data))

    def _read(self, data: bytes) -> None:
        self.received_bytes += len(data)
        self._reader.feed(data)
        try:
            while (incoming := self._reader.next()) is not None:
                self.messages.append(incoming)
                self._craft.note("master", f"to {self.name}: {show(incoming.value)}", incoming.raw)
        except Finding as fault:
            self._craft.note("master", f"to {self.name}: bytes that are no message", data)
            self._craft.fault(bad_message(fault, self.name, self._reader))

    # Waiting.

    @property
    def ahead(self) -> list[object]:
        """The values of the messages that have come and were not taken yet."""
        return [message.value for message in self.messages[self._taken :]]

    def until(self, seen: Callable[[], bool], limit_s: float | None = None) -> bool:
        """
        Waits until something is so, and says whether it is; False only when the limit is over.

        Raises:
            GoneError: This worker is gone, or the play is over.
        """
        deadline_s = None if limit_s is None else time.monotonic() + limit_s
        with self._craft.changed:
            while not seen():
                if self.gone_s is not None or self._craft.over():
                    raise GoneError
                left_s = None if deadline_s is None else deadline_s - time.monotonic()
                if left_s is not None and left_s <= 0:
                    return False
                self._craft.changed.wait(left_s)
            return True

    def ended_within(self, limit_s: float) -> bool:
        """Whether the master ends this worker, which does nothing, in so many seconds."""
        try:
            self.rest(limit_s)
        except GoneError:
            return True
        return False

    def rest(self, seconds: float) -> None:
        """Does nothing for so long."""
        self.until(lambda: False, seconds)

    def message(self, limit_s: float | None = None) -> Incoming | None:
        """
        The next message; None at the end of the input, or when the limit is over.

        Raises:
            GoneError: As for ``until``.
        """
        self.until(lambda: len(self.messages) > self._taken or self.eof_s is not None, limit_s)
        if len(self.messages) <= self._taken:
            return None
        self._taken += 1
        return self.messages[self._taken - 1]

    def prepare(self, count: int) -> list[object]:
        """
        The next messages, for preparation items: so many, or fewer where the input ends.

        Raises:
            GoneError: As for ``until``.
        """
        items: list[object] = []
        while len(items) < count and (incoming := self.message()) is not None:
            items.append(incoming.value)
        return items

    def request(self, limit_s: float | None = None) -> Request | None:
        """
        The next message, which is due to be a request; None at the end of the input, or when the limit is over.

        What begins with a str is passed over, as a worker may do with what a later version sends: one case is about it.

        Raises:
            Finding: It is none. Spec RUN-1.
            GoneError: As for ``until``.
        """
        incoming = self.message(limit_s)
        while incoming is not None and self._craft.tagged and _is_reserved(incoming.value):
            incoming = self.message(limit_s)
        if incoming is None:
            return None
        request = self._as_request(incoming)
        self.requests.append(request)
        return request

    def _as_request(self, incoming: Incoming) -> Request:
        now_s, value = time.monotonic(), incoming.value
        if not self._craft.tagged:
            return Request(len(self.requests), value, incoming, now_s)
        is_sequence = isinstance(value, list) if self._craft.codec == "json" else isinstance(value, tuple)
        items: Sequence[object] = value if is_sequence and isinstance(value, list | tuple) else ()
        task_id = items[0] if len(items) == PAIR else None
        if not isinstance(task_id, int) or isinstance(task_id, bool):
            came = f"worker {self.name} was sent {show(value)} where a request was due"
            raise Finding("RUN-1", came, "a pair: the task id, an int, and the payload")
        return Request(task_id, items[1], incoming, now_s)

    # Acting.

    def respond(self, first: object, out: object = None, err: object = None, *, newline: bool = True) -> None:
        """One response: its three items. With ``newline``, in pickle, the byte of PKL-5 behind it."""
        self.write(self.encoded((first, out, err), newline=newline), f"{show((first, out, err))}")

    def encoded(self, value: object, *, newline: bool = True) -> bytes:
        """The bytes of a message, in the codec of the job."""
        written = message(value, self._craft.codec)
        return written + b"\n" if newline and self._craft.codec == "pickle" else written

    def answer(self, request: Request, value: object, out: object = None, err: object = None) -> None:
        """The task is done."""
        self.respond((request.task_id, value) if self._craft.tagged else value, out, err)

    def refuse(self, request: Request, delay_s: float) -> None:
        """Not now. Spec BUSY-1."""
        self.respond(("TooBusy", request.task_id, delay_s))

    def fail(self, request: Request, type_name: str, text: str, traceback: str = "") -> None:
        """It raised. Spec ERR-1."""
        self.respond(("RemoteException", request.task_id, type_name, text, traceback))

    def alive(self, request: Request) -> None:
        """Still at work. Spec RUN-11."""
        self.respond(("Alive", request.task_id))

    def write(self, data: bytes, told: str = "", *, flushed: bool = True) -> None:
        """
        Writes bytes to standard output.

        Args:
            data: Which.
            told: What they say, for the conversation; empty: the bytes themselves.
            flushed: Whether to wait until they are in the pipe, or cannot get there.

        Raises:
            GoneError: As for ``until``.
        """
        self._act(f"writes {told}" if told else "writes bytes", b"W", data)
        if flushed:
            self._flush()

    def _flush(self) -> None:
        self.until(lambda: self._written_bytes >= self._queued_bytes)

    def write_error(self, data: bytes) -> None:
        """Writes bytes to standard error, and waits until they are in the pipe."""
        self._act("writes to standard error", b"S", data)
        self._flush()

    def close_output(self) -> None:
        """Closes standard output."""
        self._act("closes its standard output", b"C")

    def close_input(self) -> None:
        """Closes standard input."""
        self._act("closes its standard input", b"I")

    def stop_reading(self) -> None:
        """Reads nothing from standard input from now on, until ``read_on``."""
        self._act("reads no more", b"P")

    def read_on(self) -> None:
        """Reads, from now on."""
        self._act("reads", b"R")

    def ignore_term(self) -> None:
        """Does not end at TERM."""
        self._ignores_term = True
        self._act("ignores TERM from now on", b"T")

    def start_child(
        self, lasts_s: float, *, holds_output: bool = True, leaves_group: bool = False, ignores_term: bool = False
    ) -> int:
        """Starts a child that sleeps, and gives its process id."""
        how = "that holds its output" if holds_output else "without its output"
        child = {
            "lasts_s": lasts_s,
            "holds_output": holds_output,
            "leaves_group": leaves_group,
            "ignores_term": ignores_term,
        }
        before = len(self.children)
        self._act(
            f"starts a child {how}" + (" in a session of its own" if leaves_group else ""),
            b"F",
            json.dumps(child).encode(),
        )
        self.until(lambda: len(self.children) > before)
        return self.children[-1]

    def exit(self, status: int = 0) -> None:
        """Exits, and waits for that."""
        self._end(f"exits with status {status}", b"X", status)

    def die(self, number: int) -> None:
        """Dies by a signal, and waits for that."""
        self._end(f"dies by signal {number}", b"K", number)

    def _end(self, what: str, letter: bytes, number: int) -> None:
        with self._craft.changed:
            self.ending = True
        self._act(what, letter, bytes([number]))
        with self._craft.changed:
            self._craft.changed.wait_for(lambda: self.gone_s is not None or self._craft.over())

    def _act(self, what: str, letter: bytes, data: bytes = b"") -> None:
        with self._craft.changed:
            if self.gone_s is not None or self._craft.over():
                raise GoneError
            if letter != b"R":
                self._craft.note("worker", f"{self.name} {what}", data if letter in b"WS" else b"")
            chunks = [data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES)] or [b""]
            if letter in b"WS":
                self._queued_bytes += len(data)
        try:
            for chunk in chunks:
                self._kit.sendall(HEADER.pack(letter, len(chunk)) + chunk)
        except OSError as error:
            raise GoneError from error


def _is_reserved(value: object) -> bool:
    """Whether it is a request of a later version. Spec RUN-10."""
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], str)
