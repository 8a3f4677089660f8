"""The codecs seen from the worker's side: the kit's messages taken apart, and what a right worker writes."""

from __future__ import annotations

import enum
import json
from typing import Final

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.pickle_machine import PickleMachine
from spreadjobs_conform.responder import Reply
from spreadjobs_conform.responses import Answer, Failure, Refusal
from spreadjobs_conform.wire_json import parse_line, write_json
from spreadjobs_conform.wire_pickle import STEPS, write_pickle

_OLD_PROTOCOL: Final = 2


class Manner(enum.Enum):
    """How a right worker writes its responses. What a case sends to both is what it sends to every right worker."""

    BRIEF = "tuples, and no more bytes than needed"
    WORDY = "lists, an older protocol, spaces, tracebacks, a newline behind each message"


class RequestReader:
    """
    The bytes of the kit, taken apart into messages.

    Args:
        codec: ``pickle`` or ``json``.
    """

    def __init__(self, codec: str) -> None:
        self._by_line = codec == "json"
        self._buffer = bytearray()
        self._machine = PickleMachine(self._buffer)
        self._taken_bytes = 0
        self.raw = b""
        """The bytes of the last message."""

    def feed(self, data: bytes) -> None:
        """Takes bytes as they come."""
        self._buffer += data

    @property
    def pending(self) -> bytes:
        """What belongs to no complete message yet."""
        return bytes(self._buffer)

    @property
    def offset(self) -> int:
        """The place of these bytes in the stream."""
        return self._taken_bytes

    def next(self) -> tuple[int, int, object] | None:
        """Place in the stream, size in bytes, and value of the next complete message; None until more bytes come."""
        if self._by_line:
            size = self._buffer.find(b"\n") + 1
            if not size:
                return None
            value = parse_line(bytes(self._buffer[: size - 1]))
        else:
            if not self._machine.run(STEPS):
                return None
            size, value = self._machine.position, self._machine.result()
        self.raw = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._machine = PickleMachine(self._buffer)
        offset, self._taken_bytes = self._taken_bytes, self._taken_bytes + size
        return offset, size, value


def written(reply: Reply, candidate: Candidate, manner: Manner) -> bytes:
    """
    The message that says this.

    Args:
        reply: What it says.
        candidate: In which codec, dialect and protocol.
        manner: How.
    """
    wordy = manner is Manner.WORDY
    out, err = ([*lines] if lines else [] if wordy else None for lines in (reply.out, reply.err))
    if not candidate.tagged and not isinstance(reply.first, Answer):
        return _instance(reply.first, wordy=wordy)
    first = _first(reply.first, tagged=candidate.tagged, wordy=wordy)
    message: object = [first, out, err] if wordy else (first, out, err)
    if candidate.codec == "json":
        return (
            json.dumps(message, separators=(" , ", " : ")).encode("ascii") + b" \r\n" if wordy else write_json(message)
        )
    return write_pickle(message, _OLD_PROTOCOL) + b"\n" if wordy else write_pickle(message, candidate.pickle_protocol)


def _first(said: Answer | Refusal | Failure, *, tagged: bool, wordy: bool) -> object:
    items: tuple[object, ...]
    match said:
        case Answer():
            if not tagged:
                return said.value
            items = (said.task_id, said.value)
        case Refusal():
            items = ("TooBusy", said.task_id, said.delay_s)
        case Failure():
            items = ("RemoteException", said.task_id, *_texts(said, wordy=wordy))
    return list(items) if wordy else items


def _texts(said: Failure, *, wordy: bool) -> tuple[str, str, str]:
    return said.type_name, said.message, f"Traceback of a {said.type_name}\n" if wordy else said.traceback


def _instance(said: Refusal | Failure, *, wordy: bool) -> bytes:
    """A refusal or a failure of the untagged dialect, which is an object there. Spec UNT-5, INST-1."""
    is_refusal = isinstance(said, Refusal)
    args: tuple[object, ...] = (said.delay_s,) if isinstance(said, Refusal) else _texts(said, wordy=wordy)
    # The middle of a pickle, between its protocol and STOP, pushes the value.
    pushed = write_pickle(args, _OLD_PROTOCOL)[2:-1]
    name = b"TooBusy" if is_refusal else b"RemoteException"
    return b"\x80\x02cspreadjobs\n" + name + b"\n" + pushed + b"RNN\x87." + (b"\n" if wordy else b"")
