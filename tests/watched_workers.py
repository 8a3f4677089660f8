"""Workers as a master holds them, by their pipes."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol

from processes import BOUND_S, ENVIRONMENT, Identity, logged

Pipe = int | IO[bytes]
WORKER = [sys.executable, "-m", "spreadjobs.worker", "busy:work"]


class Start(Protocol):
    """Starts a worker."""

    def __call__(
        self, command: list[str] = WORKER, stdin: Pipe = subprocess.PIPE, stdout: Pipe = subprocess.PIPE
    ) -> subprocess.Popen[bytes]: ...


@contextmanager
def starting() -> Iterator[Start]:
    """Start workers as a master does; whatever happens in the block, they and their groups are killed and reaped."""
    with ExitStack() as stack:

        def begin(
            command: list[str] = WORKER, stdin: Pipe = subprocess.PIPE, stdout: Pipe = subprocess.PIPE
        ) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                bufsize=0,
                start_new_session=True,
            )
            stack.callback(dispose, process)
            return process

        yield begin


def dispose(process: subprocess.Popen[bytes]) -> None:
    """Kill and reap it and its group, and close its pipes."""
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.wait(BOUND_S)


def request(name: str, log: Path, task_id: int = 7) -> bytes:
    """The request of a task."""
    return pickle.dumps((task_id, {"do": name, "log": str(log)}), 4)


def ask(worker: subprocess.Popen[bytes], name: str, log: Path, processes: int = 1) -> list[Identity]:
    """Give it a task; returns the processes that have said to be at work on it."""
    assert worker.stdin is not None
    worker.stdin.write(request(name, log))
    return logged(log, processes)


def die(worker: subprocess.Popen[bytes]) -> None:
    """What a worker sees of its master's death: all ends of the pipes are closed."""
    for pipe in (worker.stdin, worker.stdout):
        assert pipe is not None
        pipe.close()


def read_answer(source: IO[bytes] | None) -> object:
    """The value of an answer."""
    assert source is not None
    (_, value), _, _ = pickle.load(source)
    assert source.read(1) == b"\n"
    return value


def said(worker: subprocess.Popen[bytes]) -> str:
    """What is on its error stream."""
    assert worker.stderr is not None
    return worker.stderr.read().decode()
