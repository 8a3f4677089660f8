"""
A stage without a process: a right worker in memory, a clock that runs by itself, task ids that are the same each time.

A case that has its conversation here writes what it writes to any right worker, and nobody has to wait for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.findings import HarnessFault
from spreadjobs_conform.patience import DEFAULT_LIMIT_S, QUIET_FACTOR, Wait
from spreadjobs_conform.responder import Doing, Leaving, Responder
from spreadjobs_conform.responder_wire import Manner, RequestReader, written
from spreadjobs_conform.stage import Worker

FIRST_ID: Final = 20_000
"""In a run it is drawn by lot. Spec RUN-16."""
START_S: Final = 0.1
"""How long this worker is said to take to its first answer."""
HINT: Final = "SPREAD_JOBS_PROTOCOL"


@attrs.frozen
class Read:
    """A message that the worker read."""

    offset: int
    size_bytes: int
    value: object = attrs.field(repr=False)
    doing: Doing | None
    """None: an item of the preparation."""


@attrs.define
class Sitting:
    """What happened to one process of a rehearsal."""

    hints: bool
    """Whether it was started with the variables that a master may set."""
    written: bytearray = attrs.field(factory=bytearray)
    writes: list[int] = attrs.field(factory=list)
    """Where each write of the kit ended."""
    reads: list[Read] = attrs.field(factory=list)
    idle_s: float = 0.0
    """For how long the kit waited although the worker had nothing to do."""
    closed: bool = False
    stopped: bool = False
    """Whether the kit stopped it for a while."""


class RehearsalStage:
    """
    Where a conversation with a right worker takes place in memory.

    Args:
        candidate: What the worker speaks.
        manner: How it writes.
    """

    def __init__(self, candidate: Candidate, manner: Manner = Manner.BRIEF) -> None:
        self.sittings: list[Sitting] = []
        self._candidate = candidate
        self._manner = manner
        self._now_s = 0.0

    def now_s(self) -> float:
        """As ``Stage.now_s``: what was waited for so far."""
        return self._now_s

    def sleep(self, seconds: float) -> None:
        """As ``Stage.sleep``, at once."""
        self._now_s += seconds
        if self.sittings:
            self.sittings[-1].idle_s += seconds

    def first_id(self) -> int:
        """As ``Stage.first_id``: always the same."""
        return FIRST_ID

    def limit_s(self, wait: Wait, *, mebibytes: float, first: bool) -> float:  # noqa: ARG002 - Stage has them
        """As ``Stage.limit_s``."""
        return DEFAULT_LIMIT_S

    def case_limit_s(self) -> float:
        """As ``Stage.case_limit_s``: nothing is waited for."""
        return float("inf")

    def quiet_s(self) -> float:
        """As ``Stage.quiet_s``."""
        return QUIET_FACTOR * START_S

    def start_s(self) -> float | None:
        """As ``Stage.start_s``."""
        return START_S

    def hang(self, wait: Wait, waited_s: float) -> bool:  # noqa: ARG002 - Stage has them
        """As ``Stage.hang``: the case fails, and that is told."""
        return False

    def check_stop(self) -> None:
        """As ``Stage.check_stop``: it is over before anybody could stop it."""

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> Worker:  # noqa: ARG002 - Stage has it
        """As ``Stage.start``; no process is started."""
        sitting = Sitting(hints=HINT in environment)
        self.sittings.append(sitting)
        return _RightWorker(self, sitting, self._candidate, self._manner)


class _RightWorker:
    """A worker that does what it should. It reads at once; a sleep takes time of the stage's clock."""

    def __init__(self, stage: RehearsalStage, sitting: Sitting, candidate: Candidate, manner: Manner) -> None:
        self.pid = 0
        self.inbox = bytearray()
        self.received_bytes = 0
        self.stdout_open = True
        self.stdin_broken = False
        self.unwritten_bytes = 0
        self.unread_bytes = 0
        self._stage = stage
        self._sitting = sitting
        self._input = RequestReader(candidate.codec)
        self._candidate = candidate
        self._manner = manner
        self._items: list[object] = []
        self._responder: Responder | None = None
        self._ready: deque[tuple[float, bytes]] = deque()
        self._free_s = 0.0
        self._exit: tuple[float, int] | None = None

    def write(self, data: bytes) -> None:
        if self._sitting.closed:
            raise HarnessFault("the case writes after it has closed the worker's standard input")
        self._sitting.written += data
        self._sitting.writes.append(len(self._sitting.written))
        self._input.feed(data)
        while self._exit is None and (found := self._input.next()) is not None:
            self._take(*found)

    def close_stdin(self) -> None:
        self._sitting.closed = True
        self._leave(0)

    def pump(self, timeout_s: float) -> None:
        if not self._deliver():
            due_s = [at_s for at_s, _ in self._ready] + ([self._exit[0]] if self._exit and self.stdout_open else [])
            waited_s = min(timeout_s, *(at_s - self._stage.now_s() for at_s in due_s)) if due_s else timeout_s
            idle_before_s = self._sitting.idle_s
            self._stage.sleep(waited_s)
            if due_s:
                self._sitting.idle_s = idle_before_s
            self._deliver()

    def status(self) -> int | None:
        return self._exit[1] if self._exit is not None and self._exit[0] <= self._stage.now_s() else None

    def describe(self) -> str:
        return "it is a worker in memory"

    def descriptors(self) -> int | None:
        return None

    def stderr_lines(self, count: int) -> list[str]:  # noqa: ARG002 - Worker has it
        return []

    def freeze(self) -> None:
        self._sitting.stopped = True

    def thaw(self) -> None:
        """It reads at once, so that nobody could tell."""

    def end(self) -> None:
        self._leave(0)

    def _deliver(self) -> bool:
        """Hands over what is due; whether anything was."""
        now_s = self._stage.now_s()
        data = b""
        while self._ready and self._ready[0][0] <= now_s:
            data += self._ready.popleft()[1]
        self.inbox += data
        self.received_bytes += len(data)
        if self._exit is None or self._exit[0] > now_s or not self.stdout_open:
            return bool(data)
        self.stdout_open = False
        return True

    def _leave(self, status: int) -> None:
        if self._exit is None:
            self._exit = max(self._free_s, self._stage.now_s()), status

    def _take(self, offset: int, size_bytes: int, value: object) -> None:
        if self._responder is None:
            self._sitting.reads.append(Read(offset, size_bytes, value, None))
            if value is None:
                self._responder = Responder(self._items)
            else:
                self._items.append(value)
            return
        doing = self._responder.respond(*self._request(value))
        self._sitting.reads.append(Read(offset, size_bytes, value, doing))
        if isinstance(doing, Leaving):
            self._leave(doing.status)
            return
        self._free_s = max(self._free_s, self._stage.now_s()) + doing.took_s
        self._ready.append((self._free_s, written(doing, self._candidate, self._manner)))

    def _request(self, value: object) -> tuple[int | None, object]:
        if not self._candidate.tagged:
            return None, value
        match value:
            case [int(task_id), payload]:
                return task_id, payload
            case _:
                raise HarnessFault(f"the case sends {value!r:.80} where a request is due")
