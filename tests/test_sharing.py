"""What hashing would cost, on opcodes that no pickler writes."""

from __future__ import annotations

import pickle
from contextlib import nullcontext

import pytest

from spreadjobs.opcodes import Refused
from spreadjobs.sharing import MAX_DEPTH, check_sharing


@pytest.mark.parametrize(
    "data",
    [
        b"(Nl(NNd(Nt.",
        b"(N01.",
        b"(0.",
        b"(N2\x86p1\ng1\nr\x02\0\0\0j\x02\0\0\0q\x03h\x03h\x63t.",
        b"\x80\x04(\x8f(N\x90(N\x91]Na}NNs}(NNu](NetNR.",
        b"(ca\nb\n)\x81}bca\nb\n)}\x92}b(Nia\nb\n(ca\nb\no\x8c\x01a\x8c\x01b\x93Nbt.",
        b"(NNat.",
        b"(p0\nt.",
        pickle.dumps([[(1, 2)] * 50, {(1, 2): {3}}], 5),
    ],
)
def test_every_opcode_is_carried_out(data: bytes) -> None:
    """Opcodes in any sensible order pass. [SEC-2]"""
    check_sharing([data], [])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x85.", "too few values"),
        (b"t.", "no mark"),
        (b"(gx\n.", "no number"),
        (b"()" + b"\x85" * (MAX_DEPTH + 1) + b".", "nested more than"),
        (b"})" + b"2\x86" * 60 + b"Ns.", "would not end"),
        (b"}" + b"N" + b"2\x86" * 60 + b"Ns.", "would not end"),
        (b"(NNl" + b"2\x86" * 40 + b"R.", "too few values"),
    ],
)
def test_what_is_refused(data: bytes, reason: str) -> None:
    """Depth, cost and nonsense are refused. [SEC-2]"""
    with pytest.raises(Refused, match=reason):
        check_sharing([data], [])


def test_counting_itself_costs_little() -> None:
    """The counts stop growing, so that counting them stays cheap. [SEC-2]"""
    check_sharing([b"(]q\x00(" + b"h\x00" * 3 + b"e" + b"(h\x00h\x00e" * 20_000 + b"t."], [])


@pytest.mark.parametrize(("levels", "refused"), [(3, False), (40, True)])
def test_a_large_argument_that_is_kept_apart_counts_as_in_its_place(levels: int, refused: bool) -> None:  # noqa: FBT001
    """The verdict on a key of tuples around large bytes is the same in one piece and in two. [SEC-2]"""
    head, size, rest = b"\x80\x04}", 100_000, b"2\x86" * levels + b"Ns."
    whole = head + b"B" + size.to_bytes(4, "little") + bytes(size) + rest

    for pieces, apart in (([whole], []), ([head, rest], [size])):
        with pytest.raises(Refused) if refused else nullcontext():
            check_sharing(pieces, apart)
