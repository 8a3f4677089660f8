"""``spread-jobs template``: a worker to start from, written where the user wants it."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from spreadjobs.__main__ import main
from spreadjobs.template import MANIFEST, NoTemplate, next_steps, template, templates, write_template

WORKERS = Path(__file__).parents[1] / "workers"


def spread_jobs(*words: str) -> tuple[int, str, str]:
    """Exit status, what was written to standard output, and what to standard error."""
    stdout, stderr = io.StringIO(), io.StringIO()
    return main(["template", *words], io.StringIO(), stdout, stderr), stdout.getvalue(), stderr.getvalue()


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's folder."""
    monkeypatch.chdir(tmp_path)


def test_the_templates_are_the_reference_workers() -> None:
    """What is installed is each worker of ``workers/`` that has a manifest, byte for byte."""
    names = sorted(path.parent.name for path in WORKERS.glob(f"*/{MANIFEST}"))

    assert [each.name for each in templates()] == names
    for each in templates():
        for name in (each.file, MANIFEST, *each.files):
            assert (each.folder / name).read_bytes() == (WORKERS / each.name / name).read_bytes()


def test_the_list_has_a_line_a_template_with_what_it_needs() -> None:
    """Plain lines that begin with the name in lower case: no box, no colour."""
    status, out, err = spread_jobs("--list")

    assert (status, err) == (0, "")
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert [name for name, _ in lines] == [each.name for each in templates()]
    assert ["python", "Python 3.8 or later"] in lines
    assert all(needs.isprintable() for _, needs in lines)


def test_a_template_is_written_with_its_manifest(tmp_path: Path) -> None:
    """Worker and manifest speak of the file by the name that the user chose, and the worker can be started."""
    status, out, _ = spread_jobs("python", "mine.py")

    assert status == 0
    assert out.startswith(
        f"wrote mine.py, {MANIFEST}\nit needs Python 3.8 or later; on Debian: apt-get install python3\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.py", MANIFEST]
    shipped = (WORKERS / "python" / "worker.py").read_text(encoding="utf-8")
    assert Path("mine.py").read_text(encoding="utf-8") == shipped.replace("worker.py", "mine.py")
    assert 'command = ["python3", "mine.py"]\n' in Path(MANIFEST).read_text(encoding="utf-8")
    assert os.access("mine.py", os.X_OK)


def test_without_a_file_it_keeps_its_name(tmp_path: Path) -> None:
    """The default is worker and the suffix of the language; the name of the language may be in any case."""
    assert spread_jobs("Python3")[0] == 0

    assert (tmp_path / "worker.py").read_bytes() == (WORKERS / "python" / "worker.py").read_bytes()


@pytest.mark.parametrize("there", ["mine.py", MANIFEST])
def test_nothing_is_overwritten(there: str, tmp_path: Path) -> None:
    """If one of the files is there, none is written, and status 2 says so."""
    Path(there).write_text("precious", encoding="utf-8")

    status, out, err = spread_jobs("python", "mine.py")

    assert (status, out) == (2, "")
    assert err.startswith(f"spread-jobs template: {there} is there already, and nothing was written; ")
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["precious"]


def test_a_link_to_nowhere_is_not_written_through(tmp_path: Path) -> None:
    """A dangling link is something that is there."""
    (tmp_path / "mine.py").symlink_to(tmp_path / "elsewhere")

    assert spread_jobs("python", "mine.py")[0] == 2
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cobol"], "there is no template for 'cobol'; there are "),
        ([], "a language is due, such as: spread-jobs template perl my_worker.pl; --list shows them all"),
        (
            ["python", "no\0such"],
            "'no\\x00such' can be no name of a worker in python: it has letters, digits, spaces, ",
        ),
        (["python", 'a"b.py'], "can be no name of a worker in python"),
        (["python", "--", "-x.py"], "'-x.py' can be no name of a worker in python"),
        (["python", MANIFEST], f"{MANIFEST} is the name of another file that goes with it; choose one such as my_"),
        (
            ["c", "mine"],
            "'mine' can be no name of a worker in c: it has letters, digits and _, then .c, such as my_worker.c",
        ),
        (
            ["javascript", "w.mjs"],
            "'w.mjs' can be no name of a worker in javascript: it has letters, digits and _, then .cjs",
        ),
        (["go", "my_test.go"], "'my_test.go' can be no name of a worker in go"),
        (["rust", "my worker.rs"], "'my worker.rs' can be no name of a worker in rust"),
        (["java", "worker.sh"], "worker.sh is the name of another file that goes with it"),
    ],
)
def test_what_cannot_be_written_is_told(words: list[str], message: str) -> None:
    """Status 2, and what to do instead."""
    status, out, err = spread_jobs(*words)

    assert (status, out) == (2, "")
    assert message in err


def test_a_folder_that_is_missing_is_made() -> None:
    """A worker has a folder of its own, and the commands that come next begin there."""
    status, out, _ = spread_jobs("python", "new folder/mine.py")

    assert status == 0
    assert Path("new folder", MANIFEST).is_file()
    assert "\n  cd 'new folder'\n" in out


def test_what_is_built_bears_the_name_of_the_copy(tmp_path: Path) -> None:
    """Where a template is compiled, build and command name the program after the user's file."""
    compiled = [each for each in templates() if each.build]
    for each in compiled:
        path = tmp_path / each.name / f"mine{Path(each.file).suffix}"
        write_template(each, path)
        steps = [shlex.split(step) for step in next_steps(each, path)]

        assert steps[0] == ["cd", str(path.parent)]
        assert not {"worker", "./worker", each.file} & {word for step in steps[:3] for word in step}, steps


@pytest.mark.slow
def test_the_commands_that_come_next_work() -> None:
    """They can be pasted: the kit passes, and main() has the answer of the shipped task."""
    chosen = template("python")
    path = Path("mine.py")
    write_template(chosen, path)
    prove, use = next_steps(chosen, path)
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}

    def pasted(step: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["/bin/sh", "-c", step], env=environment, capture_output=True, text=True, check=False)

    proved = pasted(prove.replace("conform", "conform --case run/task-id-0", 1))
    used = pasted(use)

    assert proved.returncode == 0, proved.stdout
    assert f"as {MANIFEST} says" in proved.stdout
    assert (used.returncode, used.stdout) == (0, "[3]\n"), used.stderr


def test_a_language_that_is_not_there_is_named() -> None:
    """The error has the names that there are."""
    with pytest.raises(NoTemplate, match=r"there are .*python"):
        template("klingon")
