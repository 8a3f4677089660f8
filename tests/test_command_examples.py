"""The READMEs in ``workers/`` are true: every program in them runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

WORKERS: Final = Path(__file__).parents[1] / "workers"
TEMPLATE: Final = WORKERS / "python" / "worker.py"


def blocks(page: Path) -> list[str]:
    """The fenced Python blocks of a page, in order."""
    return re.findall(r"^ *```python\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


COMMANDS: Final = blocks(WORKERS / "command" / "README.md")
FILTERS: Final = blocks(WORKERS / "filter" / "README.md")


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder of its own."""
    path = folder / "program.py"
    path.write_text(program, encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(path)], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_there_are_examples() -> None:
    """A change of the fences must not leave these tests with nothing to run."""
    assert (len(COMMANDS), len(FILTERS)) == (6, 4)
    assert all("assert " in program for program in COMMANDS + FILTERS)


@pytest.mark.parametrize("program", COMMANDS, ids=[f"block {number}" for number in range(1, len(COMMANDS) + 1)])
def test_an_example_of_command_mode_runs(tmp_path: Path, program: str) -> None:
    """Its assertions hold: what the commands wrote is returned line by line, in order. [CMD-1] [SHUT-8]"""
    ended = run(tmp_path, program)

    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("program", FILTERS, ids=[f"block {number}" for number in range(1, len(FILTERS) + 1)])
def test_an_example_of_filters_runs(tmp_path: Path, program: str) -> None:
    """Its assertions hold: lines in are payloads, lines out are answers. [RUN-5]"""
    ended = run(tmp_path, program)

    assert ended.returncode == 0, ended.stderr


def test_an_example_can_fail(tmp_path: Path) -> None:
    """A wrong assertion in a block is found."""
    program = COMMANDS[0].replace("3 poem.txt", "4 poem.txt")
    assert program != COMMANDS[0]

    assert run(tmp_path, program).returncode == 1


def test_the_template_can_be_replaced_and_run_as_its_page_says(tmp_path: Path) -> None:
    """Replace what follows the marked line by the first block, run the second one. [RUN-5]"""
    part, program = blocks(WORKERS / "python" / "README.md")
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines(keepends=True)
    mark = next(number for number, line in enumerate(lines) if line.startswith("# ---- your part"))
    indent = "   "
    mine = "".join(line.removeprefix(indent) for line in part.splitlines(keepends=True))
    (tmp_path / "worker.py").write_text("".join(lines[: mark + 1]) + mine + "".join(lines[-2:]), encoding="utf-8")

    ended = run(tmp_path, program + "print(results, outputs)\n")

    assert ended.stdout == "[1, 4, 9] [[], []]\n", ended.stderr


def test_the_template_is_a_program(tmp_path: Path) -> None:
    """It can be copied and started by its own name."""
    copy = shutil.copy(TEMPLATE, tmp_path)

    ended = subprocess.run([copy], input=b"", capture_output=True, timeout=60, check=False)

    assert (ended.returncode, ended.stdout) == (0, b""), ended.stderr
