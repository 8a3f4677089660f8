"""The codec json: what it refuses to send, what it refuses to read, and lines however they are cut."""

from __future__ import annotations

import collections
import enum
import json
import math
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadjobs.errors import CannotEncode
from spreadjobs.json_codec import JsonDecoder, JsonEncoder
from spreadjobs.messages import Undecodable
from spreadjobs.settings import Settings

JSON = Settings(codec="json")
GREATEST = 2**53 - 1

text = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-GREATEST, GREATEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner) | st.dictionaries(text, inner),
    max_leaves=15,
)


def refused(data: bytes, settings: Settings = JSON) -> Undecodable:
    with pytest.raises(Undecodable) as caught:
        JsonDecoder(settings).feed(data)
    return caught.value


def typed(value: object) -> str:
    return repr(value)


@given(st.lists(values, max_size=4), st.data())
def test_values_come_back_however_the_lines_are_cut(sent: list[object], data: st.DataObject) -> None:
    """What JSON can carry comes back equal and of the same type, in any pieces. [WIRE-6]"""
    encoder = JsonEncoder()
    stream = b"".join(map(encoder.encode, sent))
    assert stream.count(b"\n") == len(sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    decoder = JsonDecoder(JSON)
    got: list[object] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += decoder.feed(stream[start:end])
    assert typed(got) == typed(sent)
    assert decoder.buffered() == 0


@given(st.binary(max_size=60))
def test_arbitrary_bytes_raise_nothing_but_undecodable(noise: bytes) -> None:
    """Whatever bytes come, the decoder gives messages or raises Undecodable. [VIO-1]"""
    decoder = JsonDecoder(JSON)
    try:
        decoder.feed(noise + b"\n")
    except Undecodable as error:
        assert error.reason  # noqa: PT017 - not raising is right too


def test_tuples_become_arrays() -> None:
    """A tuple travels as an array. [JSON-1]"""
    assert JsonEncoder().encode((1, ("é", None))) == '[1,["é",null]]\n'.encode()


class Word(str):
    __slots__ = ()


class Colour(enum.IntEnum):
    RED = 1


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024 - the untyped kind is the case


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1, [0, {"k": b"x"}]), r"value\[1\]\[1\]\['k'\] is of type bytes.*base64"),
        (bytearray(), "value is of type bytearray"),
        ({1}, "value is of type set.*sorted list"),
        ([frozenset()], r"value\[0\] is of type frozenset"),
        (1j, "value is of type complex"),
        (math.nan, "value is nan"),
        ([math.inf], r"value\[0\] is inf"),
        ("\ud800", "value is a str with a lone surrogate"),
        ({"\ud800": 1}, "the key .* is a str with a lone surrogate"),
        ({1: 2}, "value is a dict with the key 1"),
        ({"a": {None: 2}}, r"value\['a'\] is a dict with the key None"),
        (2**53, r"value is an int beyond 2\*\*53-1"),
        (-(2**53), "value is an int beyond"),
        (object(), "value is of type object"),
        (Word("x"), "value is of type Word"),
        (Colour.RED, "value is of type Colour"),
        (Point(1, 2), "value is of type Point"),
        (collections.OrderedDict(), "value is of type OrderedDict"),
    ],
)
def test_what_json_would_change_is_refused_with_its_place(value: object, text: str) -> None:
    """What JSON cannot carry unchanged is an error that says what, where, and what to do. [JSON-5]"""
    with pytest.raises(CannotEncode, match=text):
        JsonEncoder().encode(value)


def test_the_greatest_integers_travel() -> None:
    """Integers up to 2**53-1 in magnitude are exact. [JSON-5]"""
    assert JsonEncoder().encode([GREATEST, -GREATEST]) == b"[9007199254740991,-9007199254740991]\n"
    assert JsonDecoder(JSON).feed(b"[9007199254740991,-9007199254740991]\n") == [[GREATEST, -GREATEST]]


