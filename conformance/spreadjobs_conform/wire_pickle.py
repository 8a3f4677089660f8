"""Reading and writing the pickle codec, from the specification alone. Spec PKL-1 to PKL-10."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from spreadjobs_conform.cures import likely_cure
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.messages import MAX_HEAD_BYTES, Message, unreadable
from spreadjobs_conform.pickle_machine import PickleMachine
from spreadjobs_conform.pickle_objects import admit

FIRST_BYTES: Final = frozenset({0x80, 0x28, 0x5D})


def write_pickle(value: object, protocol: int) -> bytes:
    """One message of the kit, in one pickle protocol. Spec PKL-1."""
    return pickle.dumps(value, protocol)


class PickleReader:
    """The bytes of one worker's standard output, taken apart into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._machine: PickleMachine | None = None
        self._newline_may_follow = False

    def feed(self, data: bytes, /) -> None:
        """Takes bytes as they come from the pipe."""
        self._buffer += data

    def pending(self) -> bytes:
        """The first of the bytes that belong to no complete message yet."""
        self._drop_newline()
        return bytes(self._buffer[:MAX_HEAD_BYTES])

    def pending_bytes(self) -> int:
        """How many they are."""
        self._drop_newline()
        return len(self._buffer)

    def rest(self) -> bytes:
        """All of them."""
        self._drop_newline()
        return bytes(self._buffer)

    def next(self) -> Message | None:
        """
        The next complete message, or None until more bytes come.

        Raises:
            Finding: The bytes are no message.
        """
        self._drop_newline()
        if not self._buffer:
            return None
        if self._machine is None:
            head = bytes(self._buffer[:MAX_HEAD_BYTES])
            if head[0] not in FIRST_BYTES:
                raise unreadable("PKL-4", head, "a pickle that begins with 0x80, 0x28 or 0x5D", "pickle")
            self._machine = PickleMachine(self._buffer)
        try:
            complete = self._machine.run(STEPS)
        except Finding as fault:
            head = bytes(self._buffer[:80])
            fault.came += f"; its bytes begin {head!r}"
            if fault.requirement == "WIRE-1":
                fault.cure = likely_cure(head, "pickle")
            raise
        if not complete:
            return None
        size = self._machine.position
        message = Message(self._machine.result(), size, bytes(self._buffer[:MAX_HEAD_BYTES]))
        del self._buffer[:size]
        self._machine = None
        self._newline_may_follow = True
        return message

    def _drop_newline(self) -> None:
        # Spec PKL-5: one newline directly after a message belongs to it, also when it comes later.
        if self._newline_may_follow and self._buffer:
            self._newline_may_follow = False
            if self._buffer[0] == ord("\n"):
                del self._buffer[:1]


def _python2_text(data: bytes) -> str:
    # Strings of a Python 2 worker: UTF-8; what is not UTF-8, as surrogates.
    return data.decode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _quoted(line: bytes) -> bytes:
    quoted = line.strip()
    quote = quoted[:1]
    if quote not in (b"'", b'"') or quoted == quote or not quoted.endswith(quote):
        raise ValueError("a string without quotes")
    return quoted[1:-1].decode("unicode_escape").encode("latin-1")


def _text_int(line: bytes) -> int:
    # Protocols 0 and 1 write True as 01 and False as 00.
    if line in (b"00", b"01"):
        return line == b"01"
    return int(line)


def _text_long(line: bytes) -> int:
    return int(line.removesuffix(b"L"))


