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


def test_too_many_deques_and_objects_to_fill() -> None:
    """CPython frees nested deques by recursion, so their number has a limit; so has what BUILD replaces. [SEC-1]"""
    one = b"ccollections\ndeque\n)R"
    assert "deques" in refusal(b"(" + one * 10_001 + b"t.")
    assert "filled after" in refusal(b"(" + b"cspreadjobs\nTooBusy\n)\x81}b" * 1001 + b"t.")
    decoder = PickleDecoder(Settings())
    for _ in range(3):  # the count begins anew with each message
        (message,) = decoder.feed(b"(" + one * 4000 + b"t.")
        assert message == (collections.deque(),) * 4000
