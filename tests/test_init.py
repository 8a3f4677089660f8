"""The package's face: its public names, and that nothing is imported before it is used."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import spreadjobs

FILE = Path(spreadjobs.__file__)


def typed_names() -> dict[str, str]:
    """The names that are imported for type checkers, with their modules."""
    names: dict[str, str] = {}
    for node in ast.parse(FILE.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for statement in node.body:
                assert isinstance(statement, ast.ImportFrom)
                for alias in statement.names:
                    assert alias.asname == alias.name, "a re-export says so"
                    names[alias.name] = str(statement.module)
    return names


def test_public_names_are_those_that_type_checkers_see() -> None:
    """``__all__`` and the imports for typing are the same names."""
    assert len(typed_names()) > 20
    assert sorted(spreadjobs.__all__) == sorted(typed_names())
    assert len(set(spreadjobs.__all__)) == len(spreadjobs.__all__)


@pytest.mark.parametrize("name", spreadjobs.__all__)
def test_each_public_name_is_the_one_of_its_module(name: str) -> None:
    """What is imported late is what is imported for typing."""
    module = sys.modules.get(typed_names()[name]) or __import__(typed_names()[name], fromlist=[name])

    assert getattr(spreadjobs, name) is getattr(module, name)


def test_name_that_is_not_there_is_an_attribute_error() -> None:
    """A misspelt name is told as Python does."""
    with pytest.raises(AttributeError, match="module 'spreadjobs' has no attribute 'mian'"):
        getattr(spreadjobs, "mian")  # noqa: B009 - type checkers would see the mistake that is tested


def test_name_is_found_by_the_lazy_import() -> None:
    """The first use imports the module and keeps the name."""
    vars(spreadjobs).pop("Settings", None)

    assert spreadjobs.Settings.__module__ == "spreadjobs.settings"
    assert "Settings" in vars(spreadjobs)


def test_dir_has_the_public_names() -> None:
    """Completion sees all names, used or not, once each."""
    listed = dir(spreadjobs)

    assert set(spreadjobs.__all__) <= set(listed)
    assert "__name__" in listed
    assert listed == sorted(set(listed))


def loaded_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after this statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    # Without coverage, which loads modules of its own into every process.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import spreadjobs",
        "import spreadjobs.worker",
        "from spreadjobs import TooBusy",
        "import spreadjobs.guard",
        "import spreadjobs.guard_lease",
    ],
)
def test_worker_does_not_pay_for_attrs(statement: str) -> None:
    """Neither the package nor its worker side imports attrs, which would cost each worker 50 ms."""
    loaded = loaded_after(statement)

    assert "spreadjobs" in loaded
    assert not {"attr", "attrs", "spreadjobs.master", "selectors", "subprocess"} & loaded


def test_guard_does_not_pay_for_what_it_does_not_use() -> None:
    """It starts before each program: without a lease nothing of messages is loaded, nor of the worker's own pipes."""
    loaded = loaded_after("import spreadjobs.guard")

    assert "spreadjobs.worker_ends" in loaded
    assert not {"argparse", "threading", "pathlib", "spreadjobs.guard_messages", "spreadjobs.worker_pipes"} & loaded


def test_master_is_imported_when_it_is_used() -> None:
    """The check above can see attrs where it is."""
    assert "attr" in loaded_after("from spreadjobs import main")
