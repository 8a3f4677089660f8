"""What the decoder does not withstand yet. Whoever mends one moves it to the families of ``hostile.registry``."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile.registry import PENDING
from hostile.smuggled import smuggle
from test_hostile import verdicts, wrong

from spreadjobs.messages import Undecodable
from spreadjobs.pickle_codec import PickleDecoder
from spreadjobs.settings import Settings


@pytest.mark.slow
@pytest.mark.xfail(
    reason="pickle_codec loads from a stream, and sharing counts neither sizes nor comparisons", run=False
)
@pytest.mark.parametrize("family", PENDING)
def test_messages_that_are_to_be_refused(family: str, tmp_path: Path) -> None:
    """None crashes the master, or takes time without bound. [SEC-1, SEC-2]"""
    assert wrong(verdicts("default", family, tmp_path / "victim")) == []


@pytest.mark.xfail(reason="PLAIN lets memo indices pass that Walk refuses")
@pytest.mark.parametrize("message", [b"(Np810\nt.", b"(Nr\xff\x0f\0\0t."])
def test_memo_indices_however_they_are_cut(message: bytes) -> None:
    """A memo index beyond the position in a small message has one fate, whatever the cuts. [WIRE-6]"""

    def fate(pieces: list[bytes]) -> object:
        decoder = PickleDecoder(Settings())
        try:
            return [value for piece in pieces for value in decoder.feed(piece)]
        except Undecodable:
            return "refused"

    assert fate([message]) == fate([message[i : i + 1] for i in range(len(message))])


@pytest.mark.xfail(reason="pickle_codec loads from a stream, where a frame that lies moves what is read")
def test_what_seems_to_be_text_is_loaded_as_text() -> None:
    """A frame that ends inside an argument changes nothing of what the walk has seen. [SEC-1, WIRE-6]"""
    assert PickleDecoder(Settings()).feed(smuggle(b"K\x07")) == [("abcdefgh", b"K\x07")]
