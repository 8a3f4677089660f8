"""The codec pickle and the size of messages: time that is linear in it, and its limit."""

from __future__ import annotations

import gc
import pickle
import struct
from collections.abc import Callable
from time import process_time

import pytest
from pickle_reading import feed_bytes, read, refused

from spreadjobs.messages import Undecodable
from spreadjobs.pickle_codec import PickleDecoder
from spreadjobs.settings import Settings


def best_s(once: Callable[[int], float], scale: int) -> float:
    """The best time of three, none of which pays for a look at all objects of the tests before."""
    gc.disable()
    try:
        return min(once(scale) for _ in range(3))
    finally:
        gc.enable()


@pytest.mark.parametrize("protocol", range(6))
def test_large_messages_in_pieces_cost_time_linear_in_their_size(protocol: int) -> None:
    """Bytes, full stops and numbers in pieces take time in proportion to their size. [SEC-2]"""

    def once(scale: int) -> float:
        message = ([b"." * 100_000 * scale, ".\n" * 50_000 * scale], list(range(5000 * scale)))
        stream = pickle.dumps(message, protocol)
        started = process_time()
        decoder = PickleDecoder(Settings())
        got: list[object] = []
        for start in range(0, len(stream), 16384):
            got += decoder.feed(stream[start : start + 16384])
        took_s = process_time() - started
        assert got == [message]
        return took_s

    assert best_s(once, 16) < 16 * 6 * max(best_s(once, 1), 0.002)


@pytest.mark.parametrize("pattern", [b"]0N.", b"]0N.(t."])
def test_many_small_messages_in_one_read_cost_time_linear_in_their_number(pattern: bytes) -> None:
    """Also those that are read one by one, among others that are read in rows. [SEC-2]"""

    def once(scale: int) -> float:
        stream = pattern * (2048 * scale)
        started = process_time()
        got = PickleDecoder(Settings()).feed(stream)
        took_s = process_time() - started
        assert len(got) == 2048 * scale * pattern.count(b".")
        return took_s

    assert best_s(once, 32) < 32 * 3 * max(best_s(once, 1), 0.002)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_message_byte_by_byte_costs_time_linear_in_its_size(protocol: int) -> None:
    """Single bytes of one long text or of many small values cost the same each. [SEC-2]"""
    stream = pickle.dumps((["." * 60_000], list(range(6000))), protocol)
    decoder = PickleDecoder(Settings())
    started = process_time()
    for index in range(len(stream) - 1):
        decoder.feed(stream[index : index + 1])
    assert len(decoder.feed(stream[-1:])) == 1
    assert process_time() - started < 60e-6 * len(stream)


@pytest.mark.slow
def test_half_a_gibibyte_in_pieces() -> None:
    """A bytes object of 512 MiB in pieces of 64 KiB is read in a few seconds. [SEC-2]"""
    size = 512 * 1024**2
    decoder = PickleDecoder(Settings())
    started = process_time()
    decoder.feed(b"\x80\x04\x8e" + struct.pack("<Q", size))
    piece = b"." * 65536
    for _ in range(size // len(piece)):
        assert decoder.feed(piece) == []
    ((got,),) = [message for message in decoder.feed(b"\x85.") if isinstance(message, tuple)]
    assert isinstance(got, bytes)
    assert len(got) == size
    assert process_time() - started < 20


@pytest.mark.parametrize("head", [b"\x8e" + b"\xff" * 8, b"\x8d" + struct.pack("<Q", 2**40), b"B\xff\xff\xff\xff"])
def test_an_announced_length_beyond_the_limit_is_refused_at_once(head: bytes) -> None:
    """A length beyond max_message_bytes is refused before any of its bytes came. [SEC-2]"""
    assert "announces" in refused(b"\x80\x04" + head).reason


@pytest.mark.parametrize("message", [("x" * 300,), (1, 2, "y" * 100), [0] * 200, ({1}, b"z" * 150)])
def test_max_message_bytes_is_the_exact_limit_in_every_way(message: object) -> None:
    """A message of max_message_bytes is read, one of a byte more is refused, in one piece and in many. [SEC-2]"""
    for protocol in range(6):
        stream = pickle.dumps(message, protocol)
        assert read(stream + b"\n", Settings(max_message_bytes=len(stream))) == message
        decoder = PickleDecoder(Settings(max_message_bytes=len(stream) - 1))
        assert "max_message_bytes" in refused(stream, Settings(max_message_bytes=len(stream) - 1)).reason
        with pytest.raises(Undecodable, match="max_message_bytes"):
            feed_bytes(decoder, stream)
