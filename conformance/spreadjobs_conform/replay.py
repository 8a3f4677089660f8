"""Conversations had again from what ``recording`` wrote down, without the worker."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

from spreadjobs_conform.findings import CannotStart, DoesNotFit, HarnessFault
from spreadjobs_conform.patience import Wait
from spreadjobs_conform.process import MAX_UNREAD_BYTES, READ_BYTES
from spreadjobs_conform.stage import Worker

MOST_FACTS_BYTES: Final = 1 << 30
"""Of the facts of a record, unpacked: it may be anybody's."""
PIECE_BYTES: Final = 1 << 16


class Tape:
    """
    The facts of a record, one by one.

    Args:
        record: What ``recording.Facts.record`` gave.

    Raises:
        DoesNotFit: It is no such record.
    """

    def __init__(self, record: Mapping[str, object]) -> None:
        try:
            facts: object = json.loads(_unpacked(record.get("facts")))
            self._stream = _Stream(_packed(record.get("bytes")))
        except (ValueError, TypeError, RecursionError, zlib.error, binascii.Error) as error:
            raise DoesNotFit(f"this is no record of a conversation: {error}") from error
        if not isinstance(facts, list):
            raise DoesNotFit(f"this is no record of a conversation: {facts!r:.80} came, a list of facts is due")
        self._facts: list[object] = facts
        self._at = 0
        self._first_misfit: str | None = None

    def take(self, kind: str) -> object:
        """
        The next fact, which must be of this kind.

        Raises:
            DoesNotFit: It is another one, or there is none.
        """
        fact = self._facts[self._at] if self._at < len(self._facts) else None
        match fact:
            case [str(found), value] if found == kind:
                self._at += 1
                return value
        raise self._misfit(f"{kind!r} is asked for, the record has {str(fact)[:80]}")

    def _misfit(self, what: str) -> DoesNotFit:
        # The first one is the cause: a conversation that was broken off ends its worker, which does not fit either.
        if self._first_misfit is None:
            self._first_misfit = f"fact {self._at + 1} of {len(self._facts)}: {what}"
        return DoesNotFit(self._first_misfit)

    def number(self, kind: str) -> float:
        """
        The next fact, a number.

        Raises:
            DoesNotFit: It is another one.
        """
        value = self.take(kind)
        if isinstance(value, int | float):
            return value
        raise self._misfit(f"{kind!r} has {value!r}, a number is due")

    def integer(self, kind: str) -> int:
        """
        The next fact, an integer.

        Raises:
            DoesNotFit: It is another one.
        """
        value = self.take(kind)
        if isinstance(value, int):
            return value
        raise self._misfit(f"{kind!r} has {value!r}, an integer is due")

    def integers(self, kind: str, count: int) -> list[int]:
        """
        The next fact, so many integers.

        Raises:
            DoesNotFit: It is another one.
        """
        value = self.take(kind)
        if isinstance(value, list) and len(value) == count and all(isinstance(item, int) for item in value):
            return value
        raise self._misfit(f"{kind!r} has {value!r}, {count} integers are due")

    def text(self, kind: str) -> str:
        """
        The next fact, a text.

        Raises:
            DoesNotFit: It is another one.
        """
        value = self.take(kind)
        if isinstance(value, str):
            return value
        raise self._misfit(f"{kind!r} has {value!r}, a text is due")

    def next_is(self, kind: str) -> bool:
        """Whether the next fact is of this kind."""
        fact = self._facts[self._at] if self._at < len(self._facts) else None
        return isinstance(fact, list) and fact[:1] == [kind]

    def came(self, count: int) -> bytes:
        """
        So many of the bytes that the workers wrote.

        Raises:
            DoesNotFit: The record has fewer, or a worker is said to have written more at once than the kit reads.
        """
        if not 0 <= count <= READ_BYTES:
            raise self._misfit(f"{count} bytes at once, from 0 to {READ_BYTES} are due")
        try:
            data = self._stream.take(count)
        except zlib.error as error:
            raise self._misfit(f"its bytes cannot be unpacked: {error}") from error
        if len(data) < count:
            raise self._misfit(f"{count} bytes are asked for, the record has {len(data)} more")
        return data

    def check_over(self) -> None:
        """
        Make sure that all of it was needed.

        Raises:
            DoesNotFit: There is more, or less.
        """
        if self._at < len(self._facts) or self._stream.take(1):
            raise self._misfit("the case is over, and the record has more")
        if not self._stream.complete:
            raise self._misfit("its bytes are cut short")


