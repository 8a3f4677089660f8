"""Tests of ``spreadjobs_conform.baseline_toml``: reading, adding and removing entries."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spreadjobs_conform.baseline import Baseline, Entry
from spreadjobs_conform.baseline_toml import TODO, fails_with, load_baseline, replace, with_failures, without
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.verdicts import Status, Verdict

CASES: Final = {case.id: case for case in all_cases()}
FULL: Final = """\
[known."data/sets"]
reason = "numpy has no frozenset"
fails_with = "frozenset"
review = 2027-01-31
[flaky."run/task-id-0"]
reason = "a race"
"""


def failure(case: str = "data/sets", came: str = "", hang: str = "", due: str = "a set") -> Verdict:
    """A case that failed."""
    reason = f"{came}; {due} was due (RUN-5)"
    return Verdict(case=CASES[case], level="MUST", status=Status.FAIL, reason=reason, came=came, due=due, hang=hang)


def read(folder: Path, text: str, *, unfinished: bool = False) -> Baseline:
    """The baseline with this text."""
    path = folder / "baseline.toml"
    path.write_text(text, encoding="utf-8")
    return load_baseline(path, unfinished=unfinished)


def test_entries_are_read(tmp_path: Path) -> None:
    """An entry has a reason, a part of the kit's reason, which a flaky one may lack, and perhaps a day of review."""
    sets = Entry(case="data/sets", fails_with="frozenset", reason="numpy has no frozenset", review=date(2027, 1, 31))

    assert dict(read(tmp_path, FULL).entries) == {
        "data/sets": sets,
        "run/task-id-0": Entry(case="run/task-id-0", flaky=True, reason="a race"),
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[known", "Expected"),
        ("[unknown]", "'unknown'"),
        ("known = 5", "'known'"),
        ("[known]\n'data/sets' = 5", "data/sets"),
        ("[known]\n'data/sets' = 'frozenset'", "a table with reason and fails_with is due"),
        ("[flaky]\n'data/sets' = ' '", "data/sets"),
        ("[known.'data/sets']\nfails_with = 'list'", 'known."data/sets" needs reason, why the failure is tolerated'),
        ("[known.'data/sets']\nreason = ' '\nfails_with = 'list'", 'known."data/sets" needs reason'),
        ("[known.'data/sets']\nreason = 'x'", 'known."data/sets" needs fails_with, a part of the reason'),
        ("[flaky.'data/sets']\nreason = 'x'\nfails_with = 5", 'flaky."data/sets" needs fails_with'),
        (
            "[known.'data/sets']\nreason = 'x'\nfails_with = ' e '",
            "fails_with is ' e ', which is found nearly everywhere",
        ),
        ("[flaky.'data/sets']\nreason = 'x'\nfails_with = 'was'", "4 characters are due"),
        ("[known.'data/sets']\nreason = 'x'\nfails_with = 'list'\nuntil = 1", "unknown key 'until'"),
        ("[known.'data/sets']\nreason = 'x'\nfails_with = 'list'\nreview = '2027-01-31'", "without quotes"),
        ("[known.'data/sets']\nreason = 'x'\nfails_with = 'list'\nreview = 2027-01-31T10:00:00", "a date such as"),
        (
            "known.a = {reason = 'r', fails_with = 'list'}\nflaky.a = {reason = 'r'}",
            "stands in [known] and in [flaky]; keep one",
        ),
        (f"[known.'a/b']\nreason = '{TODO}'\nfails_with = 'list'", 'say why it is tolerated.* known."a/b"'),
    ],
)
def test_wrong_baselines_are_named(text: str, named: str, tmp_path: Path) -> None:
    """What is wrong with a baseline is said with its file and its key."""
    named = named.replace("[", r"\[").replace("]", r"\]")
    with pytest.raises(UsageFault, match=rf"baseline\.toml: .*{named}"):
        read(tmp_path, text)


def test_missing_baseline_is_named(tmp_path: Path) -> None:
    """A baseline that is not there is no empty one."""
    with pytest.raises(UsageFault, match=r"nowhere\.toml"):
        load_baseline(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("verdict", "due"),
    [
        (failure(came="a frozenset came: frozenset({1, 2})"), "a frozenset came: frozenset({"),
        (failure(came="task 179127305"), "; a set was due (RUN-5)"),
        (failure(came="a short", due="x"), "a short; x was due (RUN-5)"),
        (failure(came="no response to request 2 within 5.0 s; it is asleep in read", hang="no response"),
         "no response to request"),
        (failure(came=r"these bytes came: b'\x80\x04K.', no text"), "these bytes came:"),
        (failure(came="b'loading the model\\n' came"), r"b'loading the model\n' came"),
        (failure(came="a lone \ud800surrogate came"), "surrogate came"),
        (failure(came="0x80 came where 0x28 was due"), "0x80 came where 0x28 was due"),
        (failure(came="x" * 300), "x" * 100),
    ],
)  # fmt: skip
def test_failure_is_known_again_by_what_chance_does_not_decide(verdict: Verdict, due: str) -> None:
    """Of the reason, the longest part is taken that has no task ids, times, sizes or binary bytes in it."""
    assert fails_with(verdict) == due
    assert due in verdict.reason


