"""Wrong masters, a few lines each over ours: each is found by the cases about what it breaks, and by no others."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from spreadjobs_conform.requirements import load_requirements
from wrong_masters import CASES, FOLDER, WrongMaster, finding, is_killed, load_table, said_to_break

TABLE = load_table()
BOUND = [each for each in load_requirements().values() if each.party == "master" and each.level != "MAY"]
SMOKE = ("master-run/requests-are-pairs", "master-prep/items-in-order", "master-busy/put-back")
"""What each of them must pass, unless it is about what it breaks; `make masters` has every case on each."""
MATRIX = Path(__file__).parents[1] / "docs" / "master-matrix.md"


@pytest.mark.parametrize("master", TABLE, ids=lambda master: master.name)
def test_a_wrong_master_fails_where_it_is_wrong(master: WrongMaster) -> None:
    """Each case that is about what it breaks fails on it, and those of the smoke set pass."""
    found = {name: finding(CASES[name], master.command, master.codec) for name in {*master.fails, *SMOKE}}

    survived = [name for name in master.fails if not is_killed(master, CASES[name], found[name])]
    assert survived == []
    assert [str(found[name]) for name in SMOKE if found[name] and name not in {*master.fails, *master.may}] == []


@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_ours_passes_the_smoke_set(codec: str) -> None:
    """The wrong ones differ from a right master in nothing but what they break."""
    found = [finding(CASES[name], [sys.executable, str(FOLDER / "ours.py")], codec) for name in SMOKE]

    assert [str(each) for each in found if each] == []


@pytest.mark.parametrize("requirement", [each for each in BOUND if not each.untestable], ids=lambda each: each.id)
def test_each_requirement_of_masters_has_a_case_and_a_wrong_master(requirement: object) -> None:
    """Every MUST and SHOULD that binds masters is what a case is about, and what a wrong master breaks."""
    name = getattr(requirement, "id", "")

    assert [case.id for case in CASES.values() if name in case.requirements] != []
    assert [master.name for master in TABLE if master.breaks == name] != []


def test_the_table_is_that_of_the_files() -> None:
    """Each wrong master is in the table with what it says that it breaks, and each case that it names exists."""
    written = {path.stem.removeprefix("wrong_"): said_to_break(path) for path in FOLDER.glob("wrong_*.py")}

    assert written == {master.name: master.breaks for master in TABLE}
    assert {name for master in TABLE for name in (*master.fails, *master.may)} <= CASES.keys()
    unfit = [master.name for master in TABLE for name in master.fails if master.codec not in CASES[name].codecs]
    assert unfit == []


def test_the_published_matrix_is_that_of_these_cases_and_masters() -> None:
    """docs/master-matrix.md has each wrong master, each case and each requirement: else run ``make masters``."""
    rows = set(re.findall(r"^\| ([^ |]+) \|", MATRIX.read_text("utf-8"), re.MULTILINE))

    assert {master.name for master in TABLE} | {*CASES} | {each.id for each in BOUND} <= rows
