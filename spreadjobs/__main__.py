"""
The command line: ``spread-jobs``, or ``python -m spreadjobs``.

``spread-jobs run -- WORKER [ARG...]`` spreads payloads, one JSON text a line on standard input, over worker processes,
and writes the answers, one JSON text a line, in order. ``spread-jobs template LANGUAGE [FILE]`` writes a worker to
start from. ``spread-jobs replay CASE`` runs a task again that failed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from importlib.metadata import PackageNotFoundError, version
from typing import TextIO

from spreadjobs import replay_command, template_command
from spreadjobs.arglists import Worker
from spreadjobs.errors import CannotEncode, RemoteException, SpreadJobsError
from spreadjobs.interrupts import Terminated, orderly_signals
from spreadjobs.journal import Journal
from spreadjobs.master import Master
from spreadjobs.outcomes import Answered, Cancelled, Failed, Outcome, Quarantined
from spreadjobs.settings import Settings
from spreadjobs.template import NoTemplate

FAILED = 1
USAGE = 2
BY_SIGNAL = 128
"""To this the signal's number is added, as shells do."""
INTERRUPTED = 130
BROKEN_PIPE = 141


def run() -> None:
    """The entry point of ``spread-jobs``."""
    with orderly_signals():
        status = main(sys.argv[1:], sys.stdin, sys.stdout, sys.stderr)
    if status == BROKEN_PIPE:
        _end_quietly()
    sys.exit(status)


def main(arguments: Sequence[str], stdin: TextIO, stdout: TextIO, stderr: TextIO) -> int:
    """
    Do what a command line says.

    Args:
        arguments: Without the program's name.
        stdin: Payloads, one JSON text a line.
        stdout: For answers, one JSON text a line, in order.
        stderr: For errors, and for what tasks print.

    Returns:
        The exit status: 0 all done; 1 a task or the run failed; 2 bad usage or input; 130 interrupted; 143 or 129
        ended by SIGTERM or SIGHUP; 141 nobody reads the answers any more. Those of ``replay``: see its module.
    """
    options = argparse.Namespace(command="replay") if arguments[:1] == ["replay"] else _parser().parse_args(arguments)
    try:
        if options.command == "run":
            return _spread(options, stdin, stdout, stderr)
        return _do(options, arguments[1:], stdout, stderr)
    except BrokenPipeError:
        return BROKEN_PIPE
    except (SpreadJobsError, OSError, _BadInput, NoTemplate) as error:
        stderr.write(f"spread-jobs {options.command}: {error}\n")
        return USAGE if isinstance(error, _BadInput | NoTemplate) else FAILED
    except Terminated as signalled:
        return BY_SIGNAL + signalled.number
    except KeyboardInterrupt:
        return INTERRUPTED


def _do(options: argparse.Namespace, words: Sequence[str], stdout: TextIO, stderr: TextIO) -> int:
    """One of the commands that have modules of their own."""
    if options.command == "replay":
        return replay_command.run(words, stdout, stderr)
    template_command.run(options, stdout)
    return 0


def _spread(options: argparse.Namespace, stdin: TextIO, stdout: TextIO, stderr: TextIO) -> int:
    # What tasks print is shown, but not among the answers: who reads those expects one JSON text a line.
    with redirect_stdout(stderr), _master(options) as master:
        if options.keep_going:
            status = _write_outcomes(master.outcomes(_payloads(stdin)), stdout)
            _say_recalled(master, options, stderr)
            return status
        answered = False
        for answer in master.stream(_payloads(stdin)):
            answered = True
            _write(stdout, answer)
        _say_recalled(master, options, stderr)
    if not answered:  # Command mode: the lines of a plain command are its result. Spec CMD-1.
        stdout.writelines(line for lines in master.outputs for line in lines)
    return 0


def _say_recalled(master: Master[object], options: argparse.Namespace, stderr: TextIO) -> None:
    """Whoever has changed the worker sees that its answers are those of the old one."""
    if master.recalled:
        stderr.write(f"spread-jobs run: {master.recalled} answers were taken from {options.journal}\n")


