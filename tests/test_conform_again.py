"""Tests of ``spreadjobs_conform.again``: the command line that runs a worker again."""

from __future__ import annotations

import shlex
import subprocess
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spreadjobs_conform.again import again, misfit
from spreadjobs_conform.candidate_record import declared
from spreadjobs_conform.options import RunOptions, parse

LINES: Final = (
    "-- w 'a b'",
    "--class command -- ls -l",
    "--codec json --timeout-scale 3 -- w",
    "--dialect untagged --pickle-protocol 1 --all-scored --no-manifest -- w",
    "--codec pickle --dialect tagged --timeout-scale 1 -- w {}",
)


def of(words: list[str]) -> tuple[str, dict[str, object]]:
    """The line of a run with these words, and what matters of the header of its report."""
    options = parse(words)
    assert isinstance(options, RunOptions)
    more = {"timeout_scale": options.timeout_scale, "all_scored": options.all_scored}
    return options.again, {**declared(options.candidate), **more}


@pytest.mark.parametrize("words", LINES)
def test_the_line_of_a_run_fits_its_header(words: str) -> None:
    """No honest report contradicts itself, whatever was given; protocol 1 is not taken for a default."""
    line, header = of(["run", *shlex.split(words)])

    assert misfit(line, header) == ""
    assert ("--pickle-protocol 1" in line) == ("protocol 1" in words)


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (LINES[0], "class", "command"),
        (LINES[1], "command", ["ls", "-a"]),
        (LINES[2], "codec", "pickle"),
        (LINES[3], "pickle_protocol", 2),
        (LINES[3], "protocol_given", False),
        (LINES[3], "all_scored", False),
        (LINES[0], "protocol_given", True),
    ],
)
def test_an_edited_header_does_not_fit(words: str, key: str, value: object) -> None:
    """Each field that the line has is compared."""
    line, header = of(["run", *shlex.split(words)])

    assert misfit(line, {**header, key: value})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rm -rf ~ {} -- w",
        "spread-jobs-conform {} -- w; rm -rf ~",
        "spread-jobs-conform --report x {} -- w",
        "spread-jobs-conform --codec {} -- w",
        "spread-jobs-conform ' {} -- w",
        "spread-jobs-conform  {} -- w",
    ],
)
def test_another_command_does_not_fit(text: str) -> None:
    """A line that a person copies into a shell can be no other than the kit's."""
    _, header = of(["run", "--", "w"])

    assert misfit(text, header)


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1))
@settings(deadline=None, max_examples=20)
def test_a_shell_reads_the_words_of_the_worker(word: str) -> None:
    """Line ends and what is unseen are escaped, in one line, and bash has the same word of it."""
    line = again({}, ["printf", "%s", word])

    assert line.isprintable()
    shell = ["bash", "-c", line.replace("spread-jobs-conform {} -- ", "")]
    done = subprocess.run(shell, capture_output=True, check=True, timeout=60)
    assert done.stdout == word.encode()
