"""What a person at a terminal sees: progress and colour, and neither where they are not wanted."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from kit_scripts import RIGHT, WORKER, python

STRAY: Final = "import sys\nprint('\\x1b]0;owned\\x07', file=sys.stderr)\nprint('loading', flush=True)\n" + RIGHT
QUIET_ENVIRONMENT: Final = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


def at_a_terminal(*words: str, code: str = "", **environment: str) -> tuple[int, str]:
    """Runs the kit with a terminal as its standard output; status and all that was written to it."""
    ours, theirs = pty.openpty()
    program = f"{code}from spreadjobs_conform.__main__ import run; run()"
    clean = {name: value for name, value in os.environ.items() if name not in QUIET_ENVIRONMENT}
    with subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**clean, "TERM": "xterm-256color", **environment},
    ) as kit:
        os.close(theirs)
        pieces: list[bytes] = []
        while piece := _read(ours):
            pieces.append(piece)
        os.close(ours)
        assert kit.stderr is not None
        assert kit.stderr.read() == b""
        status = kit.wait(60)
    return status, b"".join(pieces).decode("utf-8").replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""  # Linux says so when the last writer has gone.


def test_a_terminal_has_progress_and_colour() -> None:
    """How many cases are done, of which family, how many failed; then the report, the failure in red."""
    status, seen = at_a_terminal("--case", "run/task-id-*", "-j", "1", "--", *python(STRAY))

    assert status == 1
    assert "2 of 2 cases, run, 2 failed" in seen
    assert "\x1b[1;31mFAIL  run/task-id-0  (MUST WIRE-4, WIRE-1, PKL-4)\x1b[0m" in seen
    assert "\x1b[1;31mNOT CONFORMANT\x1b[0m" in seen


def test_a_workers_escapes_do_not_reach_the_terminal() -> None:
    """A worker cannot set the title of the window through its standard error."""
    _, seen = at_a_terminal("--case", "run/task-id-0", "--", *python(STRAY))

    assert "\\x1b]0;owned\\x07" in seen
    assert "\x1b]0;" not in seen


@pytest.mark.parametrize(
    ("words", "environment", "code"),
    [
        ((), {"NO_COLOR": "1"}, ""),
        ((), {}, "import sys; sys.modules['rich.console'] = None; "),
    ],
    ids=["NO_COLOR", "without-rich"],
)
def test_styles_are_left_out(words: tuple[str, ...], environment: dict[str, str], code: str) -> None:
    """With NO_COLOR, or without rich, the text is plain: nothing coloured or bold, no cursor moved, no escape."""
    status, seen = at_a_terminal("--case", "run/task-id-0", *words, "--", *python(STRAY), code=code, **environment)

    assert status == 1
    assert "CONFORMANT" in seen
    assert "\\x1b]0;owned\\x07" in seen
    assert "\x1b" not in seen


def test_no_color_means_nothing_bold_either() -> None:
    """With NO_COLOR, what would be red and bold is plain."""
    _, seen = at_a_terminal("-q", "--case", "run/task-id-0", "--", *python(STRAY), NO_COLOR="1")

    assert "FAIL  run/task-id-0" in seen
    assert "\x1b[" not in seen


def test_lines_are_as_wide_as_the_terminal() -> None:
    """What came, the rule and the cure are folded where the terminal ends; the command line is not."""
    _, seen = at_a_terminal("-q", "--case", "run/task-id-0", "--", *python(STRAY), NO_COLOR="1", COLUMNS="60")

    block, _, _ = seen.partition("  again:")
    assert max(map(len, block.splitlines())) <= 78
    assert [
        line for line in block.splitlines() if len(line) > 60 and "  6c 6f " not in line and "its bytes" not in line
    ] == []


def test_quiet_shows_no_progress() -> None:
    """-q has the verdict alone, in colour."""
    status, seen = at_a_terminal("-q", "--case", "run/task-id-0", "--", *WORKER)

    assert status == 0
    assert re.fullmatch(r"\x1b\[33mCONFORMANT in what was selected \(\d+ cases left out\)\x1b\[0m\n", seen)


def test_a_pipe_gets_plain_text(tmp_path: Path) -> None:
    """Piped, there is neither progress nor colour, even if the environment asks for colour."""
    out = tmp_path / "out"
    with out.open("wb") as stream:
        subprocess.run(
            [sys.executable, "-m", "spreadjobs_conform", "--case", "run/task-id-0", "--", *WORKER],
            stdout=stream,
            check=True,
            timeout=60,
            env={**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color"},
        )

    text = out.read_text(encoding="utf-8")
    # On a slow machine a note stands between the two; the manifest beside the worker is told of.
    assert re.fullmatch(r"as .*\n  run    1 pass\n(Note: .*\n)?\n1 pass in .* s\nCONFORMANT in .*\n", text)
    assert "\x1b" not in text
