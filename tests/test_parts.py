"""Large texts and bytes, which are kept apart from their message while it arrives."""

from __future__ import annotations

import pickle
import struct
import tracemalloc
from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pickle_reading import refused

from spreadjobs.messages import LegacyTooBusy, Undecodable
from spreadjobs.opcodes import LARGE_BYTES
from spreadjobs.pickle_codec import PickleDecoder
from spreadjobs.settings import Settings

BIG = LARGE_BYTES + 1
MIB = 2**20


def pieces(stream: bytes, size: int) -> list[object]:
    """What comes out of a stream that is cut in pieces of one size."""
    decoder = PickleDecoder(Settings())
    return [message for at in range(0, len(stream), size) for message in decoder.feed(stream[at : at + size])]


large = st.one_of(
    st.integers(BIG, BIG + 3).map(bytes),
    st.integers(BIG, BIG + 3).map(bytearray),
    st.sampled_from(["x", "\xe9", "\U0001f600", "\udc80"]).map(lambda text: text * BIG),
    st.just(b"." * (5 * MIB)),
)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(large | st.none() | st.just({"a": [1.5]}) | st.just(OrderedDict(a=1)), max_size=5),
    st.integers(0, 5),
    st.sampled_from([1000, 65536, 70001, 2**26]),
)
def test_large_values_arrive_however_they_are_cut(values: list[object], protocol: int, size: int) -> None:
    """Texts and bytes of any size come back equal, of the same type, in every protocol and any pieces. [WIRE-5]"""
    message = (values, values[:1])
    got = pieces(pickle.dumps(message, protocol) * 2 + b"\n", size)
    assert got == [message] * 2
    for one in got:
        assert isinstance(one, tuple)
        assert [type(value) for value in one[0]] == [type(value) for value in values]
        assert not values or one[1][0] is one[0][0] or protocol == 0, "what was sent once is one object"


def around(body: bytes) -> bytes:
    """One frame around all of it, large values too: no pickler of today writes it so."""
    return b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body


def bytes8(size: int, op: bytes = b"\x8e") -> bytes:
    return op + struct.pack("<Q", size) + b"." * size


@pytest.mark.parametrize("size", [1009, 65536, 2**26])
def test_a_frame_around_large_values_is_a_hint_like_any_other(size: int) -> None:
    """A frame may hold a large value; one that says more than there is is refused. [WIRE-6]"""
    assert pieces(around(bytes8(BIG) + b"N\x86.") * 2, size) == [(b"." * BIG, None)] * 2
    lies = around(bytes8(BIG) + b"N\x86.").replace(struct.pack("<Q", BIG + 12), struct.pack("<Q", BIG + 13), 1)
    with pytest.raises(Undecodable, match="truncated"):
        pieces(lies, size)


def test_what_the_loader_must_see_as_a_whole_is_joined_again() -> None:
    """Names, builders and many references go with large values. [PKL-4]"""
    busy = b"cspread_jobs\nTooBusy\n)\x81}(U\x05delayK\x05U\x07comment" + bytes8(BIG) + b"ub"
    references = b"(" + bytes8(BIG) + b"q\x00" + b"h\x00\x85" * 20 + b"t"
    named = b"cbuiltins\nbytearray\n" + bytes8(BIG) + b"\x85R"
    got = pieces(b"".join(b"\x80\x04" + body + b"N\x86." for body in (busy, references, named)), 5000)
    value = b"." * BIG
    assert got == [
        (LegacyTooBusy(5, value), None),
        ((value, *[(value,)] * 20), None),
        (bytearray(value), None),
    ]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("latin1", "\xe9" * BIG), ("bytes", b"\xe9" * BIG), ("surrogateescape", "\udce9" * BIG)],
)
def test_large_strings_of_python_2(mode: str, expected: object) -> None:
    """py2_strings says what they become. [PKL-11]"""
    chosen = {"latin1": Settings(py2_strings="latin1"), "bytes": Settings(py2_strings="bytes")}.get(mode, Settings())
    data = b"\x80\x02T" + struct.pack("<i", BIG) + b"\xe9" * BIG + b"\x85."
    assert PickleDecoder(chosen).feed(data) == [(expected,)]


def test_text_that_is_none_is_refused_as_in_a_small_message() -> None:
    """Bytes that are no UTF-8 are a violation, and the quote begins where the message does. [VIO-3]"""
    data = b"\x80\x04\x8d" + struct.pack("<Q", BIG) + b"\xff" * BIG + b"\x85."
    error = refused(data)
    assert "UnicodeDecodeError" in error.reason
    assert refused(data + b"x").quote == data[:80]


