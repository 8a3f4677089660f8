"""examples/arrays: large arrays for workers that are not in Python, by a file."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ARRAYS = ROOT / "examples" / "arrays" / "arrays.py"
PAGE = (ROOT / "docs" / "numerics.md").read_text(encoding="utf-8")

SHARED = Path("/dev/shm")  # noqa: S108 - where the program makes its files

pytest.importorskip("numpy")


def shared() -> set[Path]:
    """The files of such programs."""
    return set(SHARED.glob("spreadjobs-*")) if SHARED.is_dir() else set()


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program, with temporary files where the test sees them."""
    paths = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": paths, "TMPDIR": str(cwd), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_each_way_gives_the_same_or_says_why_it_is_skipped(tmp_path: Path) -> None:
    """The program compares its answers with numpy's, and leaves no file."""
    before = shared()

    ended = run(str(ARRAYS), "--mib", "1", cwd=tmp_path)

    assert ended.returncode == 0, ended.stderr
    for language in ("C", "Perl"):
        assert re.search(
            rf"^({language}, by a file: [0-9.]+ s|SKIP {language}: there is no )", ended.stdout, re.MULTILINE
        )
    assert not list(tmp_path.iterdir())
    assert shared() <= before


@pytest.mark.slow
def test_without_a_compiler_it_says_so(tmp_path: Path) -> None:
    """What is not here is skipped, with what to install."""
    ended = run(str(ARRAYS), "--mib", "1", cwd=tmp_path, PATH=str(tmp_path))

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("SKIP C: there is no C compiler (Debian: apt-get install ")
    assert "SKIP Perl: there is no perl" in ended.stdout


def test_the_file_goes_when_something_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is raised while workers read it: nothing is left."""
    import numpy as np  # noqa: PLC0415 - it may be missing

    spec = importlib.util.spec_from_file_location("arrays_example", ARRAYS)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    monkeypatch.setattr(example, "SHARED", tmp_path)

    def fail() -> None:
        with example.in_a_file(np.arange(5.0)) as payload:
            assert Path(payload["path"]).read_bytes() == np.arange(5.0).tobytes()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not list(tmp_path.iterdir())


def test_the_program_of_the_page_prints_what_it_shows(tmp_path: Path) -> None:
    """docs/numerics.md: arrays in and out, and one by a file that its worker maps."""
    programs = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL)
    shown = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert len(programs) == len(shown) == 2

    for (name, text), due in zip(programs, shown, strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
        ended = run(name, cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (0, due), ended.stderr