class _Stream:
    """
    What was packed, unpacked as it is asked for: a worker that writes without end fills gigabytes with one line.

    Args:
        packed: By zlib.
    """

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._at = 0
        self._unpacker = zlib.decompressobj()
        self._ready = bytearray()

    @property
    def complete(self) -> bool:
        """Whether the end of the stream was reached."""
        return self._unpacker.eof

    def take(self, count: int) -> bytes:
        """
        Give the next bytes, fewer where the stream ends.

        Raises:
            zlib.error: It is no such stream.
        """
        while len(self._ready) < count and not self._unpacker.eof:
            piece = self._unpacker.unconsumed_tail
            if not piece:
                piece = self._packed[self._at : self._at + PIECE_BYTES]
                self._at += len(piece)
            unpacked = self._unpacker.decompress(piece, PIECE_BYTES)
            if not piece and not unpacked:
                break
            self._ready += unpacked
        taken = bytes(self._ready[:count])
        del self._ready[:count]
        return taken


def _packed(text: object) -> bytes:
    if not isinstance(text, str):
        raise TypeError(f"{type(text).__name__} came, base64 of zlib is due")
    return base64.b64decode(text, validate=True)


def _unpacked(text: object) -> bytes:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(_packed(text), MOST_FACTS_BYTES)
    if not unpacker.eof:
        raise ValueError(f"it is cut short, or more than {MOST_FACTS_BYTES} bytes")
    return data


class ReplayStage:
    """
    A stage where all that was learned is learned again.

    Args:
        tape: Of the conversation.
    """

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def now_s(self) -> float:
        """As ``Stage.now_s``."""
        return self._tape.number("now")

    def sleep(self, seconds: float) -> None:
        """As ``Stage.sleep``: no time passes."""

    def first_id(self) -> int:
        """As ``Stage.first_id``."""
        return self._tape.integer("id")

    def limit_s(self, wait: Wait, *, mebibytes: float, first: bool) -> float:  # noqa: ARG002 - Stage has them
        """As ``Stage.limit_s``."""
        return self._tape.number("limit")

    def case_limit_s(self) -> float:
        """As ``Stage.case_limit_s``."""
        return self._tape.number("limit")

    def quiet_s(self) -> float:
        """As ``Stage.quiet_s``."""
        return self._tape.number("limit")

    def start_s(self) -> float | None:
        """As ``Stage.start_s``."""
        known = self._tape.take("start")
        return float(known) if isinstance(known, int | float) else None

    def hang(self, wait: Wait, waited_s: float) -> bool:  # noqa: ARG002 - Stage has them
        """As ``Stage.hang``: it was counted when it happened."""
        return self._tape.take("cut") is True

    def check_stop(self) -> None:
        """As ``Stage.check_stop``: nothing that was stopped is on a tape."""

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> Worker:  # noqa: ARG002 - Stage has them
        """As ``Stage.start``; nothing is started."""
        if self._tape.next_is("no-start"):
            raise CannotStart(self._tape.text("no-start"))
        return _ReplayedWorker(self._tape)


class _ReplayedWorker:
    """What a worker did."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self.pid = tape.integer("pid")
        self.inbox = bytearray()
        self.received_bytes = 0
        self.stdout_open = True
        self.stdin_broken = False
        self._unwritten_bytes = 0

    def _look(self, kind: str) -> None:
        came, self._unwritten_bytes, stdout_open, stdin_broken = self._tape.integers(kind, 4)
        self.stdout_open, self.stdin_broken = bool(stdout_open), bool(stdin_broken)
        self.received_bytes += came
        self.inbox += self._tape.came(came)
        if len(self.inbox) > MAX_UNREAD_BYTES + READ_BYTES:
            raise DoesNotFit(f"{len(self.inbox)} bytes wait to be looked at, the kit stops at {MAX_UNREAD_BYTES}")

    @property
    def unwritten_bytes(self) -> int:
        return self._unwritten_bytes

    @property
    def unread_bytes(self) -> int:
        return self._tape.integer("unread")

    def write(self, data: bytes) -> None:
        if self._tape.integers("write", 2) != [len(data), zlib.crc32(data)]:
            raise DoesNotFit("the kit sends other bytes now than it did: its cases have changed since")
        self._look("wrote")

    def close_stdin(self) -> None:
        self._look("closed")

    def pump(self, timeout_s: float) -> None:  # noqa: ARG002 - Worker has it
        self._look("came")

    def status(self) -> int | None:
        value = self._tape.take("status")
        return value if isinstance(value, int) else None

    def describe(self) -> str:
        return self._tape.text("state")

    def descriptors(self) -> int | None:
        value = self._tape.take("files")
        return value if isinstance(value, int) else None

    def stderr_lines(self, count: int) -> list[str]:
        value = self._tape.take("stderr")
        return [str(line) for line in value][-count:] if isinstance(value, list) else []

    def freeze(self) -> None:
        """Nobody is there to be stopped."""

    def thaw(self) -> None:
        """Nobody is there to go on."""

    def end(self) -> None:
        fault = self._tape.take("end")
        if fault is not None:
            raise HarnessFault(str(fault))
