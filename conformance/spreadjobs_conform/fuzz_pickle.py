"""
Pickles as a master may write them and Python does not: any opcode that fits, references, frames of any size.

What the codec allows is in ``spec/1.0/codecs.md``, P3 and P4. Opcodes of one protocol alone are used, those of older
ones among them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, TypeAlias

from spreadjobs_conform.fuzz_draw import odds
from spreadjobs_conform.portable import portable

Container: TypeAlias = tuple[object, ...] | list[object] | dict[object, object] | set[object] | frozenset[object]
BYTE: Final = 1 << 8
WORD: Final = 1 << 16
GREATEST_INDEX: Final = 5000
"""Of the memo: one that is far beyond the number of entries takes memory for all between."""
LEAST_FRAMED: Final = 4
BINARY: Final = 1
TUPLES: Final = 2
BYTES: Final = 3
FRAMES: Final = 4
BYTEARRAYS: Final = 5
"""The protocols since which there are binary opcodes, short tuples, bytes, frames and bytearrays."""


def free_pickle(value: object, protocol: int, rng: Random, *, references: bool = True) -> bytes:
    """
    One pickle of a value of the data model.

    Args:
        value: The same dict or list in two places may become a reference.
        protocol: 0 to 5.
        rng: Where chance comes from.
        references: Whether anything is remembered and referred to.
    """
    writer = _Writer(protocol, rng, references=references)
    writer.save(value)
    head = [b"\x80" + bytes((protocol,))] if protocol >= TUPLES else []
    body = [*writer.opcodes, b"."]
    return b"".join([*head, *(_framed(body, rng) if protocol >= FRAMES else body)])


def _framed(opcodes: Sequence[bytes], rng: Random) -> list[bytes]:
    """The same with frames, each of whole opcodes: none, one, or several with unframed opcodes between them."""
    style = rng.choice(("none", "one", "several"))
    if style == "none":
        return [*opcodes]
    framed: list[bytes] = []
    at = 0
    while at < len(opcodes):
        count = len(opcodes) if style == "one" else rng.choice((1, 2, 3, 10, 100))
        run = b"".join(opcodes[at : at + count])
        at += count
        wanted = len(run) >= LEAST_FRAMED and (style == "one" or odds(rng, 70))
        framed.append(b"\x95" + struct.pack("<Q", len(run)) + run if wanted else run)
    return framed


def in_order(members: set[object] | frozenset[object]) -> list[object]:
    """The members of a set in an order that is the same in every process."""
    return sorted(members, key=lambda member: (type(member).__name__, repr(portable(member))))


class _Writer:
    def __init__(self, protocol: int, rng: Random, *, references: bool) -> None:
        self.opcodes: list[bytes] = []
        self._protocol = protocol
        self._rng = rng
        self._references = references and odds(rng, 80)
        self._memoizes = protocol >= FRAMES and odds(rng, 50)
        """With MEMOIZE alone; numbers of one's own would get in its way."""
        self._writes_numbers = not self._memoizes and (protocol < BINARY or odds(rng, 20))
        """In decimal, in PUT and GET alike: Python 2 knows two memos, one of texts and one of numbers."""
        self._index = 0
        self._texts: dict[tuple[str, object], int] = {}
        self._objects: dict[int, int] = {}
        self._kept: list[object] = []
        """What has a number lives on, so that nothing else gets its id."""

    def _add(self, *opcodes: bytes) -> None:
        self.opcodes.extend(opcodes)

    def _since(self, protocol: int) -> bool:
        return self._protocol >= protocol

    def save(self, value: object) -> None:
        """Writes one value."""
        if self._known(value):
            return
        if isinstance(value, tuple | list | dict | set | frozenset):
            self._container(value)
        else:
            self._leaf(value)
        if isinstance(value, str | bytes | list | dict) or (isinstance(value, tuple) and value):
            self._remember(value)

    def _leaf(self, value: object) -> None:
        match value:
            case None:
                self._add(b"N")
            case bool():
                self._bool(value)
            case int():
                self._int(value)
            case float():
                self._float(value)
            case str():
                self._str(value)
            case bytes():
                self._bytes(value)
            case bytearray():
                self._bytearray(value)
            case complex():
                self._call("complex", value.real, value.imag)
            case _:
                raise TypeError(f"a {type(value).__name__} is no value of the data model")

    def _container(self, value: Container) -> None:
        match value:
            case tuple():
                self._tuple(value)
            case list():
                self._list(value)
            case dict():
                self._dict(value)
            case set() | frozenset():
                self._set(value)

    # The memo.

    def _known(self, value: object) -> bool:
        """Whether a reference was written in place of the value."""
        index = self._objects.get(id(value))
        if isinstance(value, str | bytes):
            index = self._texts.get((type(value).__name__, value))
        if index is None or not odds(self._rng, 70):
            return False
        if self._writes_numbers:
            self._add(b"g%d\n" % index)
        else:
            short = index < BYTE and odds(self._rng, 80)
            self._add(b"h" + bytes((index & 0xFF,)) if short else b"j" + struct.pack("<I", index))
        return True

    def _remember(self, value: object) -> None:
        if not self._references or self._index > GREATEST_INDEX or odds(self._rng, 20):
            return
        if self._memoizes:
            self._add(b"\x94")
        else:
            self._index += self._rng.choice((0, 0, 0, 0, 1, 7, 200))
            short = self._index < BYTE and odds(self._rng, 80)
            binary = b"q" + bytes((self._index & 0xFF,)) if short else b"r" + struct.pack("<I", self._index)
            self._add(b"p%d\n" % self._index if self._writes_numbers else binary)
        if isinstance(value, str | bytes):
            self._texts[type(value).__name__, value] = self._index
        else:
            self._objects[id(value)] = self._index
            self._kept.append(value)
        self._index += 1

    # Plain values.

    def _bool(self, value: bool) -> None:  # noqa: FBT001 - the value that is written
        text = b"I01\n" if value else b"I00\n"
        short = b"\x88" if value else b"\x89"
        self._add(short if self._since(TUPLES) and odds(self._rng, 80) else text)

    def _int(self, value: int) -> None:
        forms = [b"I%d\n" % value, b"L%dL\n" % value]
        if self._since(BINARY):
            forms = [] if odds(self._rng, 80) else forms
            forms += [b"K" + bytes((value & 0xFF,))] * (0 <= value < BYTE)
            forms += [b"M" + struct.pack("<H", value)] if 0 <= value < WORD else []
            forms += [b"J" + struct.pack("<i", value)] if -(2**31) <= value < 2**31 else []
        if self._since(TUPLES):
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True) if value else b""
            forms += [b"\x8a" + bytes((len(data) & 0xFF,)) + data] if len(data) < BYTE else []
            forms.append(b"\x8b" + struct.pack("<i", len(data)) + data)
        self._add(self._rng.choice(forms or [b"I%d\n" % value]))

    def _float(self, value: float) -> None:
        text = b"F%s\n" % repr(value).encode("ascii")
        self._add(b"G" + struct.pack(">d", value) if self._since(BINARY) and odds(self._rng, 85) else text)

    def _str(self, value: str) -> None:
        data = value.encode("utf-8", "surrogatepass")
        if not self._since(BINARY) or odds(self._rng, 5):
            self._add(b"V" + _line(value) + b"\n")
            return
        forms = [b"X" + struct.pack("<I", len(data)) + data]
        if self._since(FRAMES):
            forms += [b"\x8c" + bytes((len(data) & 0xFF,)) + data] * (3 * (len(data) < BYTE))
            forms.append(b"\x8d" + struct.pack("<Q", len(data)) + data)
        self._add(self._rng.choice(forms))

    def _bytes(self, value: bytes) -> None:
        if not self._since(BYTES):
            if value:
                self._call_of("_codecs", "encode", value.decode("latin-1"), "latin1")
            else:
                self._call("bytes")
            return
        forms = [b"B" + struct.pack("<I", len(value)) + value]
        forms += [b"C" + bytes((len(value) & 0xFF,)) + value] if len(value) < BYTE else []
        forms += [b"\x8e" + struct.pack("<Q", len(value)) + value] if self._since(FRAMES) else []
        self._add(self._rng.choice(forms))

    def _bytearray(self, value: bytearray) -> None:
        if self._since(BYTEARRAYS):
            self._add(b"\x96" + struct.pack("<Q", len(value)) + bytes(value))
        elif not value:
            self._call("bytearray")
        elif self._since(BYTES):
            self._call("bytearray", bytes(value))
        else:
            self._call("bytearray", value.decode("latin-1"), "latin-1")

    # Containers.

    def _tuple(self, items: tuple[object, ...]) -> None:
        short = {0: b")"} if self._since(BINARY) else {}
        short |= {1: b"\x85", 2: b"\x86", 3: b"\x87"} if self._since(TUPLES) else {}
        end = short.get(len(items)) if odds(self._rng, 75) else None
        if end is None:
            self._add(b"(")
        for item in items:
            self.save(item)
        self._add(end or b"t")

    def _list(self, items: list[object]) -> None:
        if not self._since(BINARY) or odds(self._rng, 15):
            whole = odds(self._rng, 50)
            self._add(b"(")
            for item in items if whole else []:
                self.save(item)
            self._add(b"l")
            items = [] if whole else items
        else:
            self._add(b"]")
        self._batches([[item] for item in items], b"a", b"e")

    def _dict(self, value: dict[object, object]) -> None:
        pairs = [[key, item] for key, item in value.items()]
        if not self._since(BINARY) or odds(self._rng, 15):
            whole = odds(self._rng, 50)
            self._add(b"(")
            for each in [each for pair in pairs for each in pair] if whole else []:
                self.save(each)
            self._add(b"d")
            pairs = [] if whole else pairs
        else:
            self._add(b"}")
        self._batches(pairs, b"s", b"u")

    def _batches(self, groups: Sequence[Sequence[object]], one: bytes, many: bytes) -> None:
        """Adds to the list, dict or set below: some at a time by the opcode for one, some by that for many."""
        at = 0
        while at < len(groups):
            count = self._rng.choice((1, 2, 5, 1000))
            batch = groups[at : at + count]
            at += count
            single = bool(one) and (not self._since(BINARY) or (len(batch) == 1 and odds(self._rng, 70)))
            if not single:
                self._add(b"(")
            for group in batch:
                for each in group:
                    self.save(each)
                if single:
                    self._add(one)
            if not single:
                self._add(many)

    def _set(self, value: set[object] | frozenset[object]) -> None:
        members = in_order(value)
        if not self._since(FRAMES):
            self._call("set" if isinstance(value, set) else "frozenset", members)
        elif isinstance(value, set):
            self._add(b"\x8f")
            self._batches([[member] for member in members], b"", b"\x90")
        else:
            self._add(b"(")
            for member in members:
                self.save(member)
            self._add(b"\x91")

    # Calls.

    def _call(self, name: str, *arguments: object) -> None:
        self._call_of("builtins" if self._since(BYTES) else "__builtin__", name, *arguments)

    def _call_of(self, module: str, name: str, *arguments: object) -> None:
        if self._since(FRAMES) and odds(self._rng, 80):
            self.save(module)
            self.save(name)
            self._add(b"\x93")
        else:
            self._add(f"c{module}\n{name}\n".encode("ascii"))
        self._tuple(arguments)
        self._add(b"R")


def _line(text: str) -> bytes:
    """The argument of UNICODE."""
    escape: Callable[[str], str] = lambda found: f"\\u{ord(found):04x}"  # noqa: E731 - one line
    kept = "".join(escape(each) if each in "\\\n\r\0\x1a" else each for each in text)
    return kept.encode("raw-unicode-escape")
