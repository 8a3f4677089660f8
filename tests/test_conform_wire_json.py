"""Tests of ``spreadjobs_conform.wire_json``."""

from __future__ import annotations

import pytest
from spreadjobs_conform import wire_json
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.wire_json import JsonReader, parse_line, write_json


def test_reader_takes_lines_however_they_are_cut() -> None:
    """Lines come out whole, whatever the pieces, and what is unfinished stays. [WIRE-6]"""
    data = b'[[1, "\\u00e9\\n"], null, null]\r\n [] \n[1'
    for cut in (1, 3, 100):
        reader = JsonReader()
        found: list[object] = []
        for at in range(0, len(data), cut):
            reader.feed(data[at : at + cut])
            while (message := reader.next()) is not None:
                found.append(message.value)
        assert found == [[[1, "é\n"], None, None], []]
        assert reader.pending() == b"[1"
        assert reader.pending_bytes() == 2


def test_writer_writes_one_line_of_ascii() -> None:
    """The kit's own messages are one line, whatever they hold. [JSON-5]"""
    assert write_json([1, "é\n\u2028"]) == b'[1,"\\u00e9\\n\\u2028"]\n'
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(float("nan"))


@pytest.mark.parametrize(
    ("line", "requirement"),
    [
        (b"hello", "JSON-1"),
        (b"", "JSON-1"),
        (b"[1] [2]", "JSON-1"),
        (b"\xef\xbb\xbf[]", "JSON-1"),
        (b'["\xe9"]', "JSON-1"),
        (b'["\t"]', "JSON-1"),
        (b"[" * 100_000, "JSON-1"),
        (b"[NaN]", "JSON-4"),
        (b"[-Infinity]", "JSON-4"),
        (b"[1e400]", "JSON-4"),
        (b'{"a":1,"a":2}', "JSON-4"),
        (b"[9007199254740992]", "JSON-4"),
        (b"[-9007199254740992]", "JSON-4"),
        (b"[" + b"9" * 5000 + b"]", "JSON-4"),
        (b'["\\ud800"]', "JSON-4"),
        (b'[{"\\udc00": {"k": "\\u0041"}}]', "JSON-4"),
    ],
)
def test_what_may_not_travel_is_a_finding(line: bytes, requirement: str) -> None:
    """Text that is no RFC 8259 line, or holds what may not travel, names its requirement. [JSON-4]"""
    with pytest.raises(Finding) as caught:
        parse_line(line)

    assert caught.value.requirement == requirement


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"[9007199254740991, -9007199254740991]", [2**53 - 1, -(2**53) + 1]),
        (b'{"a": {"b": [1.5, "\\ud83d\\ude00"]}}', {"a": {"b": [1.5, "😀"]}}),
        (b"[1e5]", [100000.0]),
    ],
)
def test_what_may_travel_is_read(line: bytes, value: object) -> None:
    """Values up to the limits are read. [JSON-7]"""
    assert parse_line(line) == value


def test_text_is_refused_without_waiting_for_its_end() -> None:
    """What begins no array is refused before the line ends. [JSON-1]"""
    reader = JsonReader()
    reader.feed(b"  50%")

    with pytest.raises(Finding, match="JSON array"):
        reader.next()


def test_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond the limit is refused. [SEC-2]"""
    monkeypatch.setattr(wire_json, "MAX_MESSAGE_BYTES", 1000)
    reader = JsonReader()
    reader.feed(b"[" + b" " * 2000)

    with pytest.raises(Finding, match="a line that ends"):
        reader.next()
