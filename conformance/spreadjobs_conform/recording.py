"""
Conversations written down, and had again from what was written: for ``verify``.

A case is a function of what its Stage tells it. So it is enough to write down each of these facts in their order; given
the same facts again, the case must come to the same verdict, without the worker. Where it asks for another fact than
the one that comes next, the record is not one of this case, or the case has changed since.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

from spreadjobs_conform.findings import CannotStart, HarnessFault
from spreadjobs_conform.patience import Wait
from spreadjobs_conform.stage import Stage, Worker

MOST_STORED_BYTES: Final = 32 * 1024**2
"""Of what a worker wrote in one case, compressed: a report must not be larger than people can send."""
_DIGITS: Final = 6


class Facts:
    """What was learned, in its order; of bytes only how many, the bytes themselves apart."""

    def __init__(self) -> None:
        self._facts: list[tuple[str, object]] = []
        self._packer = zlib.compressobj(1)
        self._packed: list[bytes] = []
        self._stored_bytes = 0

    def add(self, kind: str, value: object = None) -> None:
        """Note a fact that JSON can carry."""
        self._facts.append((kind, value))

    def add_bytes(self, data: bytes) -> None:
        """Keep what a worker wrote, up to ``MOST_STORED_BYTES``."""
        if self._stored_bytes <= MOST_STORED_BYTES:
            packed = self._packer.compress(data)
            self._stored_bytes += len(packed)
            self._packed.append(packed)

    def record(self) -> dict[str, str] | None:
        """For the report; None if it would be too large."""
        stream = b"".join([*self._packed, self._packer.copy().flush()])
        if len(stream) > MOST_STORED_BYTES:
            return None
        facts = zlib.compress(json.dumps(self._facts, separators=(",", ":")).encode("ascii"))
        return {"facts": base64.b64encode(facts).decode("ascii"), "bytes": base64.b64encode(stream).decode("ascii")}


class RecordingStage:
    """
    A stage that writes down what it tells.

    Times are told in microseconds from the first one on, so that the record has just what the conversation learned.

    Args:
        inner: Where the conversation takes place.
    """

    def __init__(self, inner: Stage) -> None:
        self.facts = Facts()
        self._inner = inner
        self._origin_s = inner.now_s()

    def _told(self, kind: str, seconds: float) -> float:
        seconds = round(seconds, _DIGITS)
        self.facts.add(kind, seconds)
        return seconds

    def now_s(self) -> float:
        """As ``Stage.now_s``."""
        return self._told("now", self._inner.now_s() - self._origin_s)

    def sleep(self, seconds: float) -> None:
        """As ``Stage.sleep``."""
        self._inner.sleep(seconds)

    def first_id(self) -> int:
        """As ``Stage.first_id``."""
        chosen = self._inner.first_id()
        self.facts.add("id", chosen)
        return chosen

    def limit_s(self, wait: Wait, *, mebibytes: float, first: bool) -> float:
        """As ``Stage.limit_s``."""
        return self._told("limit", self._inner.limit_s(wait, mebibytes=mebibytes, first=first))

    def case_limit_s(self) -> float:
        """As ``Stage.case_limit_s``."""
        return self._told("limit", self._inner.case_limit_s())

    def quiet_s(self) -> float:
        """As ``Stage.quiet_s``."""
        return self._told("limit", self._inner.quiet_s())

    def start_s(self) -> float | None:
        """As ``Stage.start_s``."""
        known = self._inner.start_s()
        self.facts.add("start", known)
        return known

    def hang(self, wait: Wait, waited_s: float) -> bool:
        """As ``Stage.hang``."""
        cut = self._inner.hang(wait, waited_s)
        self.facts.add("cut", cut)
        return cut

    def check_stop(self) -> None:
        """As ``Stage.check_stop``; a case that was stopped has no verdict, and needs no record."""
        self._inner.check_stop()

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> Worker:
        """As ``Stage.start``."""
        try:
            worker = self._inner.start(command, environment)
        except CannotStart as failure:
            self.facts.add("no-start", str(failure))
            raise
        self.facts.add("pid", worker.pid)
        return _RecordedWorker(worker, self.facts)


class _RecordedWorker:
    """A worker, what it does written down."""

    def __init__(self, inner: Worker, facts: Facts) -> None:
        self._inner = inner
        self._facts = facts
        self.pid = inner.pid
        self.inbox = inner.inbox
        self.received_bytes = inner.received_bytes
        self.stdout_open = inner.stdout_open
        self.stdin_broken = inner.stdin_broken
        self._unwritten_bytes = 0

    def _look(self, kind: str, came: int = 0) -> None:
        inner = self._inner
        self.received_bytes, self._unwritten_bytes = inner.received_bytes, inner.unwritten_bytes
        self.stdout_open, self.stdin_broken = inner.stdout_open, inner.stdin_broken
        self._facts.add(kind, [came, self._unwritten_bytes, int(self.stdout_open), int(self.stdin_broken)])

    @property
    def unwritten_bytes(self) -> int:
        return self._unwritten_bytes

    @property
    def unread_bytes(self) -> int:
        unread = self._inner.unread_bytes
        self._facts.add("unread", unread)
        return unread

    def write(self, data: bytes) -> None:
        self._facts.add("write", [len(data), zlib.crc32(data)])
        self._inner.write(data)
        self._look("wrote")

    def close_stdin(self) -> None:
        self._inner.close_stdin()
        self._look("closed")

    def pump(self, timeout_s: float) -> None:
        before = len(self.inbox)
        self._inner.pump(timeout_s)
        self._facts.add_bytes(bytes(self.inbox[before:]))
        self._look("came", len(self.inbox) - before)

    def status(self) -> int | None:
        status = self._inner.status()
        self._facts.add("status", status)
        return status

    def describe(self) -> str:
        text = self._inner.describe()
        self._facts.add("state", text)
        return text

    def descriptors(self) -> int | None:
        count = self._inner.descriptors()
        self._facts.add("files", count)
        return count

    def stderr_lines(self, count: int) -> list[str]:
        lines = self._inner.stderr_lines(count)
        self._facts.add("stderr", lines)
        return lines

    def freeze(self) -> None:
        self._inner.freeze()

    def thaw(self) -> None:
        self._inner.thaw()

    def end(self) -> None:
        try:
            self._inner.end()
        except HarnessFault as fault:
            self._facts.add("end", str(fault))
            raise
        self._facts.add("end")
