"""The README is true: its programs run, its commands print what it says, its links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Each command of the console blocks with the output that the README shows for it."""
    pairs = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            pairs.append((command, output))
    return pairs


@pytest.fixture(name="folder")
def folder_of_programs(tmp_path: Path) -> Path:
    """A folder with the README's programs under the names that it gives them, and the template to copy."""
    for block in blocks("python"):
        name = re.match(r"# (\w+\.py)\n", block)
        assert name is not None, f"the first line names no file: {block[:40]!r}"
        (tmp_path / name[1]).write_text(block, encoding="utf-8")
    shutil.copy(ROOT / "workers/python/worker.py", tmp_path)
    return tmp_path


def test_the_readme_has_programs_and_commands() -> None:
    """A change of the fences must not leave these tests with nothing to run."""
    assert len(blocks("python")) == 2
    assert len(commands()) == 4


@pytest.mark.slow
@pytest.mark.parametrize(("command", "output"), commands(), ids=[command for command, _ in commands()])
def test_a_command_prints_what_the_readme_shows(folder: Path, command: str, output: str) -> None:
    """Each command ends with status 0 and prints the shown text; ``...`` stands for any."""
    # The interpreter and the commands of this environment, under the names that the reader types; and, as in a reader's
    # shell, without coverage, which triples the time that the kit's many short-lived workers take.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environment["PATH"] = path

    ended = subprocess.run(
        command.split(), cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.fullmatch(re.escape(output).replace(re.escape("..."), ".*"), ended.stdout, re.DOTALL), ended.stdout


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_to_files_of_the_project(page: str) -> None:
    """Every relative link of the top-level pages names a file or a folder."""
    links = re.findall(r"\]\((?!https?://)([^)#]+)", (ROOT / page).read_text(encoding="utf-8"))

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_doors_that_the_readme_names_exist() -> None:
    """Every ``make`` target in the top-level pages is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set()
    for page in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        named |= set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)`", text, re.MULTILINE))

    assert {word for pair in named for word in pair if word} <= targets
