"""Tests of whole runs of ``spread-jobs-conform fuzz``: what is found, told, kept, and played again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from kit_runs import Run, kit
from kit_scripts import ANSWERS, DIES, ECHO, RIGHT, WORKER, python

PREPARES = "while load(read) is not None:\n    pass\n"
ENDS = "try:\n    while load(read) is not None: pass\nexcept EOFError:\n    sys.exit()\n"
SERVES = (
    ECHO.replace(PREPARES, ENDS)
    + """
kept, refused = [], {}
def perform(i, p):
    op = p.get("op") if isinstance(p, dict) else None
    if op == "echo": return ((i, p["value"]), None, None)
    if op == "print": return ((i, None), p["out"], p["err"])
    if op == "sleep": return ((i, time.sleep(p["seconds"])), None, None)
    if op == "exit": sys.exit(p["status"])
    if op == "busy":
        refused[p["key"]] = refused.get(p["key"], 0) + 1
        if refused[p["key"]] <= p["times"]: return (("TooBusy", i, p["delay_s"]), None, None)
        return ((i, "done"), None, None)
    if op == "raise": return (("RemoteException", i, p["type"], p["message"], ""), None, None)
    return (("RemoteException", i, "NoSuchOp", "", ""), None, None)
for i, p in requests(): send(perform(i, p))
"""
)
"""Serves all payloads but ``prepared``."""


FAILURE = "('RemoteException', i, 'E', 'no', '')"


def explored(folder: Path, command: tuple[str, ...], *words: str, count: int = 30) -> Run:
    """A short run that keeps what it finds in a folder."""
    return kit("fuzz", "--conversations", str(count), "--output", str(folder), *words, "--", *command)


def vectors(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def test_nothing_is_found_in_a_right_worker(tmp_path: Path) -> None:
    """Status 0, and what was explored: seed, conversations, transitions and payloads; no file is made."""
    run = explored(tmp_path / "out", python(SERVES))

    assert run.status == 0, run.out + run.err
    assert run.out.startswith("\nseed 1: 30 conversations in ")
    assert "running: request read" in run.out
    assert re.search(r"payloads: .*echo \d+", run.out)
    assert "prepared" not in run.out, "it serves no such payload"
    assert run.out.endswith("NO FAULT FOUND in 30 conversations\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [(), ("--codec", "json"), ("--dialect", "untagged")])
def test_the_reference_worker_is_right(tmp_path: Path, words: tuple[str, ...]) -> None:
    """In each codec and dialect that it speaks."""
    run = explored(tmp_path, (*WORKER, *words), *words)

    assert run.status == 0, run.out + run.err


def test_a_fault_is_told_kept_and_found_again(tmp_path: Path) -> None:
    """The smallest conversation reads like a failure of a case, and its vector shows the fault, and only the fault."""
    wrong = SERVES.replace('p["value"]), None', 'p["value"] if p["value"] != [] else None), None')
    wrong_again = python(wrong)
    run = explored(tmp_path, wrong_again, count=100)

    (place,) = vectors(tmp_path)
    assert run.status == 1
    assert "(MUST DATA-1, OPS-1)" in run.out
    for label in ("shows:", "came:", "due:", "rule:", "conversation:", "moves:", "files:"):
        assert f"  {label}" in run.out
    assert f"again:  spread-jobs-conform fuzz --again {place} -- " in run.out
    assert run.out.endswith("NOT CONFORMANT: 1 kind of failures\n")
    about = json.loads(place.read_text(encoding="utf-8"))
    assert (about["requirements"], about["comes_and_goes"]) == (["OPS-1", "DATA-1"], False)
    expected = [json.loads(line) for line in place.with_suffix(".expected").read_text("utf-8").splitlines()]
    assert expected == [{"id": 20_000, "answer": []}, {"exit": 0, "level": "SHOULD"}]

    again = kit("fuzz", "--again", str(place), "--", *wrong_again)
    right = kit("fuzz", "--again", str(place), "--", *python(SERVES))

    assert (again.status, right.status) == (1, 0), again.out + right.out
    assert "FAIL  fuzz/fuzz-1-" in again.out
    assert again.out.endswith("NOT CONFORMANT\n")
    assert "3 times of 3" in right.out


def test_the_same_seed_finds_the_same_whatever_runs_side_by_side(tmp_path: Path) -> None:
    """Conversations and their order depend on the seed alone."""
    wrong = python(SERVES.replace('"done"', '"finished"'))
    runs = [explored(tmp_path / jobs, wrong, "-j", jobs) for jobs in ("1", "3")]

    names = [[place.name for place in vectors(tmp_path / jobs)] for jobs in ("1", "3")]
    told = [run.out.partition("  transitions: ")[2].partition("\nNOT")[0] for run in runs]

    assert names[0] == names[1] != []
    assert told[0] == told[1] != ""
    assert explored(tmp_path / "other", wrong, "--seed", "2").out != runs[0].out


def test_a_fault_that_comes_and_goes_is_said_to(tmp_path: Path) -> None:
    """What is not seen again is told with what was seen, and fails the run."""
    mark = tmp_path / "failed"
    once = f"\nimport pathlib\nfirst = not pathlib.Path({str(mark)!r}).exists()\n"
    wrong = SERVES.replace("kept, refused", once + "kept, refused").replace(
        'return ((i, "done"), None, None)',
        f"\n        if first and p['key'] != 'key': pathlib.Path({str(mark)!r}).touch()\n"
        '        return ((i, "gone" if first and p["key"] != "key" else "done"), None, None)',
    )
    run = explored(tmp_path / "out", python(wrong), "-j", "1", count=60)

    assert run.status == 1, run.out
    assert "it was not seen again in 3 tries: it comes and goes" in run.unfolded
    (place,) = vectors(tmp_path / "out")
    assert json.loads(place.read_text(encoding="utf-8"))["comes_and_goes"] is True


def test_a_should_counts_if_it_is_asked_for(tmp_path: Path) -> None:
    """An exit status other than 0 at the end of input is told apart, and fails the run with --strict alone. [SHUT-5]"""
    wrong = python(SERVES + "\nsys.exit(3)")
    lax, strict = (explored(tmp_path, wrong, *words) for words in ((), ("--strict",)))

    assert (lax.status, strict.status) == (0, 1)
    assert "(SHOULD SHUT-5)" in lax.out
    assert lax.out.endswith("NO FAULT FOUND in 30 conversations, but for 1 SHOULD\n")
    place = vectors(tmp_path)[0]
    assert kit("fuzz", "--again", str(place), "--", *wrong).status == 0
    assert kit("fuzz", "--strict", "--again", str(place), "--", *wrong).status == 1


def test_failures_of_one_kind_are_folded_and_many_kinds_end_the_run(tmp_path: Path) -> None:
    """A worker that answers nothing rightly is not told a hundred times."""
    run = explored(tmp_path, python(ANSWERS), count=100)

    assert run.status == 1
    assert len(vectors(tmp_path)) == run.out.count("\nFAIL  ") <= 8
    assert "failed in the same way" in run.unfolded


def test_a_worker_that_leaves_by_itself_is_not_wrong(tmp_path: Path) -> None:
    """After three tasks, say: neither while its input is open, nor where that has ended meanwhile. [RUN-13]"""
    leaves = SERVES.replace("for i, p in requests():", "for n, (i, p) in zip(range(3), requests()):")
    run = explored(tmp_path, python(leaves))

    assert run.status == 0, run.out
    assert re.search(r"\d+ conversations in which the worker left by itself, as RUN-13 allows", run.out)


def test_nothing_is_shown_by_a_worker_that_always_leaves(tmp_path: Path) -> None:
    """If the worker leaves in each conversation, status 3 says that nothing was tested. [RUN-13]"""
    leaves = SERVES.replace("for i, p in requests():", "for i, p in [next(requests())]:")
    run = explored(tmp_path, python(leaves), count=1)

    assert run.status == 3, run.out
    assert "NOTHING FAILED" in run.out


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--", "./no-such-worker"), 4, "could not be started"),
        (("--codec", "json", "--", *python(RIGHT)), 2, "give --codec pickle"),
        (
            ("--", *python(RIGHT.replace("(i, p.get('value'))", "('RemoteException', i, 'E', 'no', '')"))),
            2,
            "section 14",
        ),
        (("--again", "none.json", "--", *DIES), 2, "none.json"),
    ],
)
def test_what_cannot_be_explored_is_said(words: tuple[str, ...], status: int, said: str) -> None:
    """The statuses are those of a run: 2 for usage, 4 for a worker that cannot be started."""
    run = kit("fuzz", *words)

    assert run.status == status
    assert said in run.err


def test_a_vector_is_played_in_its_own_language_alone(tmp_path: Path) -> None:
    """An option that says otherwise is refused."""
    wrong = python(SERVES.replace('"done"', '"finished"'))
    explored(tmp_path, wrong)
    place = str(vectors(tmp_path)[0])

    other = kit("fuzz", "--pickle-protocol", "2", "--again", place, "--", *wrong)

    assert other.status == 2
    assert "--pickle-protocol" in other.err
    assert kit("fuzz", "--pickle-protocol", "4", "--again", place, "--", *wrong).status == 1
