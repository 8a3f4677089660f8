"""pdb on a worker's task, on a terminal: where the task raises, at a breakpoint, at Ctrl-C, and where it crashes."""

from __future__ import annotations

import io
import os
import pdb  # noqa: T100 - it is what the tests are about
import re
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from failed_cases import saved, served
from processes import ENVIRONMENT
from terminals import Terminal, terminal

from spreadjobs import Settings, Worker, replay_pdb
from spreadjobs.replay_pdb import TerminalPdb, watch

PROMPT = "(Pdb) "
REFERENCE = Path(__file__).parents[1] / "workers" / "python" / "worker.py"


@contextmanager
def pdb_on(case: Path, *other: str) -> Iterator[Terminal]:
    """A user at pdb's first prompt."""
    command = [sys.executable, "-m", "spreadjobs", "replay", str(case), "--pdb", *other]
    env = {**ENVIRONMENT, "TMPDIR": str(case.parent), "TERM": "dumb"}
    with terminal(command, env) as user:
        assert "Ctrl-C looks at where it is" in user.until(PROMPT)
        yield user


def ask(user: Terminal, command: str) -> str:
    """What pdb says to a command."""
    user.type(f"{command}\n")
    return user.until(PROMPT).removeprefix(f"{command}\r\n")


def test_pdb_looks_at_where_a_task_of_serve_raises(tmp_path: Path) -> None:
    """In the frame that raised, with its variables, though ``serve()`` catches the exception. [ERR-4]"""
    case = saved(tmp_path, served(tmp_path), "raise")

    with pdb_on(case) as user:
        said = ask(user, "c")
        assert said.startswith("LookupError: as told\r\n")
        assert "tasks.py(7)fail()" in said
        assert ask(user, "p payload, at_hand") == "('raise', 5)\r\n"
        user.type("c\n")
        status, _ = user.end()

    assert status == 0, "the worker went on and ended in good order"
    [answers] = case.parent.glob("spread-jobs-task-*/output")
    assert b"LookupError" in answers.read_bytes()


def test_pdb_looks_into_a_worker_that_knows_nothing_of_us(tmp_path: Path) -> None:
    """A copy of the reference worker, started as a file, with its own way to catch exceptions."""
    payload = {"op": "raise", "type": "Boom", "message": "m"}
    case = saved(tmp_path, [sys.executable, str(REFERENCE)], payload, stdin=[None])

    with pdb_on(case) as user:
        said = ask(user, "c")
        assert said.startswith("Boom: m\r\n")
        assert "worker.py" in said
        assert "conformance()" in said
        user.type("c\n")
        assert user.end()[0] == 0


def test_an_exception_is_looked_at_once(tmp_path: Path) -> None:
    """Its cause, which is formatted with it, is not looked at for itself; the next exception is."""
    tasks = """
import traceback

def fail(payload):
    for each in (1, 2):
        try:
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise LookupError(each) from error
        except LookupError as error:
            traceback.format_exc()
            traceback.format_exc()
    raise KeyError("last")
"""
    case = saved(tmp_path, served(tmp_path, tasks), 0)

    with pdb_on(case) as user:
        assert ask(user, "c").startswith("LookupError: 1\r\n")
        assert ask(user, "c").startswith("LookupError: 2\r\n")
        assert ask(user, "c").startswith("KeyError: 'last'\r\n")
        user.type("c\n")
        assert user.end()[0] == 0


def test_a_breakpoint_can_be_set_and_stepped_from(tmp_path: Path) -> None:
    """As in any program under pdb."""
    case = saved(tmp_path, served(tmp_path), "raise")

    with pdb_on(case) as user:
        assert "Breakpoint 1 at " in ask(user, "b tasks.py:5")
        assert "tasks.py(5)fail()" in ask(user, "c")
        assert "tasks.py(6)fail()" in ask(user, "n")
        assert ask(user, "p at_hand") == "5\r\n"
        user.type("q\n")
        status, said = user.end()

    assert status == 1
    assert "the worker is ended" in said


