"""``journal_records``: whatever happens to a part of a journal, the records beside it are found and none is made up."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadjobs import journal_records
from spreadjobs.journal_records import HEAD_BYTES, MARK, RECORD_BYTES, Content, Piece, record

BODIES = st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([MARK, MARK * 3, b"\0" * 50])), max_size=8)


def content(bodies: list[bytes]) -> bytes:
    """Make a journal of these bodies."""
    data = b"h" * HEAD_BYTES
    for body in bodies:
        data += record(len(data), body) + body
    return data


def pieces(data: bytes) -> list[Piece]:
    """Read a journal."""
    return list(journal_records.pieces(Content(len(data), lambda start, size: data[start : start + size])))


def found(data: bytes) -> list[bytes]:
    """Read the bodies of whole records."""
    return [data[piece.start : piece.end] for piece in pieces(data) if piece.whole]


def places(bodies: list[bytes]) -> list[tuple[int, int]]:
    """Where each record begins and ends."""
    ends = [HEAD_BYTES]
    for body in bodies:
        ends.append(ends[-1] + RECORD_BYTES + len(body))
    return list(itertools.pairwise(ends))


@given(BODIES)
def test_records_are_read_as_they_were_written(bodies: list[bytes]) -> None:
    """Each body comes back, in order, whatever is in it, and nothing is damaged."""
    assert found(content(bodies)) == bodies
    assert all(piece.whole for piece in pieces(content(bodies)))


@given(BODIES, st.data())
def test_a_cut_costs_only_the_record_that_it_goes_through(bodies: list[bytes], data: st.DataObject) -> None:
    """A file that ends anywhere has all records that end before, and the rest is reported as one damaged piece."""
    whole = content(bodies)
    cut = data.draw(st.integers(HEAD_BYTES, len(whole)))
    before = [body for body, (_, end) in zip(bodies, places(bodies), strict=True) if end <= cut]
    end = places(before)[-1][1] if before else HEAD_BYTES

    assert found(whole[:cut]) == before
    damaged = [piece for piece in pieces(whole[:cut]) if not piece.whole]
    assert damaged == ([Piece(end, cut - end, whole=False)] if end < cut else [])


@given(BODIES, st.data())
def test_what_is_overwritten_costs_only_the_records_that_it_touches(bodies: list[bytes], data: st.DataObject) -> None:
    """Zeros or anything else over a part of the file: all other records are found, and the damage has them between."""
    whole = content(bodies)
    start = data.draw(st.integers(HEAD_BYTES, len(whole)))
    size = data.draw(st.integers(0, len(whole) - start))
    filling = data.draw(st.one_of(st.just(bytes(size)), st.binary(min_size=size, max_size=size)))
    damaged = whole[:start] + filling + whole[start + size :]
    same = [
        body
        for body, (begin, end) in zip(bodies, places(bodies), strict=True)
        if damaged[begin:end] == whole[begin:end]
    ]

    assert found(damaged) == same
    covered = sum(piece.size_bytes + RECORD_BYTES * piece.whole for piece in pieces(damaged))
    assert covered == len(whole) - HEAD_BYTES


@given(BODIES, st.binary(min_size=1, max_size=30))
def test_records_at_another_place_are_none(bodies: list[bytes], before: bytes) -> None:
    """A block that a file system wrote to the wrong place, or a journal inside an answer, is not taken for records."""
    whole = content(bodies)
    moved = whole[:HEAD_BYTES] + before + whole[HEAD_BYTES:]

    assert found(moved) == []
    outer = content([whole[HEAD_BYTES:]])
    spoilt = outer[: HEAD_BYTES + 4] + bytes(4) + outer[HEAD_BYTES + 8 :]
    assert len(found(spoilt)) == (outer == spoilt)


@given(BODIES, st.integers(1, 60))
def test_records_are_found_however_the_content_is_read(bodies: list[bytes], block_bytes: int) -> None:
    """Marks and records lie over the ends of the blocks in which a file is read."""
    whole = content(bodies)
    damaged = whole[:HEAD_BYTES] + b"\0" + whole[HEAD_BYTES + 1 :]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_records, "BLOCK_BYTES", block_bytes)
        in_blocks = pieces(whole), pieces(damaged)

    assert in_blocks == (pieces(whole), pieces(damaged))


def test_marks_in_damaged_bodies_cost_no_time() -> None:
    """What looks like a record's head but is none is left after its first bytes, however long a body it promises."""
    heads = b"".join(MARK + bytes(8) + size.to_bytes(8, "little") for size in range(0, 400_000, 4))
    damaged = b"h" * HEAD_BYTES + b"\0" + heads
    read = 0

    def get(start: int, size: int) -> bytes:
        nonlocal read
        read += size
        return damaged[start : start + size]

    pieces_ = list(journal_records.pieces(Content(len(damaged), get)))

    assert pieces_ == [Piece(HEAD_BYTES, len(damaged) - HEAD_BYTES, whole=False)]
    assert read < 10 * len(damaged)
