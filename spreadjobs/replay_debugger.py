"""A case under a debugger: its bytes as a file, and the command line that has the debugger run the worker on it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from spreadjobs.case_file import Case
from spreadjobs.errors import SpreadJobsError

GDB: Final = "gdb -q -ex 'set exec-wrapper sh {start}' -ex run --args {worker}"
"""Not "run < FILE": that would take the place of the worker's arguments."""
START: Final = 'exec "$@" < {} > {}\n'
_FILES: Final = ("input", "output", "start")
_PDB: Final = Path(__file__).with_name("replay_pdb.py")
_PYTHON: Final = re.compile(r"(python|pypy)(3[\d.]*)?")
_PACKAGES: Final = {"gdb": "; on Debian: apt-get install gdb; for another debugger there is --debugger"}


class NoDebugger(SpreadJobsError):
    """A debugger is not there, or cannot run this worker. The text says why, and what to do."""


@attrs.frozen(kw_only=True)
class Debugging:
    """What to execute."""

    arguments: Sequence[str]
    """The first one is the path of the debugger."""
    redirected: bool
    """Whether the bytes are its standard input, and its standard output a file; otherwise it sees to that itself."""


def input_bytes(case: Case) -> bytes:
    """What the worker reads from its standard input: the preparation items and the request, as they were sent."""
    return b"".join([*case.preparation, case.request])


def debugging(template: str, worker: Sequence[str], folder: Path) -> Debugging:
    """
    Fill in the command line of a debugger.

    Args:
        template: Words as in a shell. The word ``{worker}`` stands for the worker's arguments; ``{input}`` and
            ``{output}`` for paths of files; ``{start}`` for that of a shell script that executes its arguments between
            these two. Without any of them, standard input and output of the debugger are the two.
        worker: The worker's arguments.
        folder: Where these files are to be.

    Raises:
        NoDebugger: it is not there, or the template cannot be used.
    """
    try:
        words = shlex.split(template)
    except ValueError as error:
        raise NoDebugger(f"--debugger {template!r}: {error}") from error
    if "{worker}" not in words:
        raise NoDebugger(f"--debugger {template!r}: the word {{worker}} is due in it, such as in {GDB!r}")
    program = shutil.which(words[0])
    if program is None:
        raise NoDebugger(f"{words[0]} is not installed{_PACKAGES.get(words[0], '')}")
    arguments = [program]
    for word in words[1:]:
        if word == "{worker}":
            arguments += worker
            continue
        for name in _FILES:
            word = word.replace(f"{{{name}}}", shlex.quote(str(folder / name)))  # noqa: PLW2901 - both are in it
        arguments.append(word)
    return Debugging(arguments=arguments, redirected=not any(f"{{{name}}}" in template for name in _FILES))


def pdb_debugging(worker: Sequence[str], path: str | None, cwd: str) -> Debugging:
    """
    The command line that runs a Python worker under pdb, which talks on the terminal.

    Args:
        worker: The worker's arguments: ``python [OPTION...] FILE`` or ``-m MODULE``, or a program that begins ``#!``
            and names python.
        path: Where its program is looked for; as the variable ``PATH``.
        cwd: The folder it is started in.

    Raises:
        NoDebugger: it is no Python worker, as far as can be seen.
    """
    python, rest = _interpreter(worker, path, cwd)
    at = 0
    while at < len(rest) and rest[at].startswith("-") and rest[at] != "-":
        for position, letter in enumerate(rest[at][1:], start=2):
            if letter == "c":
                raise NoDebugger("--pdb: the worker is python -c TEXT; write the text into a file to debug it")
            if letter == "m":
                module = [rest[at][position:]] if rest[at][position:] else rest[at + 1 : at + 2]
                after = rest[at + 1 if rest[at][position:] else at + 2 :]
                options = [*rest[:at], *([rest[at][: position - 1]] if position > 2 else [])]  # noqa: PLR2004 - "-" and m
                return Debugging(arguments=[*python, *options, str(_PDB), "-m", *module, *after], redirected=True)
            if letter in "WX":
                at += not rest[at][position:]  # Its value is the next word.
                break
        at += 1
    if at >= len(rest):
        raise NoDebugger("--pdb: the worker is python without a program")
    return Debugging(arguments=[*python, *rest[:at], str(_PDB), *rest[at:]], redirected=True)


def _interpreter(worker: Sequence[str], path: str | None, cwd: str) -> tuple[list[str], list[str]]:
    """The Python that runs the worker, and what it is given."""
    program = worker[0]
    found = os.path.join(cwd, program) if os.sep in program else shutil.which(program, path=path)  # noqa: PTH118 - it may be absolute
    if found is None or not Path(found).is_file():
        raise NoDebugger(f"--pdb: {program!r} is not there")
    if _PYTHON.fullmatch(Path(program).name):
        return [found], list(worker[1:])
    with Path(found).open("rb") as file:
        first = file.readline(1000)
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    if not words or not any(_PYTHON.fullmatch(Path(word).name) for word in words):
        raise NoDebugger(f"--pdb: {program!r} is no Python 3 program; for others there are --gdb and --debugger")
    return words, [found, *worker[1:]]


def execute(what: Debugging, data: bytes, env: dict[str, str], cwd: str, folder: Path) -> None:
    """
    Become the debugger. Does not return.

    Args:
        what: From ``debugging`` or ``pdb_debugging``.
        data: For the worker's standard input.
        env: The worker's environment; the terminal is the one that is here.
        cwd: The worker's folder.
        folder: Where to write the files ``input`` and ``start``, and the worker the file ``output``.

    Raises:
        OSError: the folder or the program is not there.
    """
    (folder / "input").write_bytes(data)
    (folder / "output").touch()
    (folder / "start").write_text(START.format(*(shlex.quote(str(folder / name)) for name in ("input", "output"))))
    if "TERM" in os.environ:
        env = {**env, "TERM": os.environ["TERM"]}
    os.chdir(cwd)
    sys.stdout.flush()
    sys.stderr.flush()
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and what is executed would inherit that.
    if what.redirected:
        os.dup2(os.open(folder / "input", os.O_RDONLY), 0)
        os.dup2(os.open(folder / "output", os.O_WRONLY), 1)
    os.execve(what.arguments[0], list(what.arguments), env)  # noqa: S606 - it is what the user asked for


def new_folder(task_index: int) -> Path:
    """A folder for the files; it stays, since a debugger can run the worker again."""
    return Path(tempfile.mkdtemp(prefix=f"spread-jobs-task-{task_index:06}-"))