@pytest.mark.parametrize("call", ["breakpoint()", "import pdb; pdb.set_trace()"])
def test_a_breakpoint_in_the_text_talks_on_the_terminal(tmp_path: Path, call: str) -> None:
    """Not on the streams of the conversation, nor into the lines of the task. [OUT-2]"""
    tasks = f"def fail(payload):\n    {call}\n    found = 1\n    raise ValueError(found)\n"
    case = saved(tmp_path, served(tmp_path, tasks.replace(call, "pass")), 0)
    served(tmp_path, tasks)

    with pdb_on(case) as user:
        assert re.search(r"tasks\.py\([23]\)fail\(\)", ask(user, "c")), "Python 3.13 stops on the line itself"
        assert ask(user, "p payload") == "0\r\n"
        assert ask(user, "print('hello', payload)") == "hello 0\r\n"
        assert ask(user, "c").startswith("ValueError: 1\r\n")
        user.type("c\n")
        assert user.end()[0] == 0


def test_ctrl_c_looks_at_a_task_that_hangs(tmp_path: Path) -> None:
    """At once, in the frame that waits: the call need not return first."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    tasks = f"import os\ndef fail(payload):\n    return os.read(os.open({str(fifo)!r}, os.O_RDONLY), 1)\n"
    case = saved(tmp_path, served(tmp_path, tasks), 0, settings=Settings(task_timeout_s=0.5, restarts=1))

    with pdb_on(case) as user:
        user.type("c\n")
        with fifo.open("w"):  # Which waits until the task has opened it.
            user.type("\x03")
            assert "tasks.py(3)fail()" in user.until(PROMPT)
            assert ask(user, "p payload") == "0\r\n"
        user.type("q\n")
        assert user.end()[0] == 1


def test_a_crash_shows_where_it_was_on_the_terminal(tmp_path: Path) -> None:
    """A signal leaves nothing to look at, but the stack."""
    case = saved(tmp_path, served(tmp_path), "crash")

    with pdb_on(case) as user:
        user.type("c\n")
        status, said = user.end()

    assert status == -11
    assert 'tasks.py", line 9 in fail' in said


def test_a_program_of_its_own_is_debugged_and_may_end_with_an_exception(tmp_path: Path) -> None:
    """What it does outside of its task is looked at as well; its own status is that of the command."""
    program = tmp_path / "own.py"
    program.write_text(
        "import sys\nimport beside\nassert __name__ == '__main__'\nassert sys.argv[1:] == ['-x', 'y']\n"
        "sys.stdin.buffer.read(1)\nraise RuntimeError(beside.WORD)\n",
        encoding="ascii",
    )
    (tmp_path / "beside.py").write_text("WORD = 'told'\n", encoding="ascii")
    case = saved(tmp_path, Worker([sys.executable, program, "-x", "y"], cwd="/"), 0)

    with pdb_on(case) as user:
        assert "the program ends with an exception\r\nRuntimeError: told\r\n" in ask(user, "c")
        user.type("c\n")
        assert user.end()[0] == 1


def test_a_package_and_a_module_that_is_not_there(tmp_path: Path) -> None:
    """``python -m PACKAGE`` runs its __main__; another name is said."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    (tmp_path / "pkg" / "__main__.py").write_text("import sys\nsys.exit(len(sys.argv))\n", encoding="ascii")
    case = saved(tmp_path, Worker([sys.executable, "-m", "pkg", "x"], cwd=tmp_path), 0)

    with pdb_on(case) as user:
        user.type("c\n")
        assert user.end()[0] == 2
    command = [sys.executable, "-m", "spreadjobs", "replay", str(case), "--pdb", "--", sys.executable, "-m", "nothing"]
    with terminal(command, {**ENVIRONMENT, "TMPDIR": str(tmp_path)}) as user:
        status, said = user.end()
    assert status == 1
    assert "replay_pdb: no module named nothing" in said


@pytest.fixture
def undone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All that a program under pdb changes in its process is as it was after the test."""
    trace, handler = sys.gettrace(), signal.getsignal(signal.SIGINT)
    for module, name in ((traceback, "TracebackException"), (pdb, "set_trace"), (sys, "breakpointhook"), (sys, "argv")):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield
    signal.signal(signal.SIGINT, handler)
    sys.settrace(trace)


def talk(arguments: list[str], *typed: str) -> str:
    """What a program under pdb shows to a user who types these lines, in this very process."""
    shown = io.StringIO()
    try:
        replay_pdb.main(arguments, io.StringIO("".join(f"{line}\n" for line in typed)), shown)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is a part of what is shown
        shown.write(f"raised {error!r}")
    return shown.getvalue()


CATCHES = """
import signal, traceback

def task(found):
    raise LookupError(found)

try:
    task(4711)
except LookupError as error:
    traceback.format_exc()
    traceback.format_exc()
    print(traceback.format_exception_only(error))
