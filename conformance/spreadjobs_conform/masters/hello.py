"""How a played worker found itself started: what it says first."""

from __future__ import annotations

import json
from collections.abc import Mapping

import attrs


@attrs.frozen(kw_only=True)
class Hello:
    """How a played worker found itself started."""

    slot: int
    """From 0."""
    arguments: tuple[bytes, ...]
    """Those of the job."""
    pid: int
    session: int
    group: int
    hints: Mapping[str, str]
    descriptors: Mapping[int, tuple[str, int, int]]
    """What each open descriptor is (``pipe``, ``socket``, ``other``), its device and inode."""


def parse_hello(data: bytes) -> Hello:
    """What a played worker says first."""
    said = json.loads(data)
    return Hello(
        slot=int(said["slot"]),
        arguments=tuple(bytes.fromhex(text) for text in said["arguments"]),
        pid=int(said["pid"]),
        session=int(said["session"]),
        group=int(said["group"]),
        hints=dict(said["hints"]),
        descriptors={
            int(number): (kind, device, inode) for number, (kind, device, inode) in said["descriptors"].items()
        },
    )
