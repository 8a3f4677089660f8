"""One message as it came, and how each codec's reader and writer look to the conversation."""

from __future__ import annotations

from typing import Final, Protocol

import attrs

from spreadjobs_conform.cures import likely_cure
from spreadjobs_conform.findings import Finding

MAX_KEPT_BYTES: Final = 1 << 16
MAX_HEAD_BYTES: Final = 200
MAX_QUOTE_BYTES: Final = 80


@attrs.frozen
class Message:
    """One complete message of the worker."""

    value: object = attrs.field(repr=False)
    size_bytes: int
    head: bytes
    """Its first bytes, for reports."""


class Reader(Protocol):
    """The bytes of one worker's standard output, taken apart into messages."""

    def feed(self, data: bytes, /) -> None:
        """Takes bytes as they come from the pipe."""
        ...

    def next(self) -> Message | None:
        """The next complete message, or None until more bytes come; raises ``Finding`` for anything else."""
        ...

    def pending(self) -> bytes:
        """The first of the bytes that belong to no complete message yet."""
        ...

    def pending_bytes(self) -> int:
        """How many they are."""
        ...

    def rest(self) -> bytes:
        """All of them."""
        ...


class TextReader:
    """The output of a command, which has no messages: the last bytes are kept."""

    def __init__(self) -> None:
        self._tail = bytearray()

    def feed(self, data: bytes, /) -> None:
        """Takes bytes as they come from the pipe."""
        self._tail += data
        del self._tail[:-MAX_KEPT_BYTES]

    def next(self) -> Message | None:
        """Never a message."""
        return None

    def pending(self) -> bytes:
        """The last bytes."""
        return bytes(self._tail[:MAX_HEAD_BYTES])

    def pending_bytes(self) -> int:
        """How many were kept."""
        return len(self._tail)

    def rest(self) -> bytes:
        """All that were kept."""
        return bytes(self._tail)


def unreadable(requirement: str, data: bytes, due: str, codec: str) -> Finding:
    """The finding for bytes that are no message."""
    shown = f"{data[:MAX_QUOTE_BYTES]!r}{'...' if len(data) > MAX_QUOTE_BYTES else ''}"
    # Stray output and a damaged message look alike: what is no message breaks all three.
    cure = likely_cure(data, codec)
    return Finding(requirement, f"bytes that are no message: {shown}", due, cure, also=("WIRE-4", "WIRE-1"))