def _long(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _float(data: bytes) -> float:
    return float(struct.unpack(">d", data)[0])


def _dict(m: PickleMachine) -> None:
    items = m.pop_mark()
    m.push({})
    m.set_items(items)


def _inst(m: PickleMachine) -> None:
    named = admit(m.name(), m.name())
    m.make(named, tuple(m.pop_mark()))


def _obj(m: PickleMachine) -> None:
    items = m.pop_mark()
    m.make(items[0], tuple(items[1:]))


def _reduce(m: PickleMachine) -> None:
    args = m.pop()
    m.make(m.pop(), args)


def _newobj_ex(m: PickleMachine) -> None:
    named, args = m.pop(), m.pop()
    m.make(m.pop(), args, named)


def _frozenset(m: PickleMachine) -> None:
    items = m.pop_mark()
    m.push(set())
    m.add(items)
    members = m.pop()
    m.push(frozenset(members) if isinstance(members, set) else members)


def _set_item(m: PickleMachine) -> None:
    value, key = m.pop(), m.pop()
    m.set_items([key, value])


def _skip_frame(m: PickleMachine) -> None:
    # A frame's length is a hint, and no end of the message.
    m.take(8)


STEPS: Final[Mapping[int, Callable[[PickleMachine], None]]] = MappingProxyType(
    {
        ord("("): PickleMachine.mark,
        ord("."): PickleMachine.stop,
        ord("0"): PickleMachine.pop_one_or_mark,
        ord("1"): lambda m: m.pop_mark().clear(),
        ord("2"): PickleMachine.repeat,
        ord("F"): lambda m: m.push(float(m.line())),
        ord("I"): lambda m: m.push(_text_int(m.line())),
        ord("J"): lambda m: m.push(m.signed(4)),
        ord("K"): lambda m: m.push(m.unsigned(1)),
        ord("L"): lambda m: m.push(_text_long(m.line())),
        ord("M"): lambda m: m.push(m.unsigned(2)),
        ord("N"): lambda m: m.push(None),
        ord("R"): _reduce,
        ord("S"): lambda m: m.push(_python2_text(_quoted(m.line()))),
        ord("T"): lambda m: m.push(_python2_text(m.counted_signed())),
        ord("U"): lambda m: m.push(_python2_text(m.counted(1))),
        ord("V"): lambda m: m.push(m.line().decode("raw_unicode_escape")),
        ord("X"): lambda m: m.push(_text(m.counted(4))),
        ord("a"): lambda m: m.append([m.pop()]),
        ord("b"): PickleMachine.set_state,
        ord("c"): lambda m: m.push(admit(m.name(), m.name())),
        ord("d"): _dict,
        ord("}"): lambda m: m.push({}),
        ord("e"): lambda m: m.append(m.pop_mark()),
        ord("g"): lambda m: m.get(int(m.line())),
        ord("h"): lambda m: m.get(m.unsigned(1)),
        ord("i"): _inst,
        ord("j"): lambda m: m.get(m.unsigned(4)),
        ord("l"): lambda m: m.push(m.pop_mark()),
        ord("]"): lambda m: m.push([]),
        ord("o"): _obj,
        ord("p"): lambda m: m.put(int(m.line())),
        ord("q"): lambda m: m.put(m.unsigned(1)),
        ord("r"): lambda m: m.put(m.unsigned(4)),
        ord("s"): _set_item,
        ord("t"): lambda m: m.push(tuple(m.pop_mark())),
        ord(")"): lambda m: m.push(()),
        ord("u"): lambda m: m.set_items(m.pop_mark()),
        ord("G"): lambda m: m.push(_float(m.take(8))),
        0x80: PickleMachine.protocol,
        0x81: _reduce,
        0x85: lambda m: m.tuple_of(1),
        0x86: lambda m: m.tuple_of(2),
        0x87: lambda m: m.tuple_of(3),
        0x88: lambda m: m.push(True),  # noqa: FBT003 - the opcode pushes True
        0x89: lambda m: m.push(False),  # noqa: FBT003 - the opcode pushes False
        0x8A: lambda m: m.push(_long(m.counted(1))),
        0x8B: lambda m: m.push(_long(m.counted_signed())),
        ord("B"): lambda m: m.push(m.counted(4)),
        ord("C"): lambda m: m.push(m.counted(1)),
        0x8C: lambda m: m.push(_text(m.counted(1))),
        0x8D: lambda m: m.push(_text(m.counted(8))),
        0x8E: lambda m: m.push(m.counted(8)),
        0x8F: lambda m: m.push(set()),
        0x90: lambda m: m.add(m.pop_mark()),
        0x91: _frozenset,
        0x92: _newobj_ex,
        0x93: PickleMachine.global_in_stack,
        0x94: lambda m: m.put(None),
        0x95: _skip_frame,
        0x96: lambda m: m.push(bytearray(m.counted(8))),
    }
)
