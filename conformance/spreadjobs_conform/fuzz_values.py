"""Values of the data model, drawn so that the edges of what programs hold are met often. Spec section 5.1."""

from __future__ import annotations

import math
import struct
import sys
from random import Random
from typing import Final

from spreadjobs_conform.fuzz_draw import drawn, odds, repeated
from spreadjobs_conform.payloads import LOOKALIKE_KEYS, LOOKALIKES
from spreadjobs_conform.wire_json import MAX_INT

MOST_LEVELS: Final = 100
"""So deep a value may be nested. Spec DATA-2."""
REMEMBERED: Final = 40
MOST_INNER_LEVELS: Final = 5
LEAST_INT: Final = -(2**63)
GREATEST_INT: Final = 2**63 - 1
"""Beyond these, integers are among what a worker's language may lack."""
WORDS: Final = ("TooBusy", "RemoteException", "Alive", "op", "echo", "exit", "value", "None", "spreadjobs")
"""Of the protocol."""
ALPHABETS: Final = (
    "abcxyz019 _-.",
    "aAbB",
    " \t\n\r\0\x0b\x0c\x1b\x1c\x7f\x85\u00a0\u2028\u2029\ufeff",
    "\"\\/'`$%&<>{}[]():;,.#\b\f",
    "".join(map(chr, range(0x80, 0x100))),
    "\u00e9e\u0301\u00e5A\u030a\u212b\u1e9e\u00df\u0130\u0131\u03c3\u03c2\ufb01",
    "\u6f22\u5b57\u3042\u05d0\u0627\ud7ff\ue000\ufffd\ufffe\uffff",
    "\U00010000\U0001f600\U0001f468\u200d\U0001f469\U000e0001\U0010ffff",
)
SURROGATES: Final = ("\ud800\udbffx", "\udc00\udfff\udc80x")
"""Lone ones: a high one and a low one behind it are one character to many languages, and the spec is silent there."""
FLOATS: Final = (
    *(0.0, -0.0, 0.1, -0.1, 1 / 3, 0.5, 1.0, -1.0, 1.5, 1e15, 1e16, 1e17, 1e21, 1e22, 1e-7, 123456789.5),
    *(5e-324, 2.2250738585072011e-308, sys.float_info.min, sys.float_info.max, -sys.float_info.max, math.pi),
    *(2.0**24 + 1, 2.0**31, 2.0**52 + 0.5, 2.0**53 - 1, 2.0**53, 2.0**63, 2.0**64, 100.00000000000001, 9.5e15),
)
_TOP: Final = {"leaf": 34, "container": 30, "again": 8, "twin": 8, "shared": 8, "deep": 4, "wide": 4, "message": 4}
_LEAVES: Final = {"text": 40, "int": 24, "float": 20, "constant": 10, "other": 6}
_INTS: Final = {"small": 20, "power of two": 40, "power of ten": 10, "bits": 30}
_FLOATS: Final = {"known": 30, "decimal": 20, "power of two": 10, "whole": 10, "bits": 30}
_TEXTS: Final = {"characters": 66, "all characters": 16, "lookalike": 12, "word": 6}
_LENGTHS: Final = {"short": 72, "edge of a buffer": 18, "edge of a pipe": 10}
_KEYS: Final = {"text": 45, "lookalike": 25, "int": 10, "other": 20}
_CONTAINERS: Final = {"list": 2, "tuple": 2, "dict": 2, "set": 1, "frozenset": 1}
_CONTAINERS_OF_JSON: Final = {"list": 1, "dict": 1}


