"""The choice of a codec."""

from __future__ import annotations

import pytest

from spreadjobs.codec import Undecodable, make_decoder, make_encoder
from spreadjobs.settings import LEGACY, Settings


@pytest.mark.parametrize("settings", [Settings(), Settings(codec="json"), LEGACY])
def test_what_the_encoder_writes_the_decoder_reads(settings: Settings) -> None:
    """Encoder and decoder of one codec go together. [WIRE-1]"""
    data = make_encoder(settings).encode([7, "x"])
    decoder = make_decoder(settings)
    assert decoder.feed(data * 2) == [[7, "x"]] * 2
    assert decoder.rest() == b""


def test_undecodable_says_reason_bytes_and_cure() -> None:
    """The error's text has all that is known, and no more than 80 bytes. [VIO-3]"""
    error = Undecodable("a reason", b"x" * 100, "a cure", [1])
    assert str(error) == f"a reason; the bytes begin {b'x' * 80!r}; a cure"
    assert error.messages == [1]
    assert str(Undecodable("a reason")) == "a reason"
