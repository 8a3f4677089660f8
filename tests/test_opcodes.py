"""The walk over opcodes, against pickletools."""

from __future__ import annotations

import pickle
import pickletools
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spreadjobs.opcodes import _TABLE, MAX_SAME_HASH, PLAIN, Refused, TooLong, Walk, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

values = st.recursive(
    st.none() | st.integers() | st.floats() | st.text() | st.binary() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner) | st.tuples(inner),
)


def length(data: bytes, max_bytes: int = 2**31) -> int:
    return Walk(max_bytes).advance(bytearray(data), 0)


@settings(deadline=None)  # expressions are compiled when they are first needed
@given(values, st.integers(0, 5), st.binary(max_size=5))
def test_the_walk_and_the_expression_end_where_pickletools_ends(value: object, protocol: int, after: bytes) -> None:
    """The end of a message is its STOP, whatever follows; both ways agree. [WIRE-6]"""
    data = pickle.dumps((value,), protocol)
    opcodes = list(pickletools.genops(data))
    assert opcodes[-1][2] == len(data) - 1
    assert length(data + after) == len(data)
    found = PLAIN.match(data + after)
    assert found is None or found.end(1) == len(data)
    assert [op for op, _, _ in tokens(data)] == [ord(opcode.code) for opcode, _, _ in opcodes]


TRICKY = b"(KMJGXB\x8c\x8aC.tUIVFNrq\x94\x85\x86\x87]}\0\1\x10\n12h"
"""Opcodes and lengths: what stands in a text is none of them."""
texts = st.builds(
    lambda pattern, size: (pattern * size)[:size],
    st.lists(st.sampled_from(list(TRICKY)), min_size=1, max_size=40).map(bytes),
    st.integers(0, 420),
)


def counted(op: bytes, width: int, longest: int = 420) -> st.SearchStrategy[bytes]:
    """An opcode with a length of so many bytes."""
    return texts.map(lambda text: op + len(text[:longest]).to_bytes(width, "little") + text[:longest])


numbers = [st.binary(min_size=size, max_size=size).map(op.__add__) for op, size in ((b"K", 1), (b"J", 4), (b"G", 8))]
bare = st.sampled_from(
    [*[bytes([op]) for op in b"N])}(t\x85\x86\x87\x88\x94"], b"q\0", b"r\1\0\0\0", b"I12\n", b"Vab\n"]
)
atoms = st.one_of(
    *numbers, bare, *[counted(op, 1, 255) for op in (b"\x8c", b"U", b"C")], counted(b"X", 4), counted(b"B", 4)
)
rows = st.one_of(
    atoms,
    st.tuples(atoms, atoms).map(lambda pair: b"(" + b"".join(pair) + b"t"),
    atoms.map(lambda atom: atom + b"\x85"),
    st.tuples(atoms, st.integers(1, 40)).map(lambda pair: pair[0] * pair[1]),
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(rows, max_size=12), st.integers(0, 2**20))
def test_no_text_is_taken_for_opcodes(pieces: list[bytes], cut: int) -> None:
    """The walk steps from opcode to opcode, whatever stands between, and wherever the bytes are cut. [SEC-1]"""
    data = b"\x80\x04(K\x01\x85" + b"".join(pieces) + b"."
    walk = Walk(2**31)
    first = walk.advance(bytearray(data[: cut % len(data)]), 0)

    assert (first or walk.advance(bytearray(data + b"\n.."), 0)) == len(data)
    found = PLAIN.match(data)
    assert found is None or found.end(1) == len(data)


def test_every_opcode_of_pickle_is_known_or_refused() -> None:
    """Each opcode that pickletools knows has an entry, or is refused by name. [PKL-9]"""
    missing = {opcode.name for opcode in pickletools.opcodes if _TABLE[ord(opcode.code)] is None}
    assert missing == {"PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER"}
    assert len([entry for entry in _TABLE if entry]) == len(pickletools.opcodes) - len(missing)


def test_the_expression_fails_in_time_linear_in_its_window() -> None:
    """A message that is not complete costs no more than one that is. [SEC-2]"""
    for start in (b"(" + b"N" * 8000, b"(" + b"K\x01" * 4000, b"(" + b"\x8c\x01a\x94" * 2000):
        assert PLAIN.match(start) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"(T\xff\xff\xff\xff", "a length of -1"),
        (b"(\x8b\xff\xff\xff\xff", "a length of -1"),
        (b"(px\n", "is no number"),
        (b"(p-1\n", "the memo index -1"),
        (b"(r\xff\xff\xff\x1f", "the memo index 536870911"),
        (b"(p4294967295\n", "the memo index 4294967295"),
        (b"(Lx\n", "at byte 1 is none"),
        (b"(I" + b"1" * 4400, "a line of more than 4300 bytes"),
        (b"(c" + b"a" * 1100, "a line of more than 1000 bytes"),
        (b"(\x8d" + b"\xff" * 8, "announces"),
    ],
)
def test_what_the_walk_refuses(data: bytes, reason: str) -> None:
    """Lengths, memo indices and lines that no pickler writes are refused as soon as they are seen. [SEC-2]"""
    with pytest.raises(Refused, match=re.escape(reason)):
        length(data)