class ValueMaker:
    """
    Draws values.

    Args:
        rng: Where chance comes from.
        codec: ``pickle`` or ``json``.
        most_bytes: About so large a single text is at most.
    """

    def __init__(self, rng: Random, codec: str, most_bytes: int = 1 << 16) -> None:
        self._rng = rng
        self._json = codec == "json"
        self._most_bytes = most_bytes
        self._earlier: list[object] = []
        self._nodes = 0

    def value(self, *, rare: bool = True, levels: int = MOST_LEVELS) -> object:
        """
        Any value, often one like an earlier one.

        Args:
            rare: Whether it may be one that a worker's language may lack.
            levels: How deep it is nested at most.
        """
        while True:
            value = self._chosen()
            if (rare or not is_rare(value, by_number=self._json)) and depth(value) <= levels:
                self._earlier = [*self._earlier[-REMEMBERED:], value]
                return value

    def _chosen(self) -> object:  # noqa: PLR0911 - one row a sort
        rng = self._rng
        self._nodes = rng.choice((6, 12, 30))
        match drawn(rng, _TOP):
            case "again" if self._earlier:
                return rng.choice(self._earlier)
            case "twin" if self._earlier:
                return self._twin(rng.choice(self._earlier))
            case "deep":
                return self._deep(rng.choice((3, 10, 31, 32, 33, 63, 64, 65, 90, 99, MOST_LEVELS)))
            case "wide":
                return self._wide()
            case "message":
                return self._like_a_message()
            case "shared":
                return self._shared()
            case "container":
                return self._container(0)
            case _:
                return self._leaf()

    # Leaves.

    def _leaf(self) -> object:
        rng = self._rng
        match drawn(rng, _LEAVES):
            case "text":
                return self.text()
            case "int":
                return self.integer()
            case "float":
                return self.number()
            case "other" if not self._json:
                return self._other_leaf()
            case _:
                return rng.choice((None, True, False))

    def _other_leaf(self) -> object:
        """What pickle has beside JSON's."""
        rng = self._rng
        match rng.choice(("bytes", "bytearray", "complex", "float", "surrogate")):
            case "bytes":
                return self._bytes()
            case "bytearray":
                return bytearray(self._bytes())
            case "complex":
                return complex(self.number(), self.number())
            case "float":
                return rng.choice((math.inf, -math.inf, math.nan))
            case _:
                return repeated(rng, rng.choice(SURROGATES), rng.randint(1, 4))

    def _bytes(self) -> bytes:
        alphabet = "".join(map(chr, range(256)))
        return repeated(self._rng, alphabet, self._length(), 64).encode("latin-1")

    def integer(self) -> int:
        """An int, in JSON of 2**53-1 at most in magnitude. Spec JSON-5."""
        rng = self._rng
        match drawn(rng, _INTS):
            case "small":
                number = rng.choice((0, 1, 2, 9, 10, 11))
            case "power of two":
                number = (1 << rng.randint(1, self._bits())) + rng.choice((-1, 0, 1))
            case "power of ten":
                number = int(f"1{'0' * rng.randint(1, 15 if self._json else 20)}") + rng.choice((-1, 0, 1))
            case _:
                number = rng.getrandbits(rng.randint(1, self._bits()))
        number = -number if odds(rng, 40) else number
        return max(-MAX_INT, min(MAX_INT, number)) if self._json else number

    def _bits(self) -> int:
        if self._json:
            return 53
        return 62 if odds(self._rng, 90) else self._rng.choice((63, 64, 65, 72, 128, 256, 2040, 2048))

    def number(self) -> float:
        """A finite float."""
        rng = self._rng
        match drawn(rng, _FLOATS):
            case "known":
                return rng.choice(FLOATS)
            case "decimal":
                return rng.uniform(-1, 1) * 10.0 ** rng.randint(-6, 15)
            case "power of two":
                near = 2.0 ** rng.randint(-60, 60)
                return rng.choice((near, math.nextafter(near, math.inf), math.nextafter(near, 0.0), -near))
            case "whole":
                return float(rng.randint(-MAX_INT, MAX_INT))
            case _:
                return self._any_float()

    def _any_float(self) -> float:
        while True:
            (found,) = struct.unpack(">d", self._rng.getrandbits(64).to_bytes(8, "big"))
            if math.isfinite(found):
                return float(found)

    def text(self, most: int | None = None) -> str:
        """
        A str without lone surrogates.

        Args:
            most: How long it is at most.
        """
        rng = self._rng
        match drawn(rng, _TEXTS):
            case "lookalike":
                return rng.choice(LOOKALIKES)
            case "word":
                return rng.choice(WORDS)
            case "all characters":
                alphabet = "".join(ALPHABETS)
            case _:
                alphabet = rng.choice(ALPHABETS)
        length = self._length()
        return repeated(rng, alphabet, length if most is None else min(length, most))

    def _length(self) -> int:
        """How long a text is: mostly short, often at an edge of what a byte, a buffer or a pipe holds."""
        rng, most_bits = self._rng, self._most_bytes.bit_length() - 1
        match drawn(rng, _LENGTHS):
            case "short":
                return rng.choice((0, 1, 1, 2, 3, 4, 5, 8, 12, 20))
            case "edge of a buffer":
                length = (1 << rng.randint(4, 10)) + rng.choice((-1, 0, 1))
            case _:
                length = (1 << rng.randint(4, max(4, most_bits))) + rng.choice((-3, -2, -1, 0, 1, 2))
        return min(length, self._most_bytes)

    # Containers.

    def _container(self, level: int) -> object:
        rng = self._rng
        count = rng.choice((0, 1, 1, 2, 2, 3, 4, 5, 7))
        kind = drawn(rng, _CONTAINERS_OF_JSON if self._json else _CONTAINERS)
        if kind in ("set", "frozenset"):
            # A dict keeps its order, so that the same draw gives the same members wherever it is made.
            members = dict.fromkeys(self._key() for _ in range(count))
            return set(members) if kind == "set" else frozenset(members)
        items = [self._inner(level + 1) for _ in range(count)]
        if kind == "dict":
            return {self._key(): item for item in items}
        return tuple(items) if kind == "tuple" else items

    def _inner(self, level: int) -> object:
        self._nodes -= 1
        if self._nodes < 0:
            return self._rng.choice((0, "", None, True))
        return self._leaf() if level > MOST_INNER_LEVELS or odds(self._rng, 60) else self._container(level)

    def _key(self) -> object:
        """What a dict may have as a key, and a set as a member: in JSON a str."""
        rng = self._rng
        match drawn(rng, _KEYS):
            case "lookalike":
                return rng.choice(LOOKALIKE_KEYS)
            case "int" if not self._json:
                return self.integer()
            case "other" if not self._json:
                # No bytes that are text: in Python 2 both are one key.
                others = (None, True, 0.5, -1.5, 1e300, b"\xff", (), (1, "x"), ("a", (2, None)), frozenset((1,)))
                return rng.choice(others)
            case _:
                return self.text(most=300)

    def _wide(self) -> object:
        """Many small items: at an edge, or of a number at which a pickler begins a new batch."""
        rng = self._rng
        count = rng.choice((15, 16, 17, 31, 32, 33, 100, 127, 128, 129, 255, 256, 257, 999, 1000, 1001, 2001))
        kind = rng.choice(("texts", "ints", "same", "dict"))
        if kind == "dict":
            return {f"key {number}": number for number in range(count)}
        if kind == "same":
            return [rng.choice((self.text(most=8), self.integer(), self.number(), None, True))] * count
        items: list[object] = [number if kind == "ints" else f"text {number}" for number in range(count)]
        return items if self._json or odds(rng, 60) else tuple(items)

    def _deep(self, levels: int) -> object:
        """Nested so deep."""
        rng = self._rng
        value = self._leaf()
        kinds = ("list", "dict") if self._json else ("list", "dict", "tuple")
        only = rng.choice((*kinds, ""))
        for _ in range(levels):
            kind = only or rng.choice(kinds)
            value = {"k": value} if kind == "dict" else [value] if kind == "list" else (value,)
        return value

    def _shared(self) -> object:
        """The same value in several places: by reference, where the codec has references. Spec DATA-4."""
        rng = self._rng
        shared = [self._container(3) if odds(rng, 60) else self._leaf() for _ in range(rng.randint(1, 3))]
        places = [rng.choice(shared) for _ in range(rng.randint(2, 8))]
        return places if odds(rng, 70) else {f"k{number}": place for number, place in enumerate(places)}

    def _like_a_message(self) -> object:
        """What looks like a request, a response or a payload."""
        rng = self._rng
        number = rng.randint(0, 2**31)
        shapes: tuple[object, ...] = (
            ["TooBusy", number, 0.5],
            ["RemoteException", number, "ValueError", "no", ""],
            ["Alive", number],
            [[number, self._leaf()], None, None],
            [number, {"op": "echo", "value": self._leaf()}],
            {"op": rng.choice(("exit", "raise", "nothing")), "status": 3},
            {"op": "echo", "value": {"op": "echo", "value": self._leaf()}},
        )
        shape = rng.choice(shapes)
        return tuple(shape) if isinstance(shape, list) and not self._json and odds(rng, 50) else shape

    def _twin(self, value: object) -> object:
        """A value that is easily taken for this one."""
        twins: tuple[object, ...]
        match value:
            case bool():
                twins = (int(value), str(value), not value, float(value))
            case int():
                twins = (str(value)[:40], -value, *((float(value), value == 1) if abs(value) < MAX_INT else ()))
            case float():
                twins = (str(value), -value, int(value) if abs(value) < MAX_INT else 0)
            case str():
                twins = (f"{value} ", value.swapcase(), value[::-1], value[:-1])
            case list() | tuple():
                other = list(value) if isinstance(value, tuple) or self._json else tuple(value)
                twins = (other, value[::-1], value[:1])
            case dict():
                twins = (dict(reversed(value.items())), list(value), {})
            case None:
                twins = ("None", False, 0, "", [])
            case _:
                twins = (value,)
        return self._rng.choice(twins)


