"""Tests of ``spreadjobs_conform.manifest``."""

from __future__ import annotations

from pathlib import Path

import pytest
from spreadjobs_conform.candidate import FailingSample, Sample
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.manifest import Manifest, load_manifest

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
