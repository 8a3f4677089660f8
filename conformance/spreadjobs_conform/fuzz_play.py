"""
A conversation as bytes: what is written in which pieces, what is waited for, and what a right worker answers.

It is all that is needed to have the conversation again, and it is what a vector file holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import attrs

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.findings import Finding, HarnessFault
from spreadjobs_conform.fuzz_script import End, Message, Script, Settle, Take
from spreadjobs_conform.fuzz_wire import encoded
from spreadjobs_conform.rehearsal import Read, RehearsalStage
from spreadjobs_conform.responder import Leaving
from spreadjobs_conform.values import difference

STOPPED_BYTES: Final = 1 << 13
"""So much fits into the pipe of a worker that is stopped."""


@attrs.frozen
class Write:
    """So many of the bytes are written, at once."""

    size_bytes: int


@attrs.frozen
class TakeResponses:
    """So many responses are waited for."""

    count: int


@attrs.frozen
class LetRead:
    """The worker is given the time to read what was written."""


@attrs.frozen
class Stop:
    """The worker is stopped, until its standard input is closed."""


@attrs.frozen
class Close:
    """The worker's standard input is closed."""


Move: TypeAlias = Write | TakeResponses | LetRead | Stop | Close


@attrs.frozen(kw_only=True)
class Play:
    """One conversation."""

    data: bytes = attrs.field(repr=False)
    """All that is written to the worker."""
    moves: tuple[Move, ...]
    reads: tuple[Read, ...] = attrs.field(repr=False)
    """The complete messages in it, and what a right worker makes of each."""

    @property
    def leaves(self) -> Leaving | None:
        """How a right worker leaves or dies in it, if it does. Spec OPS-6."""
        last = self.reads[-1].doing if self.reads else None
        return last if isinstance(last, Leaving) else None

    @property
    def reads_end(self) -> int:
        """Where the last complete message ends."""
        return self.reads[-1].offset + self.reads[-1].size_bytes if self.reads else 0

    @property
    def cuts(self) -> int:
        """How many writes end inside a message."""
        ends = {0, *(read.offset + read.size_bytes for read in self.reads)}
        at = 0
        count = 0
        for move in self.moves:
            if isinstance(move, Write):
                at += move.size_bytes
                count += at not in ends and at < self.reads_end
        return count


def play_of(script: Script, candidate: Candidate) -> Play:
    """
    The bytes and the moves of a script.

    Raises:
        HarnessFault: The bytes do not say what the script says.
    """
    data = bytearray()
    moves = list(_moves(script, candidate, data))
    try:
        reads = foreseen(bytes(data), candidate)
    except Finding as fault:
        raise HarnessFault(f"the kit wrote what cannot be read: {fault}") from fault
    said = [message.value for message in script.messages()][: len(reads)]
    for read, value in zip(reads, said, strict=True):
        came = read.value if read.doing is None or not candidate.tagged else _payload(read.value)
        if not _says(came, value, by_number=candidate.codec == "json"):
            raise HarnessFault(f"the kit wrote {value!r:.200} so that it reads {came!r:.200}")
    return Play(data=bytes(data), moves=tuple(moves), reads=reads)


def foreseen(data: bytes, candidate: Candidate) -> tuple[Read, ...]:
    """
    What a right worker reads in these bytes, up to the payload with which it leaves, and what it makes of each message.

    Raises:
        HarnessFault: They are no conversation.
        Finding: They are no messages.
    """
    stage = RehearsalStage(candidate)
    stage.start((), {}).write(data)
    return tuple(stage.sittings[-1].reads)


def _payload(request: object) -> object:
    return request[1] if isinstance(request, list | tuple) else request


def _says(came: object, value: object, *, by_number: bool) -> bool:
    return difference(value, came, by_number=by_number) is None


def _moves(script: Script, candidate: Candidate, data: bytearray) -> Iterator[Move]:
    """The moves; ``data`` gets the bytes."""
    waiting = 0
    for step in script.steps:
        if isinstance(step, Message):
            message = encoded(step, candidate)
            data += message
            cuts = _places(step.cuts, len(message))
            for begin, end in zip((0, *cuts), cuts, strict=False):
                yield Write(waiting + end - begin)
                waiting = 0
                if step.settled:
                    yield LetRead()
            waiting += len(message) - (cuts[-1] if cuts else 0)
            if step.joined:
                continue
        elif isinstance(step, End):
            yield from _end(step, candidate, data, waiting)
            return
        if waiting:
            yield Write(waiting)
            waiting = 0
        if isinstance(step, Take):
            yield TakeResponses(step.count)
        elif isinstance(step, Settle):
            yield LetRead()
    if waiting:
        yield Write(waiting)


def _end(end: End, candidate: Candidate, data: bytearray, waiting: int) -> Iterator[Move]:
    if end.inside is not None:
        message = encoded(end.inside, candidate)
        kept = max(1, min(len(message) - 1, round(end.kept * len(message))))
        data += message[:kept]
        waiting += kept
    last = min(waiting, STOPPED_BYTES) if end.at_once else 0
    if waiting > last:
        yield Write(waiting - last)
    if last:
        yield LetRead()
        yield Stop()
        yield Write(last)
    yield Close()


def _places(cuts: tuple[int, ...], size: int) -> tuple[int, ...]:
    places = {cut if cut >= 0 else size + cut for cut in cuts}
    return tuple(sorted(place for place in places if 0 < place < size))
