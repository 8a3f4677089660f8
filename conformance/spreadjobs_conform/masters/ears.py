"""What a play hears: what a master writes, and what a played worker says first."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

from spreadjobs_conform.findings import HarnessFault
from spreadjobs_conform.masters.actor import HEADER, Hello, parse_hello

READ_BYTES = 1 << 16


def collect(descriptor: int, into: bytearray) -> None:
    """Reads to the end."""
    with suppress(OSError):
        while data := os.read(descriptor, READ_BYTES):
            into += data


def hello_of(kit: socket.socket) -> Hello | None:
    """
    How a played worker found itself started; None if it ended before it could say that.

    Raises:
        HarnessFault: It said something else.
    """
    header = kit.recv(HEADER.size, socket.MSG_WAITALL)
    if len(header) < HEADER.size:
        return None
    letter, size = HEADER.unpack(header)
    data = kit.recv(size, socket.MSG_WAITALL)
    if letter != b"h" or len(data) < size:
        raise HarnessFault(f"a played worker said {letter!r} first")
    return parse_hello(data)