def test_failures_are_added_behind_what_stands_there(tmp_path: Path) -> None:
    """A new entry has a reason that is refused until somebody writes one; older entries stay as they are."""
    added = with_failures(FULL, [failure("data/lists", "a tuple came: ()")])

    assert added == (
        f'{FULL}\n[known."data/lists"]\nreason = "TODO: say why this is tolerated"\nfails_with = "a tuple came: ()"\n'
    )
    with pytest.raises(UsageFault, match=r'known\."data/lists"'):
        read(tmp_path, added)
    assert len(read(tmp_path, added, unfinished=True).entries) == 3
    assert len(read(tmp_path, added.replace("TODO:", "we"), unfinished=False).entries) == 3


def test_nothing_is_added_to_a_form_that_does_not_allow_it() -> None:
    """An inline table cannot be gone on with: that is said, and nothing is written."""
    with pytest.raises(UsageFault, match="added as tables"):
        with_failures("known = {'data/sets' = 'x'}", [failure("data/lists", "a tuple came: ()")])


@given(st.text(max_size=60))
def test_any_reason_survives_the_file(came: str) -> None:
    """Whatever a worker brought into the kit's reason, what is written is read as the same text."""
    verdict = failure(came=came)

    table = tomllib.loads(with_failures("", [verdict]))

    assert table["known"]["data/sets"]["fails_with"] == fails_with(verdict)
    assert fails_with(verdict) in verdict.reason


HEADING: Final = "# Heading of the file.\n"
TABLES: Final = f"""\
{HEADING}
# About sets.
[known."data/sets"]
reason = "x" # not a # header
fails_with = "frozenset"

# About lists,
# in two lines.
[known.'data/lists']
reason = "y"
fails_with = "zzzz"

[flaky."run/task-id-0"] # a race
reason = "r"
"""
SHORT: Final = """\
[known]
# About sets.
"data/sets" = "frozenset"
# About lists.
'data/lists' = "z"
"data/tuples" = "z"

[flaky]
"run/task-id-0" = "r"
"""


@pytest.mark.parametrize(
    ("text", "stale", "left"),
    [
        (TABLES, {"data/sets"}, HEADING + "\n" + TABLES[TABLES.index("# About lists") :]),
        (TABLES, {"data/lists"}, TABLES[: TABLES.index("# About lists")] + TABLES[TABLES.index("[flaky") :]),
        (TABLES, {"run/task-id-0"}, TABLES[: TABLES.index("\n[flaky")]),
        (TABLES, {"data/sets", "data/lists", "run/task-id-0"}, HEADING),
        (SHORT, {"data/sets"}, SHORT.replace('# About sets.\n"data/sets" = "frozenset"\n', "")),
        (SHORT, {"data/lists"}, SHORT.replace("'data/lists' = \"z\"\n", "")),
        (SHORT, {"data/lists", "data/tuples"}, SHORT[: SHORT.index("# About lists")] + SHORT[SHORT.index("\n[fl") :]),
        (SHORT.replace("\n", "\r\n"), {"run/task-id-0"}, SHORT[: SHORT.index('"run')].replace("\n", "\r\n")),
        (
            SHORT + "[known.a]\nreason = 'x'\n",
            {"run/task-id-0"},
            SHORT[: SHORT.index('"run')] + "[known.a]\nreason = 'x'\n",
        ),
        ("known = {'data/sets' = 'x'}\n", {"data/sets"}, None),
        ("[known]\n'data/sets' = '''x\n'data/lists' = 'y'\n'''\n", {"data/lists"}, None),
    ],
)
def test_stale_entries_are_removed_and_the_rest_stays(text: str, stale: set[str], left: str | None) -> None:
    """An entry goes with the comment above it; other entries and comments stay; a strange form is left to people."""
    found = without(text, stale)

    assert found == left


def test_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """The new text takes the place of the old one, with its permissions; where that fails, the old one stays."""
    path = tmp_path / "baseline.toml"
    link = tmp_path / "link.toml"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    link.symlink_to(path)

    replace(link, "new\r\n")

    assert (path.read_bytes(), path.stat().st_mode & 0o777, link.is_symlink()) == (b"new\r\n", 0o640, True)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageFault, match="folder cannot be written"):
        replace(tmp_path / "folder", "text")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["baseline.toml", "folder", "link.toml"]
