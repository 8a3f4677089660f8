"""
Connections: a worker's pipes and process. ``Connection`` is what the loop needs, ``SubprocessConnection`` a local one.

A connection is byte-level with file descriptors: a blocking send or get cannot live in a loop that serves all workers.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Final, Protocol, Self, TypeAlias

from spreadjobs.events import Exit


class Arguments(list[str]):
    """
    An argument list as a connection factory gets it: a list of str that also knows what else a worker is to have.

    ``["ssh", host, *arguments]`` makes a plain list; the hints in the environment are then not passed on, and need
    not be (spec EXEC-4).

    Attributes:
        env: The whole environment for the worker, the hints among it, or None for the master's own.
        cwd: Its folder, or None for the master's own.
    """

    __slots__ = ("cwd", "env")

    def __init__(
        self, arguments: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str | None = None
    ) -> None:
        super().__init__(arguments)
        self.env = env
        self.cwd = cwd


class Connection(Protocol):
    """One worker: three non-blocking descriptors and the process behind them. No verb ever blocks."""

    @property
    def stdin_fd(self) -> int:
        """The writing end of the worker's standard input."""
        ...

    @property
    def stdout_fd(self) -> int:
        """The reading end of its standard output."""
        ...

    @property
    def stderr_fd(self) -> int | None:
        """The reading end of its standard error, or None if that goes elsewhere."""
        ...

    def close_stdin(self) -> None:
        """Close ``stdin_fd``: the worker sees the end of its standard input. A second call does nothing."""
        ...

    def poll(self) -> Exit | None:
        """How the process ended, or None while it runs."""
        ...

    def signal_group(self, number: int, /) -> None:
        """Send a signal to the process and all of its group, as far as there are any."""
        ...

    def discard(self) -> None:
        """Kill what is left of the group, close all descriptors and reap the process. A second call does nothing."""
        ...


ConnectionFactory: TypeAlias = Callable[[Arguments], Connection]
"""Starts a worker, given its argument list. An OSError says that it could not be started."""

REAP_S: Final = 2.0
"""So long a process that was killed is waited for; one that stays is left to the system."""
_NEVER_REAPED: Final = Exit()


class SubprocessConnection:
    """
    A worker as a process of this machine, started without a shell in a session and process group of its own.

    Args:
        arguments: The program and its arguments. Spec EXEC-1.

    Raises:
        OSError: it cannot be started.

    Attributes:
        arguments: As they were given.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = arguments
        env = arguments.env if isinstance(arguments, Arguments) else None
        cwd = arguments.cwd if isinstance(arguments, Arguments) else None
        self._exit: Exit | None = None
        self._discarded = False
        self.process = subprocess.Popen(
            list(arguments),
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
        self._stdin = _pipe(self.process.stdin)
        self._stdout = _pipe(self.process.stdout)
        self._stderr = _pipe(self.process.stderr)
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        """The process id, which is the id of its group too."""
        return self.process.pid

    @property
    def stdin_fd(self) -> int:
        """The writing end of the worker's standard input."""
        return self._stdin.fileno()

    @property
    def stdout_fd(self) -> int:
        """The reading end of its standard output."""
        return self._stdout.fileno()

    @property
    def stderr_fd(self) -> int:
        """The reading end of its standard error."""
        return self._stderr.fileno()

    def close_stdin(self) -> None:
        """Close ``stdin_fd``: the worker sees the end of its standard input."""
        self._stdin.close()

    def poll(self) -> Exit | None:
        """
        How the process ended, or None while it runs.

        It is looked at without being reaped: until ``discard`` the group's id stays taken, so that no signal can reach
        a stranger who was given the same number.
        """
        if self._exit is None:
            try:
                info = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                self._exit = _NEVER_REAPED  # Somebody else reaped it, as under SIGCHLD=SIG_IGN.
            else:
                if info is not None:
                    self._exit = _exit_of(info.si_code, info.si_status)
        return self._exit

    def signal_group(self, number: int, /) -> None:
        """Send a signal to the process and all of its group, as far as there are any."""
        if self._discarded or self._exit is _NEVER_REAPED:
            return
        with suppress(ProcessLookupError, PermissionError):  # Nobody is left, or (macOS) only zombies are.
            os.killpg(self.pid, number)

    def discard(self) -> None:
        """Kill what is left of the group, close all descriptors and reap the process."""
        if self._discarded:
            return
        self.signal_group(signal.SIGKILL)
        self._discarded = True
        for pipe in (self._stdin, self._stdout, self._stderr):
            pipe.close()
        with suppress(subprocess.TimeoutExpired):  # It survives KILL: another user's, or stuck in the kernel.
            self.process.wait(REAP_S)

    def __enter__(self) -> Self:
        """Itself; it is discarded at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Discard it."""
        self.discard()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("the process was started with three pipes")
    return pipe


def _exit_of(code: int, status: int) -> Exit:
    """A wait status as an Exit; the names are those of the platform's <signal.h>."""
    if code == os.CLD_EXITED:
        return Exit(status=status)
    try:
        return Exit(signal=signal.Signals(status).name)
    except ValueError:
        return Exit(signal=f"signal {status}")  # A real-time signal has no name of its own.
