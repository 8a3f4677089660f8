"""The command line of ``spread-jobs replay``: a case file shown, run again, or run under a debugger."""

from __future__ import annotations

import argparse
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import attrs

from spreadjobs.case_fields import CaseError
from spreadjobs.case_file import Case, read_case
from spreadjobs.case_saver import shown
from spreadjobs.codec import Undecodable, make_decoder
from spreadjobs.replay import Command, Replayed, replay
from spreadjobs.replay_debugger import GDB, NoDebugger, debugging, execute, input_bytes, new_folder, pdb_debugging
from spreadjobs.settings import NUMPY, Allow, Settings

if TYPE_CHECKING:
    # The class has no public name.
    from argparse import _SubParsersAction

ANSWERED: Final = 0
REPRODUCED: Final = 1
USAGE: Final = 2
ANOTHER: Final = 3
_USUAL: Final = re.compile(r"SPREAD_JOBS_\w+|PWD|OLDPWD|SHLVL|_")
"""Variables that always differ: the hints, and those that a shell sets."""
MOST_NAMES: Final = 20
"""So many names of variables are shown."""
HELP: Final = "run a task again that failed, alone, from its case file; also under a debugger"
STATUS: Final = """\
exit status: 0 the task was answered, or nothing was to be run; 1 it failed as it did in the run; 2 bad usage, no case
file, or the worker cannot be started; 3 it failed in another way.

A case file from somebody else is somebody else's program: all but --show and --input runs the command that is in it.
"""


