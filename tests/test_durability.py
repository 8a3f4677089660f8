"""``docs/durability.md``: each promise has a test, and there is a test of that name."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "durability.md").read_text(encoding="utf-8")


def named_tests() -> set[str]:
    """The names of all tests."""
    files = (ROOT / "tests").glob("test_*.py")
    return {
        name
        for file in files
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    }


def test_every_promise_names_tests_that_there_are() -> None:
    """A row of a table of promises ends with the tests that show it."""
    tables = re.findall(r"^\| promise \| shown by \|\n\|---\|---\|\n((?:\|.*\|\n)+)", PAGE, re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]

    assert len(rows) >= 10
    for row in rows:
        _, promise, shown_by, _ = row.split("|")
        named = re.findall(r"`(test_\w+)`", shown_by)
        assert named, f"nothing shows: {promise}"
        assert not {*named} - named_tests(), promise
