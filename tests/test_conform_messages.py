"""Tests of ``spreadjobs_conform.messages``."""

from __future__ import annotations

import pytest
from spreadjobs_conform.messages import TextReader, likely_cure, looks_like_text, unreadable


@pytest.mark.parametrize(
    ("data", "codec", "cure"),
    [
        (b"loading model...\n", "pickle", "send prints to stderr"),
        (
            b"loading\n\x80\x04\x95\x14\0\0\0\0\0\0\0K\0\x8c\x01v\x94\x86\x94NN\x87\x94.",
            "pickle",
            "send prints to stderr",
        ),
        (b"\n\n", "pickle", "send prints to stderr"),
        (b"[[1, 2], null, null]\n", "pickle", "--codec json"),
        (b"\x80\x04K\x01.", "json", "--codec pickle"),
        (b"\x00\x00\x00\x07", "pickle", "nothing to stdout but messages"),
        (b"Traceback (most recent call last):\n", "json", "send prints to stderr"),
    ],
)
def test_cure_fits_what_came(data: bytes, codec: str, cure: str) -> None:
    """The likely mistake is guessed from the bytes. [VIO-3]"""
    assert cure in likely_cure(data, codec)


def test_unreadable_bytes_are_quoted_shortly() -> None:
    """The finding quotes the first bytes and names all that they break. [WIRE-4]"""
    finding = unreadable("PKL-4", b"x" * 500, "a pickle", "pickle")

    assert finding.came.endswith("...")
    assert len(finding.came) < 200
    assert finding.also == ("WIRE-1", "WIRE-4")
    assert unreadable("PKL-4", b"x", "a pickle", "pickle").came.endswith("b'x'")


def test_no_bytes_are_no_text() -> None:
    """Nothing is not text."""
    assert not looks_like_text(b"")


def test_text_of_a_command_is_kept_in_part() -> None:
    """The output of a command has no messages, and only its last part is kept. [CMD-2]"""
    reader = TextReader()
    reader.feed(b"a" * (1 << 17))

    assert reader.next() is None
    assert reader.pending() == b"a" * 200
    assert reader.pending_bytes() == 1 << 16