def depth(value: object) -> int:
    """How many containers stand within each other at most."""
    levels = 0
    level = [value]
    while level := [node for node in level if isinstance(node, list | tuple | dict | set | frozenset)]:
        levels += 1
        level = [item for node in level for item in _items(node)]
    return levels


def _items(
    node: list[object] | tuple[object, ...] | dict[object, object] | set[object] | frozenset[object],
) -> list[object]:
    return [*node.keys(), *node.values()] if isinstance(node, dict) else list(node)


def is_rare(value: object, *, by_number: bool) -> bool:
    """
    Whether a worker's language may lack it, so that a failure is right in its place. Spec section 14, JSON-4.

    Args:
        value: Of the data model.
        by_number: True for JSON, which has no integers beyond 2**53-1: a whole float of that size may fail.
    """
    waiting = [value]
    while waiting:
        node = waiting.pop()
        match node:
            case bool() | None:
                lacking = False
            case int():
                lacking = not LEAST_INT <= node <= GREATEST_INT
            case float():
                lacking = not math.isfinite(node) or (by_number and node.is_integer() and abs(node) > MAX_INT)
            case str():
                lacking = any("\ud800" <= character <= "\udfff" for character in node)
            case list() | tuple():
                lacking = False
                waiting.extend(node)
            case dict():
                lacking = not all(isinstance(key, str) for key in node)
                waiting.extend([*node.keys(), *node.values()])
            case _:
                lacking = True
        if lacking:
            return True
    return False
