"""
A worker made of any program that reads lines and writes lines. Standard library only: it runs where the worker runs.

    python -m spreadjobs.filter [--codec json] [--json] [--each] -- COMMAND [ARG...]

One process of the command serves all tasks: the payload is the line that it reads, the answer is the line that it
writes. With ``--each`` a process is started for each task: it reads the whole payload and the end of its input, and all
that it writes is the answer, however many lines.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from spreadjobs.worker import claim, serve

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_SHOWN: Final = 200
READ_BYTES: Final = 1 << 16
SHIFTED: Final = "one line a line was due, so the answers before may be those of other tasks"
END_LIMIT_S: Final = 2.0
"""For a program whose input has ended."""


class FilterFailed(Exception):
    """The program ended, or did not do what a filter does; the text says what to do."""


def run(arguments: Sequence[str]) -> int:
    """
    Serve a command.

    Args:
        arguments: The command line without the program's name.

    Returns:
        0, at the end of input.

    Raises:
        SystemExit: A wrong command line (2), a program that wrote more lines than it was given (1), or what ``serve``
            raises.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    command: list[str] = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("a command is due, such as: python -m spreadjobs.filter -- tr a-z A-Z")
    if shutil.which(command[0]) is None:
        parser.error(f"{command[0]!r} is no program in PATH, and no executable file")
    claim()
    written, read = (_as_json, json.loads) if options.json else (_as_text, str)
    program = Each(command) if options.each else Lines(command)

    def task(payload: object) -> object:
        return read(program.ask(written(payload)))

    try:
        serve(task, codec=options.codec, capture="none")
    finally:
        try:
            program.close()
        except FilterFailed as failure:
            sys.exit(f"{parser.prog}: {failure}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m spreadjobs.filter",
        usage="python -m spreadjobs.filter [--codec json] [--json] [--each] -- COMMAND [ARG...]",
        description="Be a worker that answers each task with what a program makes of it, line in, line out.",
    )
    parser.add_argument("--codec", choices=("pickle", "json"), default="pickle", help="between master and worker")
    parser.add_argument("--json", action="store_true", help="lines are JSON texts: any payload, any answer")
    parser.add_argument("--each", action="store_true", help="a process a task, which reads the payload up to its end")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND [ARG...]")
    return parser


def _as_json(payload: object) -> str:
    return json.dumps(payload, allow_nan=False)


def _as_text(payload: object) -> str:
    if isinstance(payload, bool) or not isinstance(payload, str | int | float):
        raise FilterFailed(f"a payload of type {type(payload).__name__} is no line; give a str or a number, or --json")
    return str(payload)


class Lines:
    """
    One process for all tasks: a line in, a line out.

    Whether a line that comes is the answer or a late second one for the task before, nobody can tell by looking at it:
    the program must write just one line for each. More lines are found out when they are there before the next task, or
    at the end, and told with what they mean for the answers before.

    It runs under ``stdbuf -oL`` where that is installed, since most programs keep what they write to a pipe until there
    is much of it. A process that ends, or that writes more than a line for a task, fails a task, and the next one gets
    a new process.

    Args:
        command: The argument list.
    """

    def __init__(self, command: Sequence[str]) -> None:
        stdbuf = shutil.which("stdbuf")
        self._command = [*([stdbuf, "-oL"] if stdbuf else []), *command]
        self._name = command[0]
        self._process: _Process | None = None

    def ask(self, line: str) -> str:
        """
        Give what the program makes of a line, without its line end.

        Raises:
            FilterFailed: The line is several, or the program ended, or it wrote more than a line for the task before.
        """
        if "\n" in line:
            raise FilterFailed(f"the payload {line[:LONGEST_SHOWN]!r} has more than one line; --each takes such")
        process = self._process = self._process or _Process(self._command)
        # Whose line that is nobody can tell: every later answer would be that of another task.
        if extra := process.waiting():
            self._process = None
            process.end()
            raise FilterFailed(f"for an earlier task {self._name} also wrote {_shown(extra)}; {SHIFTED}")
        answer = process.ask(line.encode("utf-8", "surrogateescape") + b"\n")
        if not answer.endswith(b"\n"):
            self._process = None
            process.end()
            raise FilterFailed(f"{self._name} ended with {process.status()} and wrote {_shown(answer)}; a line was due")
        return answer[:-1].decode("utf-8", "surrogateescape")

    def close(self) -> None:
        """
        Let the program see the end of its input, and end it if it does not end then.

        Raises:
            FilterFailed: It wrote more lines than it was given.
        """
        process, self._process = self._process, None
        if process is not None and (extra := process.end()):
            raise FilterFailed(f"at its end {self._name} also wrote {_shown(extra)}; {SHIFTED}")