def test_a_value_that_contains_itself_is_refused() -> None:
    """A cycle, or nesting too deep, is CannotEncode. [JSON-5]"""
    value: list[object] = []
    value.append(value)
    with pytest.raises(CannotEncode, match="contains itself"):
        JsonEncoder().encode(value)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'{"a": 1, "a": 2}', "the key 'a' is repeated"),
        (b"[NaN]", "NaN is no JSON"),
        (b"[-Infinity]", "-Infinity is no JSON"),
        (b"[1e400]", "beyond what a binary64"),
        (b"[9007199254740992]", "beyond 2"),
        (b"[-9007199254740992]", "beyond 2"),
        (b"[" + b"9" * 100_000 + b"]", "beyond 2"),
        (b'["\xff"]', "UnicodeDecodeError"),
        (b'["\\ud800"]', "lone surrogate"),
        (b"\xef\xbb\xbf[1]", "0xef came"),
        (b"", "JSONDecodeError"),
        (b"  ", "JSONDecodeError"),
        (b"[1] [2]", "JSONDecodeError"),
        (b"[1,]", "JSONDecodeError"),
        (b'["\x01"]', "JSONDecodeError"),
        (b"[" * 200_000, "RecursionError"),
        (b"\x80\x04K\x01.", "0x80 came"),
        (b"hello", "0x68 came"),
        (b"Infinity", "0x49 came"),
    ],
)
def test_lines_that_are_no_message(line: bytes, text: str) -> None:
    """What RFC 8259 does not allow, and what could be understood in two ways, is refused. [JSON-6]"""
    error = refused(line + b"\n")
    assert text in error.reason
    assert error.quote == (line + b"\n")[:80]


def test_text_without_a_line_end_is_refused_at_its_first_byte() -> None:
    """A first byte that no JSON text has is refused at once; the likely cause is named. [VIO-3]"""
    assert "prints" in refused(b"Hello").cure
    assert "pickle" in refused(b"\x80").cure


@pytest.mark.parametrize(
    "line", [b"[1]\r\n", b" \t[ 1 ]\r \n", b'["\\ud83d\\ude00"]\n', b"[1e5]\n", b"[-0.0]\n", b"null\n"]
)
def test_what_rfc_8259_allows_on_a_line_is_read(line: bytes) -> None:
    """White space, escapes and numbers in any form are read. [JSON-1]"""
    assert typed(JsonDecoder(JSON).feed(line)) == typed([json.loads(line)])


def test_a_hundred_levels_and_more_are_read() -> None:
    """Nesting of 100 levels is read and written. [DATA-2]"""
    value: object = 1
    for _ in range(200):
        value = [value]
    assert JsonDecoder(JSON).feed(JsonEncoder().encode(value)) == [value]


def test_limit_rest_and_brokenness() -> None:
    """A limit leaves lines buffered; the rest is text; after an error nothing more is read. [SHUT-8]"""
    decoder = JsonDecoder(JSON)
    assert decoder.feed(b"[1]\n[2]\n[", limit=1) == [[1]]
    assert decoder.buffered() == 5
    assert decoder.feed(b"", limit=1) == [[2]]
    assert decoder.feed(b"3") == []
    assert decoder.buffered() == 2
    assert decoder.rest() == b"[3"
    assert decoder.buffered() == 0
    with pytest.raises(Undecodable) as caught:
        decoder.feed(b"[4]\noops\n")
    assert caught.value.messages == [[4]]
    with pytest.raises(Undecodable, match="0x6f came") as again:
        decoder.feed(b"[5]\n")
    assert again.value.messages == []


def test_max_message_bytes_is_the_exact_limit() -> None:
    """A longer line is refused while it arrives. [SEC-2]"""
    settings = Settings(codec="json", max_message_bytes=5)
    assert JsonDecoder(settings).feed(b"[123]\n") == [[123]]
    assert "max_message_bytes=5" in refused(b"[1234]\n", settings).reason
    assert "max_message_bytes=5" in refused(b"[12345", settings).reason


def test_a_long_line_in_small_pieces_costs_time_linear_in_its_size() -> None:
    """A line that arrives in many pieces is searched once. [SEC-2]"""
    line = b'["' + b"x" * 3_000_000 + b'"]\n'
    decoder = JsonDecoder(JSON)
    started = process_time()
    got: list[object] = []
    for start in range(0, len(line), 16):
        got += decoder.feed(line[start : start + 16])
    assert got == [["x" * 3_000_000]]
    assert process_time() - started < 5
