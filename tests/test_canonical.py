"""``canonical``: equal values of one type have one form, and different ones have different forms."""

from __future__ import annotations

import array
import pickle
import struct
import uuid
from collections import Counter, OrderedDict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadjobs.canonical import LONG, NoCanonicalForm, canonical


class Colour(IntEnum):
    """An int that is of another type."""

    RED = 1


class Pair(NamedTuple):
    """A tuple that is of another type."""

    one: int


class Point:
    """A class of the user's."""


KEYS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.binary(max_size=3))
VALUES = st.recursive(
    st.one_of(KEYS, st.floats(allow_nan=False), st.complex_numbers(allow_nan=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=LONG + 2),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(KEYS, inner, max_size=4),
        st.sets(KEYS, max_size=4),
        st.frozensets(KEYS, max_size=4),
    ),
    max_leaves=12,
)


def known(value: object) -> object:
    """Make something that compares equal just where type and content are equal, all the way down."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return kind, frozenset((known(key), known(item)) for key, item in value.items())
    if isinstance(value, set | frozenset):
        return kind, frozenset(map(known, value))
    if isinstance(value, list | tuple):
        return kind, tuple(map(known, value))
    return kind, repr(value)


def anew(value: object) -> object:
    """Make an equal value with another history: nothing in it is shared, and dicts and sets were filled backwards."""
    if isinstance(value, dict):
        return {anew(key): anew(item) for key, item in reversed(list(value.items()))}
    if isinstance(value, set | frozenset):
        return type(value)(anew(item) for item in reversed(list(value)))
    if isinstance(value, list | tuple):
        return type(value)(anew(item) for item in value)
    copy: object = pickle.loads(pickle.dumps(value))
    return copy


@given(VALUES)
def test_equal_values_have_one_form(value: object) -> None:
    """Neither what is shared in a value nor the order in which a dict or a set was filled changes its form."""
    assert canonical(anew(value)) == canonical(value)


@given(VALUES, VALUES)
def test_different_values_have_different_forms(one: object, other: object) -> None:
    """The form tells values apart by type and content, also where Python calls them equal, as 1, 1.0 and True."""
    assert (canonical(one) == canonical(other)) == (known(one) == known(other))


DIFFERENT: list[object] = [
    *(None, False, True, 0, 1, -1, 0.0, -0.0, 1.0, 1j, 2**63, -(2**63), 2**64, 10**5000),
    *("", "1", "N", "\ud800", "é", "e\u0301", b"", b"1", bytearray(b"1"), "a\0b"),
    *(
        [],
        (),
        {},
        set(),
        frozenset(),
        [[]],
        [()],
        ([],),
        [None],
        [1, 2],
        (1, 2),
        [12],
        ["1", "2"],
        ["12"],
        ["1", "", "2"],
    ),
    *({1: 2}, {"1": 2}, {2: 1}, {1: 2, 3: 4}, {1, 2}, frozenset({1, 2}), [1] * LONG, (1,) * LONG, [1.0] * LONG),
    *([1] * (LONG - 1) + [1.0], [True] * LONG, [2**70] * LONG, ["a"] * LONG, ["aa", ""] * (LONG // 2), [b"a"] * LONG),
    *(
        datetime(2020, 1, 2, tzinfo=UTC),
        date(2020, 1, 2),
        time(1, tzinfo=UTC),
        timedelta(1),
        UTC,
        timezone(timedelta(0), "Z"),
    ),
    *(datetime(2020, 1, 2), datetime(2020, 1, 2, fold=1), time(1)),  # noqa: DTZ001 - without a zone on purpose
    *(Decimal(1), Decimal("1.0"), Fraction(1), Fraction(1, 2), uuid.UUID(int=1), uuid.UUID(int=2)),
    *(OrderedDict(a=1, b=2), OrderedDict(b=2, a=1), Counter("aab"), deque([1]), deque([1], 3), "2020-01-02"),
    *(array.array("i", [1]), array.array("I", [1]), array.array("b", [1, 0, 0, 0])),
    *(np.arange(6), np.arange(6).reshape(2, 3), np.arange(6).reshape(3, 2), np.arange(6.0), np.int64(1), np.int32(1)),
    *(
        np.arange(6).astype(">i8"),
        np.zeros(0),
        np.zeros((0, 2)),
        np.array(["a"]),
        np.array(["a"], "U2"),
        np.bool_(1),
    ),
    [False, *[None] * 6, b"".join(map(struct.pack, ["<d"] * 8, [1.0] * 8))[:54]],
]


def test_each_of_these_is_another_value() -> None:
    """No two values of different types, lengths, shapes or orders have one form."""
    forms = {canonical(value): value for value in DIFFERENT}

    assert len(forms) == len(DIFFERENT)
    assert len({canonical([value]) for value in DIFFERENT}) == len(DIFFERENT)


def test_no_piece_begins_as_another_one_does() -> None:
    """Rows that are written in one piece begin as no item of a row does: else a row of items could be one."""
    rows: list[list[object]] = [[1.0] * LONG, [1] * LONG, ["a"] * LONG]
    begin = {canonical(row)[3:4] for row in rows}
    items = {canonical(value)[:1] for value in DIFFERENT}
    deep: object = 1
    for _ in range(20):
        deep = [deep]

    assert len(begin) == len(rows)
    assert not begin & (items | {b"#"})
    assert b"#" in canonical(deep)


def test_one_type_by_two_names_is_one() -> None:
    """What the machine calls an int64 may be a long or a long long."""
    assert canonical(np.array([1], np.longlong)) == canonical(np.array([1], np.int64))


def test_arrays_are_told_by_content_not_by_layout() -> None:
    """A view with gaps, a transposed one and a copy of it are the same array."""
    table = np.arange(12).reshape(3, 4)

    assert canonical(table[:, ::2]) == canonical(table[:, ::2].copy())
    assert canonical(table.T) == canonical(np.ascontiguousarray(table.T))
    assert canonical(np.asfortranarray(table)) == canonical(table)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Point(), "Point"),
        ([{"k": (Point(),)}], "Point"),
        (Colour.RED, "Colour"),
        ({Colour.RED: 1}, "Colour"),
        (Pair(1), "Pair"),
        (len, "builtin_function_or_method"),
        (np.array([Point()]), "no plain numbers"),
        (np.array(["2020-01-02"], dtype="M8[D]"), "no plain numbers"),
        (np.datetime64("2020", "Y"), "no plain numbers"),
        (np.timedelta64(1, "h"), "no plain numbers"),
        (np.longdouble(1), "no plain numbers"),
        (np.zeros(2, dtype=[("Offset", "i4")]), "no plain numbers"),
    ],
)
def test_what_cannot_be_told_is_refused(value: object, named: str) -> None:
    """A class of the user's, a subclass and an array of objects have no form, and the error names them."""
    with pytest.raises(NoCanonicalForm, match=named):
        canonical(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    """It has no end, and neither would its form."""
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(NoCanonicalForm, match="nested too deeply"):
        canonical(endless)


def test_lists_a_hundred_deep_have_a_form() -> None:
    """What a worker has to read (DATA-2) can be a payload in a journal, too; the core makes a difference."""

    def nested(core: object) -> object:
        for _ in range(100):
            core = [core]
        return core

    assert canonical(nested(1)) == canonical(nested(1)) != canonical(nested(2))


def test_what_is_shared_is_not_written_again_and_again() -> None:
    """Sixty lists that hold the one before twice are 2**60 items, and have a form all the same."""

    def doubled(core: object) -> object:
        for _ in range(60):
            core = [core, core]
        return core

    assert canonical(doubled("a")) == canonical(doubled("a")) != canonical(doubled("b"))
