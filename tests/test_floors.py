"""What import-linter does not see: which files need nothing but the standard library."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COPIED = [*sorted((ROOT / "workers").rglob("*.py")), ROOT / "examples/wordcount_worker.py"]
# Python 2's own; and gmisclib, of whose classes a worker makes use where they are, in the dialect of its master.
PYTHON_2 = {"workers/python2/worker.py": {"cPickle", "StringIO", "gmisclib"}}
WORKER_SIDE = [
    *sorted((ROOT / "spreadjobs").glob("worker*.py")),
    *sorted((ROOT / "spreadjobs").glob("guard*.py")),
    ROOT / "spreadjobs/nesting.py",
    ROOT / "spreadjobs/threads.py",
]


def imported(program: Path) -> set[str]:
    """The modules that a program imports anywhere in it, functions included."""
    modules = set()
    for node in ast.walk(ast.parse(program.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add("." * node.level + (node.module or ""))
    return modules


def foreign(modules: set[str]) -> set[str]:
    """Those of the modules that are not of the standard library; ``_typeshed`` exists for type checkers only."""
    return {module for module in modules if module.partition(".")[0] not in {*sys.stdlib_module_names, "_typeshed"}}


def test_there_is_something_to_look_at() -> None:
    """A change of the layout must not leave these tests with nothing to read."""
    assert ROOT / "workers/python/worker.py" in COPIED
    assert {ROOT / "spreadjobs/worker.py", ROOT / "spreadjobs/guard.py"} <= {*WORKER_SIDE}


@pytest.mark.parametrize("program", COPIED, ids=lambda path: path.name)
def test_a_worker_made_to_be_copied_imports_the_standard_library_only(program: Path) -> None:
    """A reference worker runs where nothing of this project is installed."""
    assert foreign(imported(program)) == PYTHON_2.get(str(program.relative_to(ROOT)), set())


@pytest.mark.parametrize("module", WORKER_SIDE, ids=lambda path: path.name)
def test_the_workers_side_imports_the_standard_library_and_itself(module: Path) -> None:
    """A worker that is made with ``serve()`` loads the standard library, the exceptions, and no more of the library."""
    allowed = {"spreadjobs.errors", "spreadjobs.nesting"} | {f"spreadjobs.{path.stem}" for path in WORKER_SIDE}

    assert foreign(imported(module)) <= allowed


def test_every_module_has_its_floor_in_the_text() -> None:
    """The table in CONTRIBUTING.md names every module of the library, once, and no other."""
    rows = re.findall(r"^\| [1-6-] \|(.*?)\|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)

    named = re.findall(r"`(\w+)`", "".join(rows))

    assert sorted(named) == sorted(path.stem for path in (ROOT / "spreadjobs").glob("*.py"))