class _Process:
    """The program with its two pipes, read while it is written to."""

    def __init__(self, command: Sequence[str]) -> None:
        self._popen = subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._popen.stdin is None or self._popen.stdout is None:
            raise AssertionError("Popen makes the pipes that it was asked for")
        self._stdin = self._popen.stdin.fileno()
        self._stdout = self._popen.stdout.fileno()
        os.set_blocking(self._stdin, False)
        self._came = bytearray()

    def waiting(self) -> bytes:
        """What came that nobody asked for."""
        if select.select([self._stdout], [], [], 0)[0]:
            self._came += os.read(self._stdout, READ_BYTES)
        return bytes(self._came)

    def ask(self, line: bytes) -> bytes:
        """Write a line, and give the one that comes; without its line end, or nothing, if the program ended before."""
        left = memoryview(line)
        searched = 0
        while (end := self._came.find(b"\n", searched)) < 0:
            searched = len(self._came)
            readable, writable, _ = select.select([self._stdout], [self._stdin] if left else [], [])
            if writable:
                left = self._write(left)
            if readable:
                data = os.read(self._stdout, READ_BYTES)
                if not data:
                    end = len(self._came)
                    break
                self._came += data
        answer = bytes(self._came[: end + 1])
        del self._came[: end + 1]
        return answer

    def _write(self, left: memoryview) -> memoryview:
        try:
            return left[os.write(self._stdin, left) :]
        except BlockingIOError:
            return left
        except BrokenPipeError:  # It reads no more; what it wrote, and its end, are still to come.
            return left[len(left) :]

    def status(self) -> str:
        """How it ended, for people."""
        status = self._popen.poll()
        return "no exit" if status is None else f"status {status}" if status >= 0 else f"signal {-status}"

    def end(self) -> bytes:
        """Close its input, and end it if it goes on; what it wrote and nobody took."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        deadline_s = time.monotonic() + END_LIMIT_S
        while select.select([self._stdout], [], [], max(0.0, deadline_s - time.monotonic()))[0]:
            data = os.read(self._stdout, READ_BYTES)
            if not data or len(self._came) > READ_BYTES:
                break
            self._came += data
        if self._popen.stdout is not None:
            self._popen.stdout.close()
        try:
            self._popen.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        return bytes(self._came)


class Each:
    """
    A process for each task: the payload is all that it reads, the answer all that it writes.

    Args:
        command: The argument list.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)

    def ask(self, text: str) -> str:
        """
        Give what the program makes of a text; of the last line without its end, as shells do.

        Raises:
            FilterFailed: It ended with another status than 0.
        """
        if text and not text.endswith("\n"):
            text += "\n"
        ended = subprocess.run(
            self._command, input=text.encode("utf-8", "surrogateescape"), stdout=subprocess.PIPE, check=False
        )
        if ended.returncode:
            how = f"status {ended.returncode}" if ended.returncode > 0 else f"signal {-ended.returncode}"
            raise FilterFailed(f"{self._command[0]} ended with {how} and wrote {_shown(ended.stdout)}")
        return ended.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    def close(self) -> None:
        """Do nothing: each process has ended with its task."""


def _shown(data: bytes) -> str:
    return repr(data[:LONGEST_SHOWN]) if data else "nothing"


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
