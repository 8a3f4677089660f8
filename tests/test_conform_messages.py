"""Tests of ``spreadjobs_conform.messages``."""

from __future__ import annotations

from spreadjobs_conform.messages import TextReader, unreadable


def test_unreadable_bytes_are_quoted_shortly() -> None:
    """The finding quotes the first bytes and names all that they break. [WIRE-4]"""
    finding = unreadable("PKL-4", b"x" * 500, "a pickle", "pickle")

    assert finding.came.endswith("...")
    assert len(finding.came) < 200
    assert finding.also == ("WIRE-4", "WIRE-1")
    assert unreadable("PKL-4", b"x", "a pickle", "pickle").came.endswith("b'x'")


def test_text_of_a_command_is_kept_in_part() -> None:
    """The output of a command has no messages, and only its last part is kept. [CMD-2]"""
    reader = TextReader()
    reader.feed(b"a" * (1 << 17))

    assert reader.next() is None
    assert reader.pending() == b"a" * 200
    assert reader.pending_bytes() == 1 << 16