def add_options(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those that ``spread-jobs --help`` lists; its options are read by ``run``."""
    commands.add_parser("replay", help=HELP)


def run(words: Sequence[str], stdout: TextIO, stderr: TextIO) -> int:
    """
    Do what the command line says.

    Args:
        words: Those after ``replay``.
        stdout: For what comes of it.
        stderr: For errors.

    Returns:
        The exit status. See ``STATUS``.
    """
    own, other = list(words), None
    if "--" in own:  # What comes after is the other worker's, whatever it looks like.
        at = own.index("--")
        own, other = own[:at], own[at + 1 :]
    parser = _parser()
    options = parser.parse_args(own)
    if other == []:
        parser.error("no worker comes after --")
    try:
        case = read_case(options.case)
        return _run(case, options, other, stdout)
    except (CaseError, NoDebugger, OSError, ValueError, TypeError) as error:
        stderr.write(f"spread-jobs replay: {printable(str(error))}\n")
        return USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spread-jobs replay",
        usage="spread-jobs replay CASE [OPTIONS] [-- OTHER WORKER [ARG...]]",
        description="Run a task again that failed, alone, on a worker that is started as it was, or on another one.",
        epilog=STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("case", type=Path, metavar="CASE", help="a file that cases= or --cases had written")
    parser.add_argument("--timeout-s", type=_seconds, metavar="S", help="the response's limit, or inf; that of the run")
    parser.add_argument(
        "--env-from", choices=["case", "here"], default="case", help="which environment the worker gets (case)"
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="NAME",
        help="admit a class in the answer, such as mypkg.Result, or NUMPY; may be given again",
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--show", action="store_true", help="show what is in the case, and run nothing")
    ways.add_argument(
        "--input", type=Path, metavar="FILE", help="write what the worker reads into a file, and run nothing"
    )
    ways.add_argument("--gdb", action="store_const", const=GDB, dest="debugger", help="run the worker under gdb")
    ways.add_argument("--pdb", action="store_true", help="run the worker under pdb, if it is a Python program")
    ways.add_argument(
        "--debugger",
        metavar="TEMPLATE",
        help="run it under another program, such as 'strace -f {worker}'; for one that takes commands there are the "
        "files {input} and {output}, and {start}, a shell script that executes its arguments on them",
    )
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"{text}: seconds above 0 are due, or inf")
    return seconds


def _run(case: Case, options: argparse.Namespace, other: Sequence[str] | None, stdout: TextIO) -> int:
    command = Command(
        arguments=case.worker.arguments if other is None else other,
        env=_environment(case, here=options.env_from == "here"),
        cwd=case.worker.cwd,
    )
    if options.show:
        _show(case, _allow(options), stdout)
        return ANSWERED
    _tell(stdout, f"task {case.task_index} of a run of {case.saved}, {_what(case)}")
    if options.input is not None:
        options.input.write_bytes(input_bytes(case))
        _tell(stdout, f"wrote preparation ({len(case.preparation)} items) and request into {options.input}; to run it:")
        _tell(stdout, f"  {_line(command)} < {shlex.quote(str(options.input.absolute()))}")
        _tell_environment(command, stdout)
        return ANSWERED
    _tell(stdout, f"runs: {_line(command)}")
    if options.env_from == "case":
        _tell_environment(command, stdout)
    if options.pdb or options.debugger is not None:
        _debug(case, command, options.debugger, stdout)
    if case.worker.started_by and other is None:
        _tell(stdout, f"in the run {case.worker.started_by} started the worker; here it is a process of this machine")
    return _replay(case, command, options, stdout)


def _environment(case: Case, *, here: bool) -> dict[str, str]:
    """The case's own, or the one here with the hints of the case. Spec EXEC-5."""
    if not here:
        return dict(case.worker.env)
    hints = {name: text for name, text in case.worker.env.items() if name.startswith("SPREAD_JOBS_")}
    return {**os.environ, **hints}


def _tell_environment(command: Command, stdout: TextIO) -> None:
    env, here = command.env, os.environ
    names = sorted(name for name in {*env, *here} if env.get(name) != here.get(name) and not _USUAL.fullmatch(name))
    if names:
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        _tell(stdout, f"with the environment of the case, which differs in {', '.join(names[:MOST_NAMES])}{more}")


def _debug(case: Case, command: Command, template: str | None, stdout: TextIO) -> None:
    """Become the debugger."""
    folder = new_folder(case.task_index)
    try:
        if template is None:
            what = pdb_debugging(command.arguments, command.env.get("PATH"), command.cwd)
        else:
            what = debugging(template, command.arguments, folder)
    except (NoDebugger, OSError):
        folder.rmdir()
        raise
    _tell(stdout, f"under {what.arguments[0]}; the worker reads {folder}/input, and writes {folder}/output")
    stdout.flush()
    execute(what, input_bytes(case), dict(command.env), command.cwd, folder)


def _replay(case: Case, command: Command, options: argparse.Namespace, stdout: TextIO) -> int:
    stdout.flush()
    replayed = replay(case, command, allow=_allow(options), timeout_s=options.timeout_s)
    status = _verdict(case, replayed, stdout)
    if replayed.verdict in ("answered", "raised"):
        _tell(stdout, f"the worker then ended: {replayed.report.reason}")
    if replayed.verdict == "refused answer" and case.allow:
        _tell(stdout, f"the run admitted more: {', '.join(case.allow)}; see --allow")
    debugger = _debugger_for(command, replayed)
    if status == REPRODUCED and debugger:
        # The path as it was given: what is copied from here works here.
        _tell(stdout, f"next: spread-jobs replay {shlex.quote(str(options.case))} {debugger}")
    return status


def _verdict(case: Case, replayed: Replayed, stdout: TextIO) -> int:
    if replayed.verdict == "answered":
        again = "; answer= of the run refused its answer there" if case.failure.kind == "wrong answer" else ""
        _tell(stdout, f"answered{again}: {shown(replayed.value)}")
        return ANSWERED
    if replayed.verdict == "not started":
        _tell(stdout, replayed.text)
        return USAGE
    same = replayed.same_as(case)
    words = f"{replayed.verdict}: {replayed.text}"
    _tell(stdout, f"reproduced: {words}" if same else f"another failure than in the run: {words}")
    if replayed.error is not None and replayed.error.traceback_text:
        trace = replayed.error.traceback_text.rstrip()
        _tell(stdout, f"--- traceback of the worker ---\n{trace}\n--- end of it ---")
    return REPRODUCED if same else ANOTHER


def _debugger_for(command: Command, replayed: Replayed) -> str:
    """The option that looks further, or ""."""
    if replayed.report.signal is not None:
        return "--gdb"  # Python code cannot say more than the traceback of faulthandler does.
    try:
        pdb_debugging(command.arguments, command.env.get("PATH"), command.cwd)
    except (NoDebugger, OSError):
        return "" if replayed.verdict == "raised" else "--gdb"
    return "--pdb"


def _what(case: Case) -> str:
    failure = case.failure
    return f"{failure.kind}: {failure.text}" if failure.kind != "raised" else f"raised {failure.text}"


def _line(command: Command) -> str:
    return f"cd {shlex.quote(command.cwd)} && {shlex.join(command.arguments)}"


def _show(case: Case, allow: Allow, stdout: TextIO) -> None:
    """All that is in a case but the environment's values, decoded as what a worker sends: nothing of it is run."""
    settings = attrs.evolve(case.settings, allow=allow)
    failure = case.failure
    _tell(stdout, f"task {case.task_index}, saved {case.saved} by spreadjobs {case.version}")
    _tell(stdout, f"{_what(case)}")
    if failure.traceback_text:
        _tell(stdout, failure.traceback_text.rstrip())
    for each in failure.attempts:
        _tell(stdout, f"worker {each.worker}: {each.cause}: {each.detail}")
    for name, lines in (("printed", failure.out), ("printed as errors", failure.err), ("stderr", failure.stderr)):
        for line in lines:
            _tell(stdout, f"{name}: {line.rstrip()}")
    worker = case.worker
    _tell(stdout, f"worker {worker.name}: cd {shlex.quote(worker.cwd)} && {shlex.join(worker.arguments)}")
    if worker.started_by:
        _tell(stdout, f"started by {worker.started_by}")
    _tell(stdout, f"environment: {' '.join(sorted(worker.env))}")
    limits = f"task_timeout_s={settings.task_timeout_s}, start_timeout_s={settings.start_timeout_s}"
    _tell(stdout, f"settings: codec={settings.codec}, dialect={settings.dialect}, {limits}")
    _tell(stdout, f"payload, as the master saw it: {case.payload}")
    for number, item in enumerate(case.preparation):
        _tell(stdout, f"preparation item {number}: {_decoded(settings, item)}")
    _tell(stdout, f"request: {_decoded(settings, case.request)}")


def _allow(options: argparse.Namespace) -> Allow:
    return tuple(NUMPY if name == NUMPY.name else name for name in options.allow)


def _decoded(settings: Settings, data: bytes) -> str:
    """Bytes for people; what is not plain data is made only if --allow says so, whatever the run had admitted."""
    try:
        values = make_decoder(settings).feed(data)
    except Undecodable as error:
        return f"{len(data)} bytes that are not shown: {error.reason}"
    return ", ".join(map(shown, values)) if values else f"{len(data)} bytes that are no whole message"


def _tell(stdout: TextIO, text: str) -> None:
    """
    Write text that may come from anybody: no control character in it reaches the terminal, and none of its lines but
    the first, which is ours, begins where ours do.
    """
    stdout.write(printable(text).replace("\n", "\n  ") + "\n")


def printable(text: str) -> str:
    """Text in which all is escaped that is neither printable nor the end of a line."""
    return "".join(
        character if character.isprintable() or character == "\n" else character.encode("unicode_escape").decode()
        for character in text
    )
