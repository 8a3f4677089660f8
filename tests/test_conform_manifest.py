"""Tests of ``spreadjobs_conform.manifest``."""

from __future__ import annotations

from pathlib import Path

import pytest
from spreadjobs_conform.candidate import FailingSample, Sample
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.manifest import NAME, Manifest, beside, load_manifest

WHOLE = """
command = ["python3", "worker.py"]
codec = "pickle"
dialect = "tagged"
pickle_protocol = 2
preparation = [1, "two"]
preparation_ends = "count"
lacks = ["op:exit", "type:set"]

[[task]]
payload = {n = 3}
answer = 9

[[task]]
payload_literal = "(1, None, b'x')"

[[task]]
payload = 1
answer_literal = "None"

[raises]
payload = -1
type = "ValueError"
message = "negative"
"""


def load(folder: Path, text: str) -> Manifest:
    """The manifest with this text."""
    path = folder / "worker.toml"
    path.write_text(text, encoding="utf-8")
    return load_manifest(path)


def test_whole_manifest_is_read(tmp_path: Path) -> None:
    """Every key is read, with literals for what TOML cannot say."""
    assert load(tmp_path, WHOLE) == Manifest(
        command=("python3", "worker.py"),
        codec="pickle",
        dialect="tagged",
        pickle_protocol=2,
        preparation=(1, "two"),
        preparation_ends="count",
        samples=(
            Sample({"n": 3}, 9, known=True),
            Sample((1, None, b"x"), None, known=False),
            Sample(1, None, known=True),
        ),
        failing=FailingSample(-1, "ValueError", "negative"),
        lacks=frozenset({"op:exit", "type:set"}),
    )


def test_empty_manifest_declares_nothing(tmp_path: Path) -> None:
    """Every key may be left out."""
    assert load(tmp_path, "") == Manifest()
    assert load(tmp_path, "preparation_literal = '[None, {1}]'").preparation == (None, {1})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("= 3", "Invalid"),
        ("colour = 3", "'colour'"),
        ("command = 'worker.py'", "'command'"),
        ("command = [1]", "'command'"),
        ("command = []", "'command'"),
        ("codec = 'xml'", "'codec'"),
        ("codec = 5", "'codec'"),
        ("dialect = 'old'", "'dialect'"),
        ("pickle_protocol = 9", "'pickle_protocol'"),
        ("pickle_protocol = true", "'pickle_protocol'"),
        ("preparation = 5", "'preparation'"),
        ("preparation = [2020-01-01]", "'preparation' holds 2020-01-01, a date or time"),
        ("task = [{payload = {at = [07:00:00]}}]", "'payload' holds 07:00:00, a date or time"),
        ("preparation_ends = 'eof'", "'preparation_ends'"),
        ("preparation_literal = '['", "'preparation_literal'"),
        ("preparation = []\npreparation_literal = '[]'", "exclude"),
        ("task = 5", "'task'"),
        ("task = [5]", r"'task\[0\]'"),
        ("[[task]]\nanswer = 1", r"task\[0\].'payload' is missing"),
        ("[[task]]\npayload = 1\n[[task]]\npayload = 1\nresult = 2", r"task\[1\].'result'"),
        ("[[task]]\npayload_literal = 5", "'payload_literal'"),
        ("raises = 5", "'raises'"),
        ("[raises]\ntype = 'T'", "raises.'payload'"),
        ("[raises]\npayload = 1\ntype = 5", "raises.'type'"),
        ("lacks = ['op:fly']", "'op:fly'"),
        ("lacks = 'op:exit'", "'lacks'"),
    ],
)
def test_wrong_keys_are_named(text: str, named: str, tmp_path: Path) -> None:
    """What is wrong with a manifest is said with its key."""
    with pytest.raises(UsageFault, match=named):
        load(tmp_path, text)


def test_missing_manifest_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is said."""
    with pytest.raises(UsageFault, match=r"nowhere\.toml"):
        load_manifest(tmp_path / "nowhere.toml")


def test_words_that_name_files_beside_it_become_their_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest can be used from any folder; what is no file beside it is left to PATH."""
    (tmp_path / "worker").touch()
    text = 'command = ["./worker", "python3", "worker", "/bin/sh", "--x"]'
    inside = str(tmp_path / "worker")

    assert load(tmp_path, text).command == (inside, "python3", inside, "/bin/sh", "--x")
    monkeypatch.chdir(tmp_path)
    assert load_manifest(Path("worker.toml")).command == ("./worker", "python3", "worker", "/bin/sh", "--x")


def test_what_is_for_people_is_taken_and_checked(tmp_path: Path) -> None:
    """Needs, packages, build and further files belong to the manifest; the kit makes nothing of them."""
    text = 'needs = "C"\ndebian = ["gcc"]\nbuild = ["cc", "w.c"]\nfiles = ["w.h"]\nconformance_payloads = true'

    assert load(tmp_path, text) == Manifest(conformance_payloads=True)
    for wrong in ("needs = 1", "debian = 'gcc'", "build = []", "files = [1]", "conformance_payloads = 1"):
        with pytest.raises(UsageFault, match=f"'{wrong.split()[0]}'"):
            load(tmp_path, wrong)


def test_the_manifest_of_a_worker_is_found_beside_it(tmp_path: Path) -> None:
    """It must name the worker's file: that of another worker in the folder says nothing of this one."""
    (tmp_path / "mine.pl").touch()
    (tmp_path / "other.pl").touch()
    (tmp_path / NAME).write_text('command = ["perl", "mine.pl"]', encoding="utf-8")

    assert beside(["perl", "-w", str(tmp_path / "mine.pl"), "--codec", "json"]) == tmp_path / NAME
    assert beside(["perl", str(tmp_path / "other.pl")]) is None
    assert beside(["perl", str(tmp_path / "missing.pl")]) is None
    assert beside(["x" * 100_000, "nul\0byte"]) is None


def test_the_manifest_of_what_was_built_may_lie_above_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cargo and others build into folders of their own."""
    built = tmp_path / "target" / "release" / "mine"
    built.parent.mkdir(parents=True)
    built.touch()
    (tmp_path / NAME).write_text('command = ["target/release/mine"]', encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert beside(["target/release/mine"]) == Path(NAME)
    assert load_manifest(Path(NAME)).command == ("target/release/mine",)