def _end_quietly() -> None:
    """Whoever read the answers has gone (``| head``): nothing more can be written, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _master(options: argparse.Namespace) -> Master[object]:
    worker: list[str] = options.worker
    if worker[:1] == ["--"]:
        worker = worker[1:]
    if not worker:
        raise _BadInput("no worker: write spread-jobs run [OPTIONS] -- WORKER [ARG...]")
    preparation = [_load(text, f"--prepare {text}") for text in options.prepare]
    try:
        settings = Settings(
            codec=options.codec, pickle_protocol=options.pickle_protocol, task_timeout_s=options.task_timeout_s
        )
        slots = [Worker(worker, count=options.workers)]
        journal = _journal(options)
        return Master(slots, stdin=preparation, journal=journal, cases=options.cases, settings=settings)
    except (ValueError, CannotEncode, NotADirectoryError) as error:
        raise _BadInput(str(error)) from error


def _journal(options: argparse.Namespace) -> Journal | None:
    path: str | None = options.journal
    version: str | None = options.journal_version
    if path == "":
        raise _BadInput("--journal: the name of a file is due; it is empty")
    if path is None and version is not None:
        raise _BadInput("--journal-version goes with --journal FILE")
    return None if path is None else Journal(path, version=version or "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spread-jobs", description="Spread work over worker processes.")
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(title="commands", dest="command", required=True)
    template_command.add_options(commands)
    replay_command.add_options(commands)
    command = commands.add_parser(
        "run",
        help="spread payloads (JSON, one a line, on standard input) over workers; answers come out in order",
        usage="spread-jobs run [OPTIONS] -- WORKER [ARG...]",
    )
    command.add_argument(
        "-w", "--workers", type=_count, default=os.cpu_count() or 1, metavar="N", help="processes (default: the CPUs)"
    )
    command.add_argument(
        "--codec", choices=["json", "pickle"], default="pickle", help="what the worker speaks (pickle)"
    )
    command.add_argument("--pickle-protocol", type=int, choices=range(6), default=4, metavar="N", help="0 to 5; 4")
    command.add_argument(
        "--prepare", action="append", default=[], metavar="JSON", help="a preparation item; may be given again"
    )
    command.add_argument("--task-timeout-s", type=float, default=None, metavar="S", help="a task's limit; none")
    command.add_argument("--cases", metavar="FOLDER", help="save tasks that fail there, for spread-jobs replay")
    command.add_argument(
        "--journal", metavar="FILE", help="keep answers in it, and do not do again what it has: run the same once more"
    )
    command.add_argument("--journal-version", metavar="TEXT", help="of the worker: another one, and all is done again")
    command.add_argument(
        "--keep-going",
        action="store_true",
        help='go on past failures; each line out is then {"answer": ...} or {"error": "..."}',
    )
    command.add_argument("worker", nargs=argparse.REMAINDER, metavar="-- WORKER [ARG...]", help="its command line")
    return parser


def _version() -> str:
    try:
        return f"spread-jobs {version('spreadjobs')}, protocol 1.0"
    except PackageNotFoundError:
        return "spread-jobs, not installed, protocol 1.0"  # Run from a source tree.


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text}: 1 or more is due")
    return count


class _BadInput(Exception):
    """A line that is no JSON text, or an answer that none can say."""


def _load(text: str, where: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise _BadInput(f"{where}: one JSON text a line is due: {error}") from error
    return value


def _payloads(stdin: TextIO) -> Iterator[object]:
    for number, line in enumerate(stdin, start=1):
        if line.strip():
            yield _load(line, f"line {number}")


def _write(stdout: TextIO, value: object) -> None:
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise _BadInput(f"an answer of type {type(value).__name__} cannot be written as JSON: {error}") from error
    stdout.write(text + "\n")
    stdout.flush()


def _write_outcomes(outcomes: Iterator[Outcome[object]], stdout: TextIO) -> int:
    status = 0
    for outcome in outcomes:
        if isinstance(outcome, Answered):
            _write(stdout, {"answer": outcome.value})
        else:
            status = FAILED
            _write(stdout, _reason(outcome))
    return status


def _reason(outcome: Failed | Quarantined | Cancelled) -> dict[str, str]:
    reason = _words(outcome)
    return {**reason, "case": outcome.case} if outcome.case else reason


def _words(outcome: Failed | Quarantined | Cancelled) -> dict[str, str]:
    if isinstance(outcome, Failed):
        error = outcome.error
        if isinstance(error, RemoteException):
            return {"error": f"{error.type_name}: {error.message}", "traceback": error.traceback_text}
        return {"error": str(error)}
    if isinstance(outcome, Quarantined):
        return {"error": "; ".join(f"worker {a.worker}: {a.cause}: {a.detail}" for a in outcome.attempts)}
    return {"error": outcome.reason}


if __name__ == "__main__":
    run()