@pytest.mark.parametrize("size", [BIG, 5 * MIB, 5 * MIB + 1])
@pytest.mark.parametrize("op", [b"\x8e", b"\x96"])
def test_what_is_no_whole_message_is_given_back_as_text(size: int, op: bytes) -> None:
    """All bytes are counted and none is lost, wherever the message ends. [SHUT-8]"""
    stream = b"\x80\x05(" + bytes8(size, op) + bytes8(BIG) + b"N"
    for end in (12, BIG, size + 12, size + 13, size + 21, len(stream)):
        decoder = PickleDecoder(Settings())
        for at in range(0, end, 60_001):
            assert decoder.feed(stream[at : min(at + 60_001, end)]) == []
        assert decoder.buffered() == end
        assert decoder.rest() == stream[:end]
        assert decoder.buffered() == 0


def test_a_newline_inside_a_large_message_is_no_end_of_the_one_before() -> None:
    """The newline after a message is looked for between messages alone. [PKL-6]"""
    decoder = PickleDecoder(Settings())
    assert decoder.feed(b"\x80\x04NN\x86.\x80\x04\x8e" + struct.pack("<Q", BIG)) == [(None, None)]
    assert decoder.feed(b"\n" * BIG) == []
    assert decoder.feed(b"N\x86.") == [(b"\n" * BIG, None)]


def test_a_violation_behind_a_large_value_quotes_the_beginning() -> None:
    """The quote has the message's first bytes, not those at hand. [VIO-3]"""
    for size in (BIG, 5 * MIB):
        decoder = PickleDecoder(Settings())
        stream = b"\x80\x04(" + bytes8(size)
        for at in range(0, len(stream), 65536):
            decoder.feed(stream[at : at + 65536])
        with pytest.raises(Undecodable, match="no opcode") as caught:
            decoder.feed(b"\xff")
        assert caught.value.quote == stream[:80]


@pytest.mark.parametrize("op", [b"\x97", b"\x98"])
def test_the_opcodes_of_buffers_are_refused_next_to_large_values(op: bytes) -> None:
    """A worker cannot take what was kept apart. [PKL-9]"""
    for body in (op + bytes8(BIG), bytes8(BIG) + op, bytes8(BIG) + b"\x96" + struct.pack("<Q", BIG) + b"." * BIG + op):
        assert "an out-of-band buffer" in refused(b"\x80\x05(" + body + b"t.").reason


# --- memory


def traced(stream_head: bytes, piece: bytes, count: int, tail: bytes) -> tuple[int, list[object]]:
    """The most memory that a decoder and its messages took, bytes."""
    decoder = PickleDecoder(Settings())
    tracemalloc.start()
    try:
        got = decoder.feed(stream_head)
        for _ in range(count):
            got += decoder.feed(piece)
        got += decoder.feed(tail)
        return tracemalloc.get_traced_memory()[1], got
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("op", [b"\x8e", b"\x96"])
def test_a_large_object_takes_little_more_memory_than_it_has(op: bytes) -> None:
    """It is collected in what it will be. An eighth is reserved, not used. [SEC-2]"""
    size = 64 * MIB
    peak, got = traced(b"\x80\x05" + op + struct.pack("<Q", size), b"." * 2**16, size // 2**16, b"\x85.")
    assert [type(message) for message in got] == [tuple]
    assert peak < 1.3 * size


@pytest.mark.parametrize("op", [b"\x8e", b"\x8d", b"\x96"])
def test_what_a_message_announces_takes_no_memory(op: bytes) -> None:
    """Memory is taken as the bytes arrive. [SEC-2]"""
    peak, got = traced(b"\x80\x05" + op + struct.pack("<Q", 2**31 - 100), b"." * 100_000, 5, b"")
    assert got == []
    assert peak < 4 * MIB


def test_a_violation_behind_a_large_value_that_came_in_pieces_is_one() -> None:
    """What is refused is said, whatever buffers the bytes came in, and said again. [VIO-1]"""
    decoder = PickleDecoder(Settings())
    assert decoder.feed(b"\x80\x04(X") == []
    for data in (struct.pack("<I", BIG) + b"x" * BIG + b"\xff", b"more"):
        with pytest.raises(Undecodable, match="0xff at byte 65545 of the message is no opcode"):
            decoder.feed(data)


def test_a_large_value_that_comes_in_tiny_pieces_takes_no_more_memory_than_it_has() -> None:
    """A worker may write byte by byte: pieces are not kept as objects of their own. [SEC-2]"""
    decoder = PickleDecoder(Settings())
    decoder.feed(b"\x80\x04(X" + struct.pack("<I", 4 * MIB))
    tracemalloc.start()
    try:
        for _ in range(100_000):
            decoder.feed(b"x")
        assert tracemalloc.get_traced_memory()[1] < 400_000
    finally:
        tracemalloc.stop()
