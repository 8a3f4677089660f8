"""Tests of ``spreadjobs_conform.kill_table``."""

from __future__ import annotations

import re

import pytest
from spreadjobs_conform.findings import HarnessFault
from spreadjobs_conform.kill_table import folder, load_table, parse_table, unknown_cases

HEAD = """
[sample]
pickle = ["run/one", "run/two"]
json = []
untagged = []
command = []
[touches.some]
"err/*" = "has a failure"
"""
ROW = """
[[worker]]
file = "run_3_odd"
breaks = "RUN-3"
runs = ["pickle", "json"]
fails = ["run/three"]
passes = ["err/four"]
touches = ["some"]
[worker.may_fail]
"run/two" = "comes next"
"""


def test_row_is_read_with_what_it_shares() -> None:
    """A case may fail if a pattern fits it, of the row or of a shared set, and neither of its other columns has it."""
    worker = parse_table(HEAD + ROW).workers[0]

    assert (worker.file, worker.breaks, worker.runs) == ("run_3_odd", "RUN-3", ("pickle", "json"))
    assert worker.may("err/five")
    assert worker.may("run/two")
    assert not worker.may("err/four")
    assert not worker.may("run/three")
    assert not worker.may("run/one")


def test_smoke_set_leaves_out_what_may_fail() -> None:
    """A worker is run on its own cases, those that it must pass, and what it must pass of the sample."""
    table = parse_table(HEAD + ROW)

    assert table.cases(table.workers[0], "pickle") == ("run/three", "err/four", "run/one")
    assert table.cases(table.workers[0], "json") == ("run/three", "err/four")


def test_row_that_waits_for_nothing_is_told() -> None:
    """Cases that do not exist, and patterns that fit none, are told by worker."""
    table = parse_table(HEAD + ROW)

    assert unknown_cases(table, ["run/one", "run/two", "run/three", "err/four"]) == []
    assert unknown_cases(table, ["run/one", "run/three"]) == [
        "sample: run/two",
        "run_3_odd: err/four",
        "run_3_odd: run/two",
        "run_3_odd: err/*",
    ]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "has no table [touches]"),
        (HEAD, "no [[worker]]"),
        (HEAD.replace("json = []", ""), "[sample] must have the ways"),
        (HEAD.replace("json = []", "json = [1]"), "sample.json must be a list of strings"),
        (HEAD.replace('"has a failure"', "5"), "touches.some must be a table of patterns with reasons"),
        (HEAD + ROW.replace('breaks = "RUN-3"', ""), "run_3_odd"),
        (HEAD + ROW.replace('fails = ["run/three"]', ""), "run_3_odd lacks runs or fails"),
        (HEAD + ROW.replace("passes", "posses"), "['posses']"),
        (HEAD + ROW.replace('"json"', '"xml"'), "run_3_odd"),
        (HEAD + ROW.replace('["some"]', '["none"]'), "run_3_odd"),
        (HEAD + ROW.replace('"comes next"', '""'), "run_3_odd.may_fail"),
        ("worker = [5]" + HEAD, "a [[worker]] is no table"),
    ],
)
def test_damaged_table_is_a_fault_of_the_kit(text: str, named: str) -> None:
    """What is no table is refused with the place, so that no selftest passes for lack of rows."""
    with pytest.raises(HarnessFault, match=re.escape(named)):
        parse_table(text)


def test_table_lies_in_the_package() -> None:
    """An installed kit has its wrong workers with it."""
    assert load_table().workers
    assert (folder() / "right_worker.py").is_file()
