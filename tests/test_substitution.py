"""append, replace and Replace make argument lists of others and leave those as they are."""

from __future__ import annotations

import re

import pytest

from spreadjobs.arglists import read_arglists
from spreadjobs.substitution import BadArgumentList, Replace, append, replace


def test_append_adds_to_each() -> None:
    """Each list becomes a tuple with more at its end, and can be given to main()."""
    template = [["cat"], ["ls"]]
    lists = append(template, "-u", 1)

    assert lists == [("cat", "-u", 1), ("ls", "-u", 1)]
    assert template == [["cat"], ["ls"]]
    assert [slot.arguments for slot in read_arglists(lists)] == [("cat", "-u", "1"), ("ls", "-u", "1")]


def test_replace_works_pair_by_pair() -> None:
    """A later pair sees what an earlier one made."""
    assert replace([["ssh", "HOST"]], "HOST", "h1", "h(.)", r"node\1") == [["ssh", "node1"]]


def test_replace_takes_compiled_patterns_and_functions() -> None:
    """What re.sub takes, replace takes."""
    assert replace([["Abc"]], re.compile("b", re.IGNORECASE), lambda match: match.group().upper()) == [["ABc"]]


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [(len, "x", "a str or a compiled pattern is due"), ("x", re.compile("y"), "a str or a function is due")],
)
def test_replace_refuses_a_pair_the_wrong_way_round(
    pattern: str | re.Pattern[str], replacement: str | re.Pattern[str], message: str
) -> None:
    """A function cannot be searched for, a pattern cannot be put in."""
    with pytest.raises(BadArgumentList, match=message):
        replace([["a"]], pattern, replacement)


def test_replace_wants_pairs() -> None:
    """A pattern without its replacement is refused, also where there is nothing to do."""
    with pytest.raises(IndexError, match="pairs of a pattern and a replacement: 3 arguments came"):
        replace([], "a", "b", "c")


@pytest.mark.parametrize("element", ["ab", b"ab", None, 3, {"a"}])
def test_elements_must_be_lists(element: list[str]) -> None:
    """A string in place of an argument list is refused, not taken apart."""
    with pytest.raises(BadArgumentList, match="the list of lists contains"):
        replace([element], "a", "b")
    with pytest.raises(BadArgumentList, match="the list of lists contains"):
        Replace([element], "a", 1, ["b"])


def test_arguments_must_be_text() -> None:
    """An argument that is no str cannot be searched; the error says what to write."""
    with pytest.raises(BadArgumentList, match=r"contains 1, of type int: a str is due; write str\(1\)"):
        replace([["a", 1]], "a", "b")
    with pytest.raises(BadArgumentList, match="contains b'a', of type bytes"):
        Replace([[b"a"]], "a", 1, ["b"])


@pytest.mark.parametrize("kind", [TypeError, ValueError, AssertionError])
def test_misuse_is_caught_under_its_old_name_too(kind: type[Exception]) -> None:
    """Scripts that caught the ancestor's AssertionError still do."""
    with pytest.raises(kind):
        Replace([["a"]], "a", 0, ["b"])


@pytest.mark.parametrize("replacement", [["a"], ["abc"], ["a", "a"]])
def test_replacement_may_match_the_pattern(replacement: list[str]) -> None:
    """The search goes on after the replacement, so it ends."""
    assert Replace([["a", "x", "a"]], "a", 1, replacement) == [[*replacement, "x", *replacement]]


def test_replaced_run_may_reach_over_the_end() -> None:
    """As many arguments go as there are; what follows a run is searched again."""
    assert Replace([["-o", "v", "x", "-o"]], "-o$", 2, ["-p"]) == [["-p", "x", "-p"]]


@pytest.mark.parametrize(
    ("length", "replacement", "message"),
    [
        (0, ["x"], "length=0: 1 or more is due"),
        (1, ("x",), r"replacement=\('x',\): a list of str is due"),
        (1, [None], "contains None, of type NoneType"),
    ],
)
def test_replace_runs_checks_its_arguments(length: int, replacement: list[str], message: str) -> None:
    """Replace says what was due."""
    with pytest.raises(BadArgumentList, match=message):
        Replace([["a"]], "a", length, replacement)
