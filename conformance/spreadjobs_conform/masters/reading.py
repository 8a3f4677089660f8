"""The messages of a master, taken apart with their bytes, and those of a played worker, put together."""

from __future__ import annotations

import pickletools
from typing import Final

import attrs

from spreadjobs_conform.diagnosis import bytes_lines, opcode_lines
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.masters.cures import WHOLE_MESSAGES
from spreadjobs_conform.responder_wire import RequestReader
from spreadjobs_conform.values import show
from spreadjobs_conform.wire_json import write_json
from spreadjobs_conform.wire_pickle import write_pickle

FIRST_DECLARING_PROTOCOL: Final = 2
"""From here on a pickle says its protocol at its beginning."""
MOST_EVIDENCE_BYTES: Final = 4096


@attrs.frozen
class Incoming:
    """One message of the master."""

    value: object = attrs.field(repr=show)
    raw: bytes = attrs.field(repr=False)
    offset: int
    """Of its first byte in all that the master wrote to this worker."""


class MessageReader:
    """
    What a master wrote to one worker.

    Args:
        codec: ``pickle`` or ``json``.
    """

    def __init__(self, codec: str) -> None:
        self._reader = RequestReader(codec)
        self.feed = self._reader.feed

    @property
    def pending(self) -> bytes:
        """What belongs to no complete message yet."""
        return self._reader.pending

    @property
    def offset(self) -> int:
        """The place of these bytes in all that the master wrote to this worker."""
        return self._reader.offset

    def next(self) -> Incoming | None:
        """
        The next complete message; None until more bytes come.

        Raises:
            Finding: The bytes are no message.
        """
        found = self._reader.next()
        return None if found is None else Incoming(found[2], self._reader.raw, found[0])


def protocol_of(raw: bytes) -> int:
    """
    The pickle protocol of a message: what it declares, or what its opcodes take if that is more. Spec PKL-1.

    Args:
        raw: One complete pickle.
    """
    opcodes = list(pickletools.genops(raw))
    first, declared, _ = opcodes[0]
    needed = max(opcode.proto for opcode, _, _ in opcodes)
    if first.name != "PROTO" or declared is None:
        return needed
    return max(needed, int(declared))


def message(value: object, codec: str) -> bytes:
    """
    The bytes of one message of a played worker, as small as they get: in pickle without the newline of PKL-5.

    Args:
        value: What it says.
        codec: ``pickle`` or ``json``.
    """
    return write_json(value) if codec == "json" else write_pickle(value, FIRST_DECLARING_PROTOCOL)


def bad_message(fault: Finding, worker: str, reader: MessageReader) -> Finding:
    """
    The same fault, said of a master.

    Args:
        fault: What the reader found.
        worker: Its name.
        reader: What has read the bytes.
    """
    due = "complete messages, in the codec of the job, one after another"
    what = fault.came.replace("the response", "the message", 1)  # It was found by what reads workers.
    found = Finding("WIRE-1", f"what the master wrote to worker {worker} is no message: {what}", due, WHOLE_MESSAGES)
    data = reader.pending[:MOST_EVIDENCE_BYTES]
    found.evidence = (*bytes_lines(data, reader.offset), *opcode_lines(data, reader.offset))
    return found
