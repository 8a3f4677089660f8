"""
Wrong workers that no case finds and ``fuzz`` does: each is found with the default seed, and made small.

That the cases do not find them was seen on all cases when they were written. Here a smoke set is run on each.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest
from kit_runs import kit
from spreadjobs_conform.kill_table import WAYS, folder
from spreadjobs_conform.requirements import load_requirements

FOLDER: Final = folder() / "fuzz"
ROWS: Final[list[dict[str, object]]] = tomllib.loads((FOLDER / "expected.toml").read_text("utf-8"))["worker"]
EACH: Final = [pytest.param(row, id=str(row["file"])) for row in ROWS]
MOST: Final = 400
"""Conversations: fewer than the reference worker has in a minute on two processors."""
SMOKE: Final = (
    "run/*-in-order",
    "busy/*",
    "out/lines*",
    "err/requests*",
    "err/type*",
    "prep/items*",
    "data/*",
    "eof/with-*",
)


def command(file: str, way: str) -> tuple[str, ...]:
    return (sys.executable, "-S", str(FOLDER / f"{file}.py"), *WAYS[way].worker)


def ways(row: dict[str, object]) -> list[str]:
    found = row["runs"]
    assert isinstance(found, list)
    return [str(way) for way in found]


def test_there_are_ten_and_each_has_its_row() -> None:
    """Every file of the folder is in the table, and breaks what binds workers, as its docstring and its name say."""
    files = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "above")

    assert sorted(str(row["file"]) for row in ROWS) == files
    assert len(files) >= 10
    for row in ROWS:
        breaks = str(row["breaks"])
        text = (FOLDER / f"{row['file']}.py").read_text(encoding="utf-8")
        assert text.startswith(f'"""Breaks {breaks}: ')
        assert str(row["file"]).startswith(breaks.lower().replace("-", "_") + "_")
        assert load_requirements()[breaks].party == "worker"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("row", EACH)
def test_fuzz_finds_it_and_makes_it_small(row: dict[str, object], tmp_path: Path) -> None:
    """A conversation of a handful of messages shows the fault again, and a right worker passes it."""
    way = ways(row)[0]
    wrong, options = command(str(row["file"]), way), WAYS[way].kit
    run = kit("fuzz", "--conversations", str(MOST), "--kinds", "1", "--output", str(tmp_path), *options, "--", *wrong)

    place = sorted(tmp_path.glob("*.json"))[0]
    about = json.loads(place.read_text(encoding="utf-8"))
    named = row.get("named", [row["breaks"]])
    assert run.status == 1, run.out
    assert isinstance(named, list)
    assert {*named} & {*about["requirements"]}, run.out
    assert len(place.with_suffix(".expected").read_text("utf-8").splitlines()) <= 5
    right = command("../right_worker", way)
    again, other = (kit("fuzz", "--again", str(place), "--", *each) for each in (wrong, right))
    assert (again.status, other.status) == (1, 0), again.out + other.out


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("row", EACH)
def test_cases_do_not_find_it(row: dict[str, object]) -> None:
    """The smoke set, the cases that come nearest to the faults, passes."""
    way = ways(row)[0]
    cases = [word for pattern in SMOKE for word in ("--case", pattern)]

    run = kit("--strict", "--all-scored", *cases, *WAYS[way].kit, "--", *command(str(row["file"]), way))

    assert run.status == 0, run.out
    assert " left out)" in run.out
