"""How ``spreadjobs.worker`` starts: imports, streams, the command line, and the options of serve()."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conversation import Conversation, serving
from live_workers import HERE, program

from spreadjobs.worker import UNTIL_NONE, Until, serve


def test_a_worker_imports_the_standard_library_alone() -> None:
    """Starting a worker must not cost the import of attrs."""
    script = """
        import sys
        import spreadjobs.worker_command
        tops = {name.partition(".")[0] for name in sys.modules}
        print(sorted(name for name in tops - sys.stdlib_module_names if not name.startswith(("_", "coverage", "a1_"))))
        print(sorted(name for name in sys.modules if name.startswith("spreadjobs.") and "worker" not in name))
    """
    found = subprocess.run(
        # -S: what site-packages put into every process is not ours
        [sys.executable, "-S", "-c", textwrap.dedent(script)],
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout == "['spreadjobs']\n['spreadjobs.errors', 'spreadjobs.nesting', 'spreadjobs.threads']\n"


@pytest.mark.parametrize("closing", ["2>&-", ""])
def test_a_worker_can_do_without_an_error_stream(closing: str) -> None:
    """A closed error stream harms nothing."""
    command = ["sh", "-c", f'exec "$@" {closing}', "sh", *serving("served:do")]
    with Conversation(command, path=HERE, environment={"PYTHONUNBUFFERED": "1"}) as worker:
        expected = ["python 1\n", "C 2\n", "descriptor 3\n", "child 4\n"]

        assert worker.ask(1, {"do": "print_in_c"}) == ((1, None), expected, ["child 5\n"])
        assert worker.end()[:2] == (0, "")


@pytest.mark.parametrize("closing", ["<&-", ">&-"])
def test_a_worker_without_its_pipes_says_so(closing: str) -> None:
    """A closed standard input or output is an error with its reason. [EXEC-2]"""
    command = ["sh", "-c", f'exec "$@" {closing}', "sh", *serving("served:do")]
    with Conversation(command, path=HERE) as worker:
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "standard input and output are a worker's pipes and must be open (spec EXEC-2)" in errors


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["served"], "package.module:function is due"),
        ([":do"], "package.module:function is due"),
        (["no_such_module:do"], "cannot import 'no_such_module' (No module named 'no_such_module'); looked in "),
        (["served.inner:do"], "'served' is not a package"),
        (["served:no_such_function"], "has no attribute 'no_such_function'"),
        (["served:not_callable"], "is of type int; a function is due"),
        (["served:do", "--codec", "xml"], "invalid choice: 'xml'"),
        (["served:do", "--codec", "json", "--dialect", "untagged"], "goes with codec='pickle' only (spec UNT-1)"),
        (["served:do", "--prepare", "served:prepare"], "prepare= and preparation_items= go together"),
        (["served:do", "--items", "-1"], "preparation_items=-1"),
    ],
)
def test_a_wrong_command_line_is_explained(arguments: list[str], reason: str) -> None:
    """Status 2, the reason on the error stream, nothing on standard output."""
    with Conversation(serving("", *arguments)[:3] + arguments, path=HERE) as worker:
        status, output, errors = worker.end()

    assert (status, output) == (2, "")
    assert reason in errors


def test_a_module_that_misses_another_one_shows_its_traceback(tmp_path: Path) -> None:
    """Not the module is missing but what it imports."""
    (tmp_path / "needy.py").write_text("import no_such_library\n", encoding="utf-8")
    with Conversation(serving("needy:do"), path=tmp_path) as worker:
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert 'needy.py", line 1' in errors
    assert "No module named 'no_such_library'" in errors


def test_help_is_printed_on_standard_output() -> None:
    """It can be read in a pager: the pipes are moved only after the command line was understood."""
    with Conversation(serving("--help")) as worker:
        status, output, _ = worker.end()

    assert status == 0
    assert "package.module:function" in output


def test_options_that_cannot_be_are_refused() -> None:
    """Each is named, with what is due, before the pipes are touched."""
    with pytest.raises(ValueError, match=r"codec='xml': one of 'pickle', 'json' is due"):
        serve(len, codec="xml")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"dialect='old'"):
        serve(len, dialect="old")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"capture=True: one of 'both', 'out', 'none' is due"):
        serve(len, capture=True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"pickle_protocol=6"):
        serve(len, pickle_protocol=6)
    with pytest.raises(ValueError, match=r"goes with codec='pickle' only"):
        serve(len, codec="json", dialect="untagged")
    with pytest.raises(ValueError, match=r"preparation_items=True"):
        serve(len, prepare=len, preparation_items=True)
    with pytest.raises(ValueError, match=r"go together"):
        serve(len, preparation_items=UNTIL_NONE)
    with pytest.raises(ValueError, match=r"max_tasks=0"):
        serve(len, max_tasks=0)
    assert repr(Until(3)) == "Until(3)"


def test_serving_twice_or_serving_no_function_is_refused(tmp_path: Path) -> None:
    """Standard input is used up by the first call; a task function must be one."""
    text = """
        from spreadjobs.worker import serve
        try:
            serve(3)
        except TypeError as error:
            print(error)
        serve(lambda payload: payload)
        try:
            serve(len)
        except RuntimeError as error:
            print(error)
    """
    with program(tmp_path, text) as worker:
        status, output, errors = worker.end()

    assert status == 0
    assert output == "serve() can be called once in a process: it uses up standard input\n"
    assert errors == "serve() got 3; a function of one argument, the payload, is due\n"
