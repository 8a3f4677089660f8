"""Jobs and accounts, as ``spec/1.0/masters.md`` has them: what the kit writes, and what it makes of what it reads."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spreadjobs_conform.findings import NotTestable
from spreadjobs_conform.masters.account import (
    Account,
    AccountError,
    Answered,
    Cancelled,
    Failed,
    Quarantined,
    read_account,
    told,
)
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.marks import MarkError, PathArgument, marked, unmarked
from spreadjobs_conform.values import difference

ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters()),
    st.binary(),
    st.complex_numbers(allow_nan=False, allow_infinity=False),
)
KEYS = st.one_of(st.text(max_size=3), st.just("$bytes"), st.integers(), st.tuples(st.integers()))
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=3),
        st.sets(st.integers(), max_size=3),
        st.frozensets(st.integers(), max_size=3),
        st.binary().map(bytearray),
    ),
    max_leaves=8,
)


@given(VALUES)
def test_a_value_is_the_same_after_its_form(value: object) -> None:
    """Every value of the data model has a form that JSON carries, and comes back from it with its type. [DATA-1]"""
    written = json.dumps(marked(value), allow_nan=False)

    assert difference(value, unmarked(json.loads(written)), by_number=False) is None


def test_forms_are_those_of_the_text() -> None:
    """Values that JSON has stand for themselves; the others have one key that begins with a dollar sign."""
    forms: list[tuple[object, object]] = [
        ({"n": [1, 2.5, "a", None, True]}, {"n": [1, 2.5, "a", None, True]}),
        (b"\x00\xff", {"$bytes": "00ff"}),
        (bytearray(b"\x01"), {"$bytearray": "01"}),
        ((1, (2,)), {"$tuple": [1, {"$tuple": [2]}]}),
        ({3}, {"$set": [3]}),
        (frozenset(), {"$frozenset": []}),
        (1.5 - 2j, {"$complex": [1.5, -2.0]}),
        (math.inf, {"$float": "inf"}),
        (2**53, {"$int": "9007199254740992"}),
        ("h\ud800", {"$str": [104, 55296]}),
        ({"$x": 1}, {"$dict": [["$x", 1]]}),
        ({1: 2}, {"$dict": [[1, 2]]}),
        (PathArgument(b"/tmp\xff"), {"$path": "2f746d70ff"}),
    ]

    assert [marked(value) for value, _ in forms] == [form for _, form in forms]


def test_what_is_outside_of_the_data_model_has_no_form() -> None:
    """A case that would send such a value is a fault of the case."""
    with pytest.raises(TypeError, match="Path is no type of the data model"):
        marked(Path("a"))


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ({"$date": "2030-01-02"}, r"\$date is none of \$bytes"),
        ({"$bytes": "zz"}, r"\$bytes holds 'zz'"),
        ({"$bytes": 5}, r"\$bytes holds 5: a string is due"),
        ({"$tuple": "ab"}, r"\$tuple holds 'ab': an array is due"),
        ({"$complex": [1.0]}, r"\$complex holds \[1.0\]"),
        ({"$complex": [1.0, "2"]}, r"\$complex holds .*: two numbers are due"),
        ({"$dict": [1]}, r"\$dict holds \[1\]: pairs are due"),
        ({"$str": [104.5]}, r"\$str holds \[104.5\]: a string is due"),
        ({"$set": [[1]]}, r"\$set holds"),
    ],
)
def test_form_that_is_none_is_named(written: object, named: str) -> None:
    """What stands where a form is due, and is none, is quoted."""
    with pytest.raises(MarkError, match=named):
        unmarked(written)


def test_account_is_read() -> None:
    """Each outcome has its kind, and texts with lone surrogates have their form."""
    failed = {"type": "ValueError", "message": {"$str": [97, 56575]}, "traceback": "", "task": 1, "worker": "2.1"}
    account = {
        "outcomes": [{"answered": {"$tuple": [1]}}, {"failed": failed}, {"quarantined": "a\nb"}, {"cancelled": "c"}],
        "outputs": [["bye\n", {"$str": [56575]}], []],
        "error": "one is missing",
    }

    read = read_account(json.dumps(account).encode())

    error = Failed(type_name="ValueError", message="a\udcff", traceback="", task=1, worker="2.1")
    assert read == Account(
        fates=(Answered((1,)), error, Quarantined("a\nb"), Cancelled("c")),
        outputs=(("bye\n", "\udcff"), ()),
        error="one is missing",
    )
    assert [told(fate) for fate in read.fates] == [
        "is answered with (1,)",
        "failed: ValueError: a\udcff",
        "was set aside: a | b",
        "was cancelled: c",
    ]


def test_account_may_lack_what_was_not_begun() -> None:
    """Where nothing of the job was begun, the error alone is an account."""
    assert read_account(b'{"error": "the untagged dialect goes with pickle alone"}') == Account(
        error="the untagged dialect goes with pickle alone"
    )


def test_what_a_master_cannot_do_is_no_failure() -> None:
    """An adapter that says ``cannot`` makes a case one that could not be made."""
    with pytest.raises(NotTestable, match="the master says that it cannot do this: the dialect untagged"):
        read_account(b'{"cannot": "the dialect untagged"}')


@pytest.mark.parametrize(
    ("printed", "named"),
    [
        (b"", "it is no JSON in UTF-8"),
        (b'"\xff"', "it is no JSON in UTF-8"),
        (b"[1]", "it is no object"),
        (b'{"results": []}', "it has the key 'results'"),
        (b'{"error": 5}', "error is neither null nor a string"),
        (b'{"outcomes": {}}', "outcomes is no array"),
        (b'{"outcomes": [1]}', r"outcomes\[0\] is 1; an object with one of the keys answered, failed"),
        (b'{"outcomes": [{"done": 1}]}', r"outcomes\[0\] is {'done': 1}"),
        (b'{"outcomes": [{"answered": {"$bytes": 1}}]}', r"outcomes\[0\]: \$bytes holds 1"),
        (b'{"outcomes": [{"failed": "oh"}]}', r"outcomes\[0\]: failed is 'oh'; an object with the keys type, message"),
        (b'{"outputs": [{"$x": 1}]}', r"outputs\[0\]: \$x is none of"),
        (b'{"outputs": ["bye"]}', r"outputs\[0\] is no array of strings"),
        (b'{"outputs": [[1]]}', r"outputs\[0\] is no array of strings"),
    ],
)
def test_what_is_no_account_is_named(printed: bytes, named: str) -> None:
    """The place and what is due there are told."""
    with pytest.raises(AccountError, match=named):
        read_account(printed)


@pytest.mark.parametrize(("key", "wrong"), [("task", "1"), ("task", True), ("message", None), ("type", {"$int": "x"})])
def test_failure_with_a_field_of_the_wrong_type_is_named(key: str, wrong: object) -> None:
    """Each field of a failure has its type. [ERR-5]"""
    failed = {"type": "E", "message": "m", "traceback": "", "task": 0, "worker": "1.1", key: wrong}

    with pytest.raises(AccountError, match=rf"outcomes\[0\]: failed.{key}"):
        read_account(json.dumps({"outcomes": [{"failed": failed}]}).encode())


def test_job_has_every_key(tmp_path: Path) -> None:
    """The file of a job has all that the text lists, the limits among it, whatever the job is."""
    place = tmp_path / "job.json"

    Job(tasks=[b"a"], codec="pickle", workers=1, task_timeout_s=2.5).write(place, [["python3", 1, PathArgument(b"p")]])

    assert json.loads(place.read_text("utf-8")) == {
        "job": "1.0",
        "codec": "pickle",
        "dialect": "tagged",
        "pickle_protocol": 4,
        "workers": [["python3", 1, {"$path": "70"}]],
        "preparation": [],
        "tasks": [{"$bytes": "61"}],
        "settings": {
            "max_attempts": 3,
            "task_timeout_s": 2.5,
            "shutdown_timeout_s": 30.0,
            "command_timeout_s": None,
            "max_message_bytes": None,
        },
    }
