"""Simpler values in place of one: what shrinking tries."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from spreadjobs_conform import payloads
from spreadjobs_conform.fuzz_script import op_of

FEW: Final = 24
"""Of so many items or characters each is tried by itself."""


def simpler(value: object) -> Iterator[object]:
    """Values that are simpler, the simplest first; none for one that cannot be simpler."""
    match value:
        case bool() | None:
            pass
        case int():
            yield from _simpler_int(value)
        case float():
            yield from _simpler_float(value)
        case complex():
            yield from (other for other in (0j, complex(value.real, 0.0)) if other != value)
        case str():
            yield from _simpler_text(value)
        case bytes():
            yield from (text.encode("latin-1") for text in _simpler_text(value.decode("latin-1")))
        case bytearray():
            yield from (bytearray(text.encode("latin-1")) for text in _simpler_text(value.decode("latin-1")))
        case list() | tuple():
            yield from _simpler_items(value)
        case set() | frozenset():
            members = list(value)
            yield from (type(value)(members[:at] + members[at + 1 :]) for at in range(len(members)))
        case dict():
            yield from _simpler_dict(value)
        case _:
            pass


def _simpler_int(value: int) -> Iterator[int]:
    sign = -1 if value < 0 else 1
    size = abs(value)
    for other in (0, 1, sign * (1 << max(0, size.bit_length() - 1)), sign * (size // 2), sign * (size - 1)):
        if abs(other) < size:
            yield other


def _simpler_float(value: float) -> Iterator[float]:
    for other in (0.0, 1.0, 0.5, float(f"{value:.2g}")):
        if repr(other) == repr(value):
            return
        if math.isfinite(other):
            yield other


def _simpler_text(value: str) -> Iterator[str]:
    size = len(value)
    if not size:
        return
    yield ""
    if value != "x" * size:
        yield "x" * size
    half = size // 2
    if half:
        yield from (value[:half], value[half:], value[: size - 1], value[1:])
    if size <= FEW:
        yield from (value[:at] + value[at + 1 :] for at in range(1, size - 1))
        yield from (value[:at] + "x" + value[at + 1 :] for at in range(size) if value[at] != "x")


def _simpler_items(value: list[object] | tuple[object, ...]) -> Iterator[object]:
    make, items = type(value), list(value)
    if not items:
        return
    yield make()
    # Each item alone, in place of all: what is wrong is mostly wrong at the top too.
    yield from items[:FEW]
    half = len(items) // 2
    if half:
        yield from (make(items[:half]), make(items[half:]), make(items[:-1]))
    if len(items) <= FEW:
        yield from (make(items[:at] + items[at + 1 :]) for at in range(len(items)))
    for at, item in enumerate(items[:FEW]):
        for other in simpler(item):
            yield make([*items[:at], other, *items[at + 1 :]])


def _simpler_dict(value: dict[object, object]) -> Iterator[object]:
    pairs = list(value.items())
    if not pairs:
        return
    yield {}
    yield from [item for _, item in pairs[:FEW]]
    half = len(pairs) // 2
    if half:
        yield from (dict(pairs[:half]), dict(pairs[half:]))
    if len(pairs) <= FEW:
        yield from (dict(pairs[:at] + pairs[at + 1 :]) for at in range(len(pairs)))
    for at, (key, item) in enumerate(pairs[:FEW]):
        for other in simpler(item):
            yield dict([*pairs[:at], (key, other), *pairs[at + 1 :]])
        for other in simpler(key):
            if other not in value:
                yield dict([*pairs[:at], (other, item), *pairs[at + 1 :]])


def simpler_payload(payload: object) -> Iterator[object]:
    """Payloads of the same op that are simpler; of what is no conformance payload, None."""
    if not isinstance(payload, dict) or op_of(payload) == "other":
        if payload is not None:
            yield None
        return
    match payload:
        case {"op": "echo", "value": value}:
            yield from (payloads.echo(other) for other in simpler(value))
        case {"op": "raise", "type": str(name), "message": str(message)}:
            names = ("Error", *_simpler_text(name)) if name != "Error" else ()
            yield from (payloads.raising(other, message) for other in names)
            yield from (payloads.raising(name, other) for other in _simpler_text(message))
        case {"op": "print", "out": list(out), "err": list(err)}:
            yield from (payloads.printing(other, err) for other in _simpler_lines(out))
            yield from (payloads.printing(out, other) for other in _simpler_lines(err))
        case {"op": "busy", "key": str(key), "delay_s": int() | float() as delay_s, "times": int(times)}:
            # Key and number stay: they belong to those of other requests.
            yield from (payloads.busy(key, other, times) for other in (0, 1) if delay_s not in (0, 1))
        case {"op": "sleep", "seconds": int() | float() as seconds} if seconds:
            yield payloads.sleeping(0)
        case {"op": "exit", "status": int(status)}:
            yield from (payloads.leaving(other) for other in (0, 1) if status not in (0, 1))
        case _:
            pass


def _simpler_lines(lines: list[str]) -> Iterator[list[str]]:
    """Fewer and simpler lines; each keeps its end, the last one too if it has one. Spec OUT-2."""
    if not lines:
        return
    yield []
    half = len(lines) // 2
    if half:
        yield from (lines[:half], lines[half:])
    if len(lines) <= FEW:
        yield from (lines[:at] + lines[at + 1 :] for at in range(len(lines)))
    for at, line in enumerate(lines[:FEW]):
        end = "\n" if line.endswith("\n") else ""
        for other in _simpler_text(line.removesuffix("\n")):
            if other or end:
                yield [*lines[:at], f"{other}{end}", *lines[at + 1 :]]
