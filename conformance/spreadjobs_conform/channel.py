"""
The wire to one worker process: bytes there, bytes and messages back, and its end; every wait is bounded.

Each verb that makes sure of something counts as a check; a case that made fewer than it declares is a fault of the
kit, never a pass.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, NoReturn

from spreadjobs_conform.candidate import Candidate, Ops
from spreadjobs_conform.cures import (
    ANSWER_FIRST,
    PREPARATION_TAKEN,
    exit_cure,
    unasked_cure,
    unfinished_cure,
    waiting_cure,
)
from spreadjobs_conform.diagnosis import CUT_SHORT, Facts, bytes_lines, hang_text, opcode_lines
from spreadjobs_conform.findings import Finding, Hang
from spreadjobs_conform.messages import Message, Reader, TextReader
from spreadjobs_conform.observe import CHILD_READS, WAITS_FOR_CHILD
from spreadjobs_conform.patience import Wait
from spreadjobs_conform.stage import Stage, Worker
from spreadjobs_conform.transcript import MAX_SHOWN_BYTES, Actor, Event, Transcript
from spreadjobs_conform.values import show
from spreadjobs_conform.wire_json import JsonReader, write_json
from spreadjobs_conform.wire_pickle import PickleReader, write_pickle

MEBIBYTE: Final = 1 << 20
LINGER_S: Final = 0.1
STEP_S: Final = 0.25
"""Waits look this often whether their limit has shrunk or the run was stopped."""
PIECE_LIMIT_S: Final = 0.25
"""For how long a piece of a message may wait in the pipe before the next one follows."""
MAX_PENDING_BYTES: Final = 1 << 27
STDERR_LINES: Final = 8
"""So many of the last ones are looked at."""
HANGS_OF_PIECES: Final = 3
FLOOD_MEBIBYTES: Final = 32.0
FLOOD_FACTOR: Final = 8.0
"""More than a message of 16 MiB, and than an echo in which every character became an escape of six."""
UNBUFFERED: Final = "PYTHONUNBUFFERED"
"""Left out of a worker's environment: it would hide a missing flush."""
HINTS: Final = ("SPREAD_JOBS_PROTOCOL", "SPREAD_JOBS_CODEC", "SPREAD_JOBS_WORKER")


def _reader_for(candidate: Candidate) -> Reader:
    if candidate.worker_class == "command":
        return TextReader()
    return JsonReader() if candidate.codec == "json" else PickleReader()