breakpoint()
signal.raise_signal(signal.SIGINT)
if __name__ == "__main__":
    raise RuntimeError("the end")
"""


@pytest.mark.usefixtures("undone")
def test_each_place_to_look_is_looked_at_in_its_turn(tmp_path: Path) -> None:
    """A caught exception once, a breakpoint, Ctrl-C, and the exception that ends the program."""
    (tmp_path / "catches.py").write_text(CATCHES, encoding="ascii")

    shown = talk([str(tmp_path / "catches.py")], "c", "p found", "c", "p error", "c", "p __name__", "c", "w", "c")

    turns = shown.split(PROMPT)
    assert "catches.py(2)<module>()" in turns[0]
    assert turns[1].startswith("LookupError: 4711\n")
    assert "catches.py(5)task()" in turns[1]
    assert turns[2] == "4711\n"
    assert re.search(r"catches\.py\(1[34]\)<module>", turns[3])
    assert turns[4] == "*** NameError: name 'error' is not defined\n"
    assert "catches.py(14)<module>()" in turns[5]
    assert turns[6] == "'__main__'\n"
    assert turns[7].startswith("the program ends with an exception\nRuntimeError: the end\n")
    assert turns[-1] == "raised RuntimeError('the end')"


def fails(found: int) -> None:
    """Raise, from an exception that was raised before."""
    try:
        dict[int, int]()[found]
    except KeyError as error:
        raise LookupError(found) from error


@pytest.mark.usefixtures("undone")
def test_nothing_is_traced_until_something_is_looked_at() -> None:
    """A program that is only watched runs as fast as ever; formatting is what tells of exceptions, once each."""
    shown = io.StringIO()
    trace = sys.gettrace()
    watch(TerminalPdb(io.StringIO("p found\nc\nw\nc\n"), shown))
    with pytest.raises(LookupError) as raised:
        fails(4711)
    assert "LookupError: 4711" in "".join(traceback.format_exception(raised.value))
    assert "KeyError: 4711" in "".join(traceback.format_exception(raised.value.__cause__))
    with pytest.raises(SystemExit) as left:
        sys.exit("no failure")
    assert "no failure" in "".join(traceback.format_exception(left.value))
    signal.raise_signal(signal.SIGINT)

    assert sys.gettrace() is trace
    first, second, *rest = shown.getvalue().split(PROMPT)
    assert first.startswith("LookupError: 4711\n> ")
    assert second == "4711\n"
    assert "test_nothing_is_traced" in rest[0]
    assert "test_nothing_is_traced" in rest[1]


@pytest.mark.usefixtures("undone")
def test_a_module_is_run_as_python_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package by its __main__, from the folder that is the current one; the status is the program's."""
    (tmp_path / "its_package").mkdir()
    (tmp_path / "its_package" / "__init__.py").touch()
    (tmp_path / "its_package" / "__main__.py").write_text(
        "import sys\nsys.exit(repr([__package__, __spec__.name, sys.argv[1:], sys.path[0]]))\n", encoding="ascii"
    )
    monkeypatch.chdir(tmp_path)
    sys.path[0] = str(Path(replay_pdb.__file__).parent)  # As where it is started by its path.

    shown = talk(["-m", "its_package", "-x"], "c")

    due = ["its_package", "its_package.__main__", ["-x"], str(tmp_path)]
    assert shown.endswith(f"raised SystemExit({str(due)!r})")
    assert talk(["-m", "no_such_module"]).endswith("raised SystemExit('replay_pdb: no module named no_such_module')")


@pytest.mark.usefixtures("undone")
def test_a_file_finds_what_stands_beside_it(tmp_path: Path) -> None:
    """And not what stands beside the program that runs pdb."""
    program = tmp_path / "own.py"
    program.write_text("import sys\nsys.exit(sys.path[0])\n", encoding="ascii")
    sys.path[0] = str(Path(replay_pdb.__file__).parent)

    assert talk([str(program)], "c").endswith(f"raised SystemExit({str(tmp_path)!r})")


def test_without_a_terminal_that_is_said(tmp_path: Path) -> None:
    """There is nowhere for pdb to talk: the standard streams are the conversation's."""
    case = saved(tmp_path, served(tmp_path), "raise")

    done = subprocess.run(
        [sys.executable, "-m", "spreadjobs", "replay", case, "--pdb"],
        env={**ENVIRONMENT, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("replay_pdb: pdb needs a terminal to talk on: ")