def test_the_limit_is_exact() -> None:
    """A message may have max_bytes and no byte more, complete or not. [SEC-2]"""
    assert length(b"(NNt.", 5) == 5
    for data in (b"(NNNt.", b"(NNNNN"):
        with pytest.raises(TooLong):
            length(data, 5)


def test_integers_of_one_hash_may_repeat() -> None:
    """One large integer may come any number of times. [SEC-2]"""
    one = b"\x8a\x09" + (2**70).to_bytes(9, "little")
    assert length(b"(" + one * 1000 + b"L1180591620717411303424L\nt.")
    assert length(b"(\x8b\x01\0\0\0\x05L5L\nt.")


class Counting(Walk):
    """Counts its steps; each looks at a bounded number of bytes, and none at bytes behind the place it has come to."""

    __slots__ = ("steps",)

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes)
        self.steps = 0

    def _skip(self, buffer: bytes | bytearray, start: int) -> bool:
        before, self.steps = self._at, self.steps + 1
        skipped = super()._skip(buffer, start)
        assert self._at >= before
        return skipped


def frames(count: int) -> bytes:
    """Lists of full stops in frames that all end in one, or say too much."""
    one = b"\x95\x05\0\0\0\0\0\0\0K.K..".replace(b"K..", b"\x8c\x01.") + b"\x95\xff\xff\0\0\0\0\0\0N"
    return b"\x80\x04(" + one * count + b"l."


@pytest.mark.parametrize("piece", [1, 1000, 65536])
@pytest.mark.parametrize(
    "make",
    [
        lambda count: pickle.dumps([46] * count, 4),
        lambda count: pickle.dumps([46] * count, 0),
        lambda count: pickle.dumps(["." * 300] * 2 + ["." * (i % 400) for i in range(count // 100)], 2),
        lambda count: pickle.dumps([(46, float(i), ".") for i in range(count // 10)], 2),
        lambda count: pickle.dumps([{(i, "."): 0.5} for i in range(count // 10)], 5),
        lambda count: b"(" + b"(K." * count + b"t." + b".",
        frames,
    ],
    ids=["full stops", "in protocol 0", "texts", "tuples", "keys", "marks", "frames"],
)
def test_the_walk_takes_steps_in_proportion_to_the_size(make: Callable[[int], bytes], piece: int) -> None:
    """Twice the message takes twice the steps, whatever is in it and however it is cut. [SEC-2]"""

    def steps(count: int) -> int:
        data = make(count)
        walk, buffer = Counting(2**31), bytearray()
        for at in range(0, len(data), piece):
            buffer += data[at : at + piece]
            if walk.advance(buffer, 0):
                break
        return walk.steps

    one = steps(4000)
    assert steps(8000) <= 2.2 * one + 20
    assert steps(16000) <= 4.4 * one + 20


def test_what_the_loader_must_know_is_noted() -> None:
    """Names, builders and tangled references are seen. [SEC-1]"""
    for data, names, builders, tangled in (
        (b"(t.", False, False, False),
        (b"(ca\nb\nt.", True, False, False),
        (b"(}}bt.", False, True, False),
        (b"\x80\x02)q\x00" + b"N\x85q\x01" + b"h\x01" * 9 + b".", False, False, True),
        (b"\x80\x02)" + b"\x85" * 1001 + b".", False, False, True),
        (b"\x80\x02" + b"N\x85" * 5000 + b".", False, False, False),
        (b"\x80\x02" + b"N\x85" * 1001 + b"}NNs.", False, False, True),
        (b"\x80\x02}" + b"N\x85" * 1000 + b"}NNs.", False, False, False),
        (b"\x80\x02U\x01xq\x00" + b"h\x00" * 99 + b"\x85.", False, False, False),
    ):
        walk = Walk(2**20)
        assert walk.advance(bytearray(data), 0) == len(data)
        assert (walk.names, walk.builders, walk.tangled) == (names, builders, tangled)


@pytest.mark.parametrize(
    "integer",
    [
        lambda value: b"\x8a\x0a" + value.to_bytes(10, "little"),
        lambda value: b"\x8b\x0a\0\0\0" + value.to_bytes(10, "little"),
        lambda value: b"L%dL\n" % value,
        lambda value: b"I%d\n" % value,
        lambda value: b"I%s\n" % hex(value).encode(),
    ],
    ids=["LONG1", "LONG4", "LONG", "INT", "hexadecimal"],
)
def test_many_integers_of_one_hash_are_noted(integer: Callable[[int], bytes]) -> None:
    """Different integers of one hash, however they are written, would cost their number squared as keys. [SEC-2]"""
    for count, crowded in ((MAX_SAME_HASH, False), (MAX_SAME_HASH + 2, True)):
        data = b"(" + b"".join(integer((i + 100) * (2**61 - 1)) for i in range(count)) + b"t."
        walk = Walk(2**20)
        assert walk.advance(bytearray(data), 0) == len(data)
        assert walk.crowded == crowded
