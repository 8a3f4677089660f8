"""The exact input of a case, and what a right worker answers to it: for those who run it without the kit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Final

import attrs

from spreadjobs_conform.candidate import Candidate, Ops
from spreadjobs_conform.channel import HINTS
from spreadjobs_conform.diagnosis import bytes_lines
from spreadjobs_conform.findings import HarnessFault, UsageFault
from spreadjobs_conform.portable import portable
from spreadjobs_conform.registry import Case, CaseFacts
from spreadjobs_conform.rehearsal import Read, RehearsalStage, Sitting
from spreadjobs_conform.responder import Leaving, Reply
from spreadjobs_conform.responder_wire import Manner
from spreadjobs_conform.responses import Answer, Refusal
from spreadjobs_conform.runner import judged, not_run
from spreadjobs_conform.values import show
from spreadjobs_conform.verdicts import Status

_MOST_SHOWN: Final = 200


@attrs.frozen(kw_only=True)
class Vector:
    """What one case writes to a right worker, in one codec, dialect and protocol."""

    case: CaseFacts
    candidate: Candidate
    """With the protocol of the case."""
    data: bytes = attrs.field(repr=False)
    """From the start of the worker to the end of its standard input."""
    reads: tuple[Read, ...] = attrs.field(repr=False)
    """The complete messages in it, and what a right worker makes of each."""
    fixed_bytes: int
    """So many of the bytes are the same for every right worker."""
    notes: tuple[str, ...]
    """What the kit does beside writing these bytes, which a pipe cannot do."""

    @property
    def coding(self) -> str:
        """Codec, protocol and dialect in one word, such as ``pickle4`` or ``pickle2-untagged``."""
        return coding_of(self.candidate)

    @property
    def reads_end(self) -> int:
        """Where the last complete message ends."""
        return self.reads[-1].offset + self.reads[-1].size_bytes if self.reads else 0


def coding_of(candidate: Candidate) -> str:
    """Codec, protocol and dialect in one word, such as ``json``, ``pickle4`` or ``pickle2-untagged``."""
    if candidate.codec == "json":
        return "json"
    return f"pickle{candidate.pickle_protocol}" + ("" if candidate.tagged else "-untagged")


def vector_of(case: Case, candidate: Candidate) -> Vector:
    """
    Has the conversation of a case with a right worker in memory.

    Args:
        case: Which.
        candidate: What the worker speaks.

    Raises:
        UsageFault: The case does not apply to it.
        HarnessFault: The case does not pass, or gives several processes different bytes.
    """
    candidate = attrs.evolve(candidate, worker_class=case.worker_class, ops=Ops.SERVED)
    idle = not_run(case, candidate)
    if idle is not None:
        raise UsageFault(f"{case.id} is not for {coding_of(candidate)}: it is {idle[1]}")
    if case.pickle_protocol is not None:
        candidate = attrs.evolve(candidate, pickle_protocol=case.pickle_protocol)
    sitting = _rehearsed(case, candidate, Manner.BRIEF)
    data, other = bytes(sitting.written), bytes(_rehearsed(case, candidate, Manner.WORDY).written)
    fixed_bytes = len(os.path.commonprefix((data, other))) if data != other else len(data)
    notes = tuple(_notes(sitting, len(data), fixed_bytes))
    return Vector(
        case=case, candidate=candidate, data=data, reads=tuple(sitting.reads), fixed_bytes=fixed_bytes, notes=notes
    )


def _rehearsed(case: Case, candidate: Candidate, manner: Manner) -> Sitting:
    stage = RehearsalStage(candidate, manner)
    verdict = judged(case, candidate, stage, "MUST")
    if verdict.status is not Status.PASS:
        raise HarnessFault(f"{case.id} ends with {verdict.status.value} on a right worker in memory: {verdict.reason}")
    if len({bytes(sitting.written) for sitting in stage.sittings}) != 1:
        raise HarnessFault(f"{case.id} writes different bytes to its {len(stage.sittings)} processes")
    return stage.sittings[-1]


def _notes(sitting: Sitting, size_bytes: int, fixed_bytes: int) -> Iterator[str]:
    if fixed_bytes < size_bytes:
        yield (
            f"the first {fixed_bytes} bytes are the same for every worker; the others depend on the size of its "
            "responses, and are those for a worker that writes no more bytes than needed"
        )
    ends = {size_bytes, *(read.offset + read.size_bytes for read in sitting.reads)}
    cuts = sum(end not in ends for end in sitting.writes)
    if cuts:
        yield f"the kit cuts messages (cuts: {cuts}), and writes each piece by itself; a pipe joins them"
    if sitting.idle_s:
        yield f"the kit waits {sitting.idle_s:.2f} s in all while the worker has nothing to do; a pipe does not"
    if sitting.stopped:
        yield "the kit stops the worker while it writes the last requests and the end; in a pipe they are there anyway"
    if not sitting.hints:
        yield f"the kit starts the worker without the variables {', '.join(HINTS)}"


def expected_lines(vector: Vector) -> list[str]:
    """What a right worker does, a line of JSON a response, and a last one about its exit."""
    said = [_expected(read.doing) for read in vector.reads if isinstance(read.doing, Reply)]
    said.append(_expected_exit(vector))
    return [json.dumps(each, allow_nan=False) for each in said]


def _expected_exit(vector: Vector) -> dict[str, object]:
    """Exit is always a MUST (SHUT-3); this is about its status."""
    for read in vector.reads:
        if isinstance(read.doing, Leaving):
            return {"exit": read.doing.status, "level": "MUST"}  # Spec OPS-6.
    if vector.reads_end < len(vector.data):
        return {"exit": "any"}  # The input ends inside a message. Spec SHUT-6.
    return {"exit": 0, "level": "SHOULD"}  # Spec SHUT-5.


def _expected(reply: Reply) -> dict[str, object]:
    first = reply.first
    line: dict[str, object] = {} if first.task_id is None else {"id": first.task_id}
    if not reply.sure:
        return line | {"any": True}
    match first:
        case Answer():
            line["answer"] = portable(first.value)
        case Refusal():
            line["refusal"] = first.delay_s
        case _:
            line["failure"] = [first.type_name, first.message]
    if reply.out is not None and reply.err is not None:
        line |= {"out": list(reply.out), "err": list(reply.err)}
    return line


def text_lines(vector: Vector) -> list[str]:
    """The vector for people: each message with its place, its meaning, its first bytes, and the response to it."""
    size = len(vector.data)
    lines = [
        f"{vector.case.id}: {vector.case.summary}",
        f"{vector.coding}, {size} bytes, {len(vector.reads)} messages",
        *(f"note: {note}" for note in vector.notes),
        "",
    ]
    for number, read in enumerate(vector.reads, 1):
        end = read.offset + read.size_bytes
        lines.append(f"message {number}, {read.size_bytes} bytes from {read.offset}: {_meaning(read)}")
        lines += bytes_lines(vector.data[read.offset : end], read.offset)
    end = vector.reads_end
    if end < size:
        lines.append(f"{size - end} bytes from {end}: the beginning of a message that does not end")
        lines += bytes_lines(vector.data[end:], end)
    return [*lines, f"the end of standard input, at {size}"]


def _meaning(read: Read) -> str:
    match read.doing:
        case None:
            return f"preparation, {show(read.value)}" + (", which ends it" if read.value is None else "")
        case Leaving(status):
            return f"request {show(read.value)}: exit with status {status}, no response"
        case Reply() if not read.doing.sure:
            return f"request {show(read.value)}: any response"
        case Reply():
            return f"request {show(read.value)}: {_shortened(json.dumps(_expected(read.doing)))}"


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
