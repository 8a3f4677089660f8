"""Hostile pickles: nothing of them runs, crashes, hangs, or changes the master."""

from __future__ import annotations

import collections
import copyreg
import fractions
import struct
import uuid
from pathlib import Path
from time import process_time

import pytest
from admitted_classes import HERE, Colour, Plain, Slotted, Words, refusal
from hostile.calls import HOSTILE
from hostile.smuggled import smuggle

from spreadjobs.messages import Undecodable
from spreadjobs.pickle_codec import PickleDecoder
from spreadjobs.settings import Settings

# --- harm


def shared_state() -> list[object]:
    """What a pickle could change in the master."""
    classes = (
        fractions.Fraction,
        collections.Counter,
        collections.OrderedDict,
        uuid.UUID,
        Plain,
        Slotted,
        Colour,
        Words,
    )
    return [
        *[
            [*sorted(vars(cls)), repr(getattr(cls, "__repr__", None)), repr(getattr(cls, "update", None))]
            for cls in classes
        ],
        vars(Colour.RED).copy(),
        dict(copyreg.dispatch_table),
        repr(fractions.Fraction(1, 2)),
        collections.Counter("aab"),
    ]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("frame", [False, True])
def test_hostile_pickles_are_refused_and_nothing_runs(name: str, *, frame: bool, tmp_path: Path) -> None:
    """A pickle that would call, change or blow up something is refused, and nothing of it happened. [SEC-1]"""
    victim = tmp_path / "v"
    data = HOSTILE[name].replace(b"%s", str(victim).encode())
    if "STACK_GLOBAL" in name:
        data = data.replace(b"\x8c\x08touch", b"\x8c" + bytes([6 + len(str(victim))]) + b"touch")
    if frame and data[0] == 0x80:
        data = data[:2] + b"\x95" + struct.pack("<Q", len(data) - 2) + data[2:]
    before = shared_state()
    started = process_time()
    assert refusal(data)
    assert process_time() - started < 2
    assert not victim.exists()
    assert shared_state() == before


@pytest.mark.parametrize("name", [name for name in HOSTILE if "BUILD" in name or "class" in name])
def test_build_changes_no_admitted_class_and_no_shared_member(name: str) -> None:
    """Admitted classes and members of an Enum are out of reach of BUILD, SETITEM and their like. [SEC-1]"""
    allow = (Plain, Colour, Slotted)
    attack = HOSTILE[name].partition(b"\n")[0]
    before = shared_state()
    for target in (b"c" + HERE.encode() + b"\nPlain\n", b"c" + HERE.encode() + b"\nColour\n(I1\ntR"):
        for change in (b"}U\x05valueK\x05sb", b"(N}U\x07_value_K\x05stb", b"K\x01K\x02s", b"K\x01a"):
            assert refusal(b"(" + target + change + b"t.", allow)
    assert attack
    assert shared_state() == before


# --- crashes and floods


def test_too_many_deques() -> None:
    """CPython frees nested deques by recursion, so their number has a limit. [SEC-1]"""
    one = b"ccollections\ndeque\n)R"
    assert "deques" in refusal(b"(" + one * 10_001 + b"t.")
    decoder = PickleDecoder(Settings())
    for _ in range(3):  # the count begins anew with each message
        (message,) = decoder.feed(b"(" + one * 4000 + b"t.")
        assert message == (collections.deque(),) * 4000


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


def test_what_seems_to_be_text_is_loaded_as_text() -> None:
    """A frame that ends inside an argument changes nothing of what the walk has seen. [SEC-1, WIRE-6]"""
    assert PickleDecoder(Settings()).feed(smuggle(b"K\x07")) == [("abcdefgh", b"K\x07")]


def test_what_is_replaced_when_it_is_filled_is_found_wherever_it_was_noted() -> None:
    """A reference to an object that BUILD replaces leads to the new one, unless it was noted anew. [PKL-4]"""
    made = b"cspreadjobs\nTooBusy\n)\x81q\x00q\x01q\x02}U\x05delayK\x05sb"
    (message,) = PickleDecoder(Settings()).feed(b"(" + made + b"h\x00h\x01h\x02Nq\x03q\x00h\x00t.")
    assert isinstance(message, tuple)
    first, *others = message
    assert first.delay == 5
    assert [other is first for other in others] == [True, True, True, False, False]


@pytest.mark.timeout(60)
def test_replacing_many_objects_among_many_references_takes_time_in_proportion() -> None:
    """Half a megabyte of references and as many objects that are replaced: no product of the two. [SEC-2]"""
    noise = b"N\x94" * 150_000 + b"0" * 150_000
    (message,) = PickleDecoder(Settings()).feed(
        b"\x80\x04(" + noise + b"cspreadjobs\nTooBusy\n\x940" + b"j\xf0\x49\x02\0)\x81\x94}b" * 20_000 + b"t."
    )
    assert isinstance(message, tuple)
    assert len(message) == 20_000