class Channel:
    """
    One worker process and its pipes.

    Args:
        candidate: The program under test.
        stage: Where it takes place.
        blame: The requirement that is broken when what is due does not come; the case's first one.
    """

    def __init__(self, candidate: Candidate, stage: Stage, blame: str) -> None:
        self.candidate = candidate
        self.stage = stage
        self.blame = blame
        self.checks = 0
        self.transcript = Transcript()
        self.has_answered = False
        """Whether the worker has shown that it is up."""
        self.must_find_out = False
        """Whether it is the case's point what a worker waits for that does not answer, however short the waits are."""
        self.was_stopped = False
        """Whether the kit has stopped the worker for a while."""
        self.input_open = True
        """Whether the kit has left the worker's standard input open."""
        self._process: Worker | None = None
        self._reader = _reader_for(candidate)
        self._began_s = 0.0
        self._case_end_s = 0.0
        self._slow_pieces = 0
        self._sent_bytes = 0
        self._fed_bytes = 0
        self._last_head = b""
        self._last_offset = 0

    # The process.

    @property
    def process(self) -> Worker:
        """The worker; started with the hints of a master unless ``start`` came first."""
        if self._process is None:
            self.start()
        if self._process is None:
            raise AssertionError("start makes the process")
        return self._process

    def start(self, *, hints: bool = True) -> None:
        """Starts the worker, with or without the variables that a master may set. Spec EXEC-4, EXEC-5."""
        environment = {name: value for name, value in os.environ.items() if name not in (*HINTS, UNBUFFERED)}
        name, _, value = self.candidate.mark.partition("=")
        environment[name] = value
        if hints:
            environment.update(zip(HINTS, ("1.0", self.candidate.codec, "1.1"), strict=True))
        self._began_s = self.stage.now_s()
        self.input_open = True
        self._sent_bytes = self._fed_bytes = 0
        self._case_end_s = self._began_s + self.stage.case_limit_s()
        self._process = self.stage.start(self.candidate.command, environment)
        self.note("kit", f"started process {self._process.pid}")

    def start_again(self, *, hints: bool) -> None:
        """Ends the worker and starts it anew."""
        self.end()
        self.start(hints=hints)

    def freeze(self) -> None:
        """Stops the worker until ``thaw``."""
        self.was_stopped = True
        self.process.freeze()

    def thaw(self) -> None:
        """Lets it go on."""
        self.process.thaw()

    def linger(self) -> None:
        """Gives a worker that went wrong a moment to say why on its standard error."""
        end_s = self.stage.now_s() + LINGER_S
        while self._process is not None and self._process.status() is None and self.stage.now_s() < end_s:
            self.pump(0.01)

    def end(self) -> None:
        """Ends the worker, whatever it does, and all that it left."""
        if self._process is not None:
            self._process.end()
            # A flood is let go of at once, and what follows begins with no bytes of the one before.
            self._reader = _reader_for(self.candidate)

    def stderr_lines(self, count: int) -> list[str]:
        """The last lines of the worker's standard error."""
        return self._process.stderr_lines(count) if self._process is not None else []

    # Waiting.

    def wait(self, done: Callable[[], bool], kind: Wait, *, mebibytes: float = 0.0) -> bool:
        """Waits until something is so; False if the limit for this kind of wait passed first."""
        began_s = self.stage.now_s()
        while True:
            if done():
                return True
            limit_s = self.stage.limit_s(kind, mebibytes=mebibytes, first=not self.has_answered)
            remaining_s = min(began_s + limit_s, self._case_end_s) - self.stage.now_s()
            if remaining_s <= 0:
                # What is ready is read before the limit is judged: the kit itself may have been kept waiting.
                self.pump(0.0)
                return done()
            self.pump(min(remaining_s, STEP_S))

    def next_message(self) -> Message | None:
        """The next complete message that has come, if one has."""
        message = self._reader.next()
        if message is not None:
            self._last_head = message.head
            self._last_offset = self._fed_bytes - self._reader.pending_bytes() - message.size_bytes
        return message

    def pause(self, seconds: float) -> None:
        """Lets time pass; what the worker writes meanwhile is taken in."""
        end_s = self.stage.now_s() + seconds
        while (remaining_s := end_s - self.stage.now_s()) > 0:
            self.pump(min(remaining_s, STEP_S))

    def pump(self, timeout_s: float) -> None:
        """Moves bytes for at most that time."""
        self.stage.check_stop()
        self.process.pump(timeout_s)
        inbox = self.process.inbox
        if inbox:
            # Beyond this, the bytes of a worker that writes without end are dropped.
            if self._reader.pending_bytes() < MAX_PENDING_BYTES:
                self._reader.feed(bytes(inbox))
                self._fed_bytes += len(inbox)
            inbox.clear()

    # Sending.

    def encode(self, value: object, protocol: int | None = None) -> bytes:
        """One message of the kit."""
        if self.candidate.codec == "json":
            return write_json(value)
        return write_pickle(value, self.candidate.pickle_protocol if protocol is None else protocol)

    def send_bytes(self, data: bytes, what: str) -> None:
        """Writes bytes as they are."""
        process = self.process  # Started, if it was not, before the note that says what it was sent.
        self._note_sent(what, data)
        process.write(data)

    def send_pieces(self, pieces: list[bytes], what: str) -> None:
        """Writes pieces, each only when the worker has read the one before or was given time to."""
        process = self.process
        self._note_sent(f"{what}, in {len(pieces)} pieces", b"".join(pieces))
        for piece in pieces:
            process.write(piece)
            self.drained()

    def drained(self) -> bool:
        """Waits a moment until the worker has read what was sent; whether it has."""
        # A worker need not read at once. After a few that did not, the pieces follow each other quickly.
        limit_s = PIECE_LIMIT_S if self._slow_pieces < HANGS_OF_PIECES else 0.002
        end_s = self.stage.now_s() + limit_s
        while self.process.unread_bytes and not self.process.stdin_broken:
            if self.stage.now_s() > end_s:
                self._slow_pieces += 1
                return False
            self.pump(0.0005)
        return True

    def check(self, condition: bool, came: str, due: str, cure: str = "", *, requirement: str = "") -> None:  # noqa: FBT001 - reads like assert
        """
        Makes sure of something.

        Raises:
            Finding: It is not so.
        """
        self.checks += 1
        if not condition:
            raise Finding(requirement or self.blame, came, due, cure)

    def silent(self, seconds: float, when: str) -> None:
        """
        Makes sure that the worker writes nothing for that time.

        Raises:
            Finding: It wrote something.
        """
        end_s = self.stage.now_s() + seconds
        while (remaining_s := end_s - self.stage.now_s()) > 0 and not self._reader.pending():
            self.pump(min(remaining_s, STEP_S))
        data = self._reader.pending()
        self.note("kit", f"looked for output for {seconds:.2f} s")
        cure = unasked_cure(data, self.candidate.codec, has_answered=self.has_answered) if data else ""
        self.checks += 1
        if data:
            also = self.preparation_rules if cure == PREPARATION_TAKEN else ()
            raise Finding(self.blame, f"{data[:80]!r} came on standard output {when}", "nothing", cure, also=also)

    # Accounts.

    def hang(  # noqa: PLR0913 - what a diagnosis is made of
        self, kind: Wait, what: str, due: str, waited_s: float, cure: str = "", *, also: tuple[str, ...] = ()
    ) -> NoReturn:
        """
        Ends the case for a wait that came to nothing.

        Raises:
            Hang: Always.
        """
        cut = self.stage.hang(kind, waited_s)
        came = f"{what} within {waited_s:.2g} s; {self.so_far()}; {self.process.describe()}"
        self.note("kit", f"gave up waiting for {kind.value}")
        sort = hang_text(self._facts(kind)) + (f" ({CUT_SHORT})" if cut else "")
        raise Hang(sort, self.blame, came, due, cure or self.cure(), also=also, cut=cut)

    def _facts(self, kind: Wait) -> Facts:
        state = self.process.describe()
        return Facts(
            wait=kind,
            has_answered=self.has_answered,
            pending_bytes=self._reader.pending_bytes(),
            unread_bytes=self.process.unread_bytes,
            stopped="stopped by a signal" in state,
            reads_stdin="of its standard input" in state and "read" in state,
            input_open=self.input_open,
            child_reads=CHILD_READS in state,
            waits_for_child=WAITS_FOR_CHILD in state,
        )

    def evidence(self, *, message: bool) -> list[str]:
        """
        The bytes that came and belong to no message, with their places, and as opcodes if they should be pickles.

        Args:
            message: Take the last message if there are no such bytes.
        """
        data, offset = self._reader.pending(), self._fed_bytes - self._reader.pending_bytes()
        if not data and message:
            data, offset = self._last_head, self._last_offset
        lines = bytes_lines(data, offset)
        if data and self.candidate.worker_class != "command" and self.candidate.codec == "pickle":
            lines += opcode_lines(data, offset)
        return lines

    @property
    def preparation_rules(self) -> tuple[str, ...]:
        """The requirements that a worker breaks which takes an item of its preparation for a request."""
        return ("PREP-4",) if self.candidate.samples else ("OPS-8", "PREP-4")

    @property
    def has_written(self) -> bool:
        """Whether anything has come on standard output."""
        return self._fed_bytes > 0

    def flooded(self, mebibytes: float) -> bool:
        """Whether more bytes wait than any response to requests of that size can have: what writes on is no message."""
        return self._reader.pending_bytes() > MEBIBYTE * (FLOOD_MEBIBYTES + FLOOD_FACTOR * mebibytes)

    def so_far(self) -> str:
        """What has come of the message that is due."""
        pending = self._reader.pending()
        if pending:
            return f"{self._reader.pending_bytes()} bytes of an unfinished message came, beginning {pending[:60]!r}"
        return "nothing more came" if self._fed_bytes else "nothing came"

    def cure(self) -> str:
        """What the author of the worker probably has to do when a response does not come."""
        pending = self._reader.pending()
        if pending:
            return unfinished_cure(pending, self.candidate.codec, self._reader.pending_bytes())
        status = self.process.status()
        if status is not None:
            if status == 0 and self.has_answered and not self.input_open:
                return ANSWER_FIRST
            has_answered = self.has_answered or self.candidate.ops is Ops.SERVED
            return exit_cure(status, self.candidate.codec, self.stderr_lines(STDERR_LINES), has_answered=has_answered)
        return waiting_cure(self.process.describe())

    def note(self, actor: Actor, what: str) -> None:
        """Writes into the transcript."""
        self.transcript.add(Event(self.stage.now_s() - self._began_s, actor, what))

    def _note_bytes(self, actor: Actor, what: str, head: bytes, size_bytes: int, offset: int) -> None:
        at_s = self.stage.now_s() - self._began_s
        self.transcript.add(Event(at_s, actor, what, size_bytes, head[:MAX_SHOWN_BYTES], offset))

    def _note_sent(self, what: str, data: bytes) -> None:
        self._note_bytes("kit", what, data, len(data), self._sent_bytes)
        self._sent_bytes += len(data)

    def note_message(self, message: Message) -> None:
        """Writes the message that was taken last into the transcript."""
        self._note_bytes("worker", show(message.value), message.head, message.size_bytes, self._last_offset)
