"""Tests of ``spreadjobs_conform.values``."""

from __future__ import annotations

import math

import pytest
from spreadjobs_conform.values import difference, show

SAME = [
    None,
    True,
    0,
    -1,
    2**63,
    math.pi,
    -0.0,
    math.nan,
    math.inf,
    complex(-0.0, math.nan),
    "text",
    b"bytes",
    bytearray(b"bytes"),
    [1, [2]],
    (1, (2,)),
    {"a": 1, 1: None},
    {1, 2},
    frozenset({(1, 2)}),
]


@pytest.mark.parametrize("value", SAME, ids=show)
def test_equal_values_of_the_same_type_do_not_differ(value: object) -> None:
    """A value does not differ from its like. [DATA-1]"""
    assert difference(value, value, by_number=False) is None


@pytest.mark.parametrize(
    ("due", "came"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        (math.nan, 1.0),
        (1.0, 2.0),
        (complex(0.0, 0.0), complex(0.0, -0.0)),
        ("a", "b"),
        ("a", b"a"),
        (b"a", bytearray(b"a")),
        ([1], (1,)),
        ([1], [1, 2]),
        ([1, 2], [1, 3]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ({1: "x"}, {True: "x"}),
        ({1, 2}, {1, 3}),
        ({1}, {True}),
        ({1}, frozenset({1})),
    ],
)
def test_values_that_differ_in_value_or_type_differ(due: object, came: object) -> None:
    """What is not equal and of the same type is said, with both values. [DATA-1]"""
    found = difference(due, came, by_number=False)

    assert found is not None
    assert "due" in found


def test_difference_names_the_place() -> None:
    """The path to the first difference is in the text."""
    found = difference({"k": [0, (1, 2)]}, {"k": [0, (1, 3)]}, by_number=False)

    assert found == "3 came at ['k'][1][1], 2 was due"


@pytest.mark.parametrize(("due", "came"), [(1, 1.0), (1e5, 100000), (-0.0, 0), ((1, 2), [1, 2]), ([(1,)], [[1.0]])])
def test_json_compares_numbers_as_numbers_and_tuples_as_arrays(due: object, came: object) -> None:
    """By number, an int equals the float of that value, and a tuple is an array. [DATA-1]"""
    assert difference(due, came, by_number=True) is None


@pytest.mark.parametrize(("due", "came"), [(1, True), (1, 2.0), (1, "1"), ([1], [1, 1])])
def test_json_still_keeps_apart_what_differs(due: object, came: object) -> None:
    """By number, a bool is no number and other numbers differ. [DATA-1]"""
    assert difference(due, came, by_number=True) is not None


def test_show_is_short_for_anything() -> None:
    """Values of any size and depth, and those that hold themselves, have a short text."""
    endless: list[object] = []
    endless.append(endless)
    doubled: object = ()
    for _ in range(60):
        doubled = (doubled, doubled)
    big: list[object] = [10**5000, b"x" * 10**6, bytearray(10**6), "x" * 10**6, endless, doubled, list(range(10**5))]

    assert all(len(show(value)) < 1000 for value in big)
    assert show(b"short") == "b'short'"
    assert show(10**5000).startswith("<an int of")


def test_texts_that_look_alike_are_told_apart() -> None:
    """A character composed and decomposed, and one that cannot be seen, come with escapes; others as they are."""
    composed = difference("e\u0301", "\u00e9", by_number=False)

    assert composed == "'\\xe9' came, 'e\\u0301' was due"
    assert difference("a\u200d", "a", by_number=False) == "'a' came, 'a\\u200d' was due"
    assert difference({"\u00c5": 1}, {"\u212b": 1}, by_number=False) == "the keys ['\\u212b'] came, ['\\xc5'] were due"
    assert difference("\u6f22", "x", by_number=False) == "'x' came, '\u6f22' was due"
