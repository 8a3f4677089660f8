"""The example: its worker is the template with another task function, and its comparisons can fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "workers/python/worker.py"
EXAMPLES = ROOT / "examples"

pytestmark = pytest.mark.slow


def without_the_users_part(program: Path) -> tuple[str, str]:
    """What stands before and after the part that the template tells its user to replace."""
    before, mark, rest = program.read_text(encoding="utf-8").partition("# ---- your part: ")
    line, _, part = rest.partition("\n")
    _, end, after = part.rpartition('\nif __name__ == "__main__":\n')
    return before + mark + line, end + after


@pytest.fixture(name="sources")
def folder_of_sources(tmp_path: Path) -> Path:
    """Source files in two folders, one of them alone in its folder, and one whose last line has no end."""
    folder = tmp_path / "sources"
    (folder / "sub folder").mkdir(parents=True)
    (folder / "site-packages").mkdir()
    (folder / "a.py").write_text("import os\n\n\nprint(os.name)\n", encoding="utf-8")
    (folder / "b.py").write_text("import os", encoding="utf-8")
    (folder / "sub folder/c d.py").write_bytes(b"caf\xe9 = 1  # not UTF-8\n")
    (folder / "site-packages/installed.py").write_text("import nothing\n", encoding="utf-8")
    return folder


@pytest.fixture(name="examples")
def copy_of_the_examples(tmp_path: Path) -> Path:
    """A copy of the examples that a test may break."""
    return Path(shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__")))


def count(folder: Path, *, examples: Path = EXAMPLES, first_on_path: Path | None = None) -> tuple[int, str]:
    """Run the example; return its exit status and all that it wrote."""
    path = os.pathsep.join([*([str(first_on_path)] if first_on_path else []), os.environ["PATH"]])
    ended = subprocess.run(
        [sys.executable, str(examples / "wordcount.py"), str(folder)],
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
    )
    return ended.returncode, ended.stdout


def test_the_worker_is_the_template_but_for_the_users_part() -> None:
    """Nothing but the marked part of the template was touched."""
    template = without_the_users_part(TEMPLATE)

    assert "def prepare" not in "".join(template)
    assert template[1] == '\nif __name__ == "__main__":\n    main()\n'
    assert without_the_users_part(EXAMPLES / "wordcount_worker.py") == template


def test_words_and_lines_are_counted_and_agree(sources: Path) -> None:
    """Files are counted over workers and by commands, installed packages left out, and both totals agree."""
    status, said = count(sources)

    assert status == 0, said
    assert "3 source files" in said
    assert "       2 import\n" in said
    assert "10 words, 7 different ones: the counts agree" in said
    assert "2 commands `wc -l`" in said
    assert "5 lines: the counts agree" in said
    assert "DIFFER" not in said


def test_a_worker_that_counts_wrong_is_found(sources: Path, examples: Path) -> None:
    """When the workers' total is not that of one process, the example says so and fails."""
    worker = examples / "wordcount_worker.py"
    text = worker.read_text(encoding="utf-8")
    broken = text.replace("return count_words(payload)", 'return {**count_words(payload), "ghost": 1}')
    assert broken != text
    worker.write_text(broken, encoding="utf-8")

    status, said = count(sources, examples=examples)

    assert status == 1, said
    assert "different ones: the counts DIFFER" in said
    assert "lines: the counts agree" in said


def test_an_answer_of_another_shape_is_refused(sources: Path, examples: Path) -> None:
    """An answer that is no dict of words and numbers ends the example with an error that says so."""
    worker = examples / "wordcount_worker.py"
    text = worker.read_text(encoding="utf-8")
    worker.write_text(text.replace("return count_words(payload)", "return 5"), encoding="utf-8")

    status, said = count(sources, examples=examples)

    assert status == 1, said
    assert "a dict of words and numbers was due, a int came" in said


def test_a_command_that_counts_wrong_is_found(sources: Path, tmp_path: Path) -> None:
    """When the commands' lines are not those of this process, the example says so and fails."""
    liar = tmp_path / "bin/wc"
    liar.parent.mkdir()
    liar.write_text('#!/bin/sh\nshift\nfor file; do echo "7 $file"; done\n', encoding="utf-8")
    liar.chmod(0o755)

    status, said = count(sources, first_on_path=liar.parent)

    assert status == 1, said
    assert "different ones: the counts agree" in said
    assert "lines: the counts DIFFER" in said


def test_a_folder_without_source_files_is_a_failure(tmp_path: Path) -> None:
    """Nothing counted is not success."""
    status, said = count(tmp_path)

    assert status == 1, said
    assert "0 source files" in said
