"""All hostile messages by family. Each says in a line what it would do to a master that believed it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import attrs

from hostile import bombs, forged, json_bombs, own_classes, smuggled
from hostile.calls import HOSTILE


@attrs.frozen
class Hostile:
    """One message of a worker that means no good."""

    name: str
    reason: str
    """What it would do."""
    build: Callable[[str], bytes]
    """Makes the message; the argument is a file that must not come into being."""
    codec: Literal["pickle", "json"] = "pickle"
    harmless: bool = False
    """It may be read, as plain data; whatever is not harmless is never read."""


def _with_victim(data: bytes, victim: str) -> bytes:
    if b"\x8c\x08touch %s" in data:
        data = data.replace(b"\x8c\x08touch", b"\x8c" + bytes([6 + len(victim)]) + b"touch")
    return data.replace(b"%s", victim.encode())


def _constant(data: bytes, _victim: str) -> bytes:
    return data


def _made(make: Callable[[], bytes], _victim: str) -> bytes:
    return make()


def _all(reason: str, messages: dict[str, bytes], *, json: bool = False, harmless: bool = False) -> list[Hostile]:
    return [
        Hostile(
            name,
            reason.format(name),
            partial(_with_victim, data) if b"%s" in data else partial(_constant, data),
            "json" if json else "pickle",
            harmless,
        )
        for name, data in messages.items()
    ]


_MADE = (
    Hostile("an endless write", "writes 4**24 items with broadcast indices", partial(_made, forged.endless_write)),
    Hostile("an endless write of a buffer", "the same in protocol 5", partial(_made, forged.endless_write_of_a_buffer)),
    Hostile("long doubles of one hash", "is quadratic as keys", partial(_made, forged.numbers_of_one_hash)),
    Hostile("copies of one text", "makes a thousand times its size", partial(_made, forged.copies_of_one_text)),
)

FAMILIES: dict[str, list[Hostile]] = {
    "calls": _all("calls or changes something of the master: {}", HOSTILE),
    "own classes": _all("reaches beyond the instances of the user's classes: {}", own_classes.OWN_CLASSES),
    "bombs": _all("takes time or memory without bound, or crashes: {}", bombs.BOMBS),
    "harmless": _all("is strange, but plain data: {}", bombs.HARMLESS, harmless=True),
    "forged arrays": [*_all("lies to numpy: {}", forged.REFUSED), *_MADE],
    "harmless arrays": _all("is strange, but a plain array: {}", forged.HARMLESS_ARRAYS, harmless=True),
    "json": _all("blows up a reader of JSON, or means two things: {}", json_bombs.LINES, json=True),
    "harmless json": _all("is strange, but JSON: {}", json_bombs.HARMLESS_LINES, json=True, harmless=True),
    "smuggled": _all("hides opcodes from the walk: {}", smuggled.SMUGGLED, harmless=True),
    "dear keys": [
        Hostile(make.__name__, "hashes or compares without end", partial(_made, make)) for make in smuggled.DEAR_KEYS
    ],
}
