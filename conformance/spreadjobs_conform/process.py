"""One worker process with its pipes: started in a session of its own, read while it is written to, always ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import selectors
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from typing import Final

from spreadjobs_conform import observe
from spreadjobs_conform.findings import CannotStart, HarnessFault

READ_BYTES: Final = 1 << 18
MAX_UNREAD_BYTES: Final = 1 << 26
"""Reading stops while this much waits to be looked at: a worker may write without end."""
MAX_STDERR_BYTES: Final = 1 << 16
KILL_LIMIT_S: Final = 5.0
RELEASE_LIMIT_S: Final = 0.25


class WorkerProcess:
    """
    A started worker. Never blocks longer than it is told to.

    Args:
        command: The argument list.
        environment: The whole environment of the worker.

    Raises:
        CannotStart: The executable is missing or cannot be executed.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        try:
            self._popen = subprocess.Popen(
                list(command),
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise CannotStart(f"{command[0]!r} could not be started: {error}") from error
        if self._popen.stdin is None or self._popen.stdout is None or self._popen.stderr is None:
            raise AssertionError("Popen makes the pipes that it was asked for")
        self._files = (self._popen.stdin, self._popen.stdout, self._popen.stderr)
        self.pid = self._popen.pid
        self._stdin = self._popen.stdin.fileno()
        self._stdout = self._popen.stdout.fileno()
        self._stderr = self._popen.stderr.fileno()
        self._pipes = frozenset({observe.pipe_name(self._stdout), observe.pipe_name(self._stderr)})
        self._stdin_pipe = observe.pipe_name(self._stdin)
        self._names = {
            self._stdin_pipe: "its standard input",
            observe.pipe_name(self._stdout): "its standard output",
        }
        self._stdout_pipe = frozenset({observe.pipe_name(self._stdout)})
        self._outgoing = bytearray()
        self._lost_bytes = 0
        """What was to be written when nobody could read it any more."""
        self._status: int | None = None
        self.inbox = bytearray()
        """What came on standard output and was not taken yet."""
        self.received_bytes = 0
        self.stdin_open = True
        self.stdin_broken = False
        """True once the worker has closed its end of its standard input."""
        self.stdout_open = True
        self._stderr_open = True
        self._stderr_tail = bytearray()
        self._selector = selectors.DefaultSelector()
        for descriptor in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(descriptor, False)
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)
        self._pidfd = self._open_pidfd()
        self._stdin_poll = select.poll()
        self._stdin_poll.register(self._stdin, 0)

    def _open_pidfd(self) -> int | None:
        # With it the end of the process wakes the selector; without it, the pauses of `pump` are short enough.
        try:
            descriptor = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            return None
        self._selector.register(descriptor, selectors.EVENT_READ)
        return descriptor

    # Writing and reading.

    def write(self, data: bytes) -> None:
        """Queues bytes for standard input and writes what fits at once."""
        if self.stdin_broken:
            self._lost_bytes += len(data)
        elif self.stdin_open:
            self._outgoing += data
            self._write_some()

    @property
    def unwritten_bytes(self) -> int:
        """What is queued and not yet in the pipe."""
        return len(self._outgoing)

    @property
    def unread_bytes(self) -> int:
        """What the worker has not read yet, as far as the system tells."""
        if not self.stdin_open:
            return 0
        try:
            waiting: int = struct.unpack("i", fcntl.ioctl(self._stdin, termios.FIONREAD, b"\0\0\0\0"))[0]
        except OSError:
            waiting = 0
        return len(self._outgoing) + self._lost_bytes + waiting

    def close_stdin(self) -> None:
        """The worker sees the end of its standard input; what is still queued is dropped."""
        if self.stdin_open:
            self._stop_writing()
            self.stdin_open = False
            self._files[0].close()

    def _write_some(self) -> None:
        while self._outgoing:
            try:
                written = os.write(self._stdin, memoryview(self._outgoing)[:READ_BYTES])
            except BlockingIOError:
                break
            except OSError:
                self._lose_stdin()
                break
            del self._outgoing[:written]
        self._watch_stdin()

    def _lose_stdin(self) -> None:
        self.stdin_broken = True
        self._lost_bytes += len(self._outgoing)
        self._stop_writing()

    def _look_at_stdin(self) -> None:
        # That nobody holds the other end any more shows without a write: what is in the pipe then was never read.
        if self.stdin_open and not self.stdin_broken and self._stdin_poll.poll(0):
            self._lose_stdin()

    def _watch_stdin(self) -> None:
        registered = self._stdin in self._selector.get_map()
        if self._outgoing and not registered:
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        elif not self._outgoing and registered:
            self._selector.unregister(self._stdin)

    def _stop_writing(self) -> None:
        self._outgoing.clear()
        self._watch_stdin()

    def pump(self, timeout_s: float) -> None:
        """Moves what can be moved now, or within the time if nothing can."""
        self._look_at_stdin()
        if len(self.inbox) > MAX_UNREAD_BYTES:
            return
        if self._pidfd is None:
            timeout_s = min(timeout_s, 0.02)
        if not self._selector.get_map():
            # Both pipes have ended and the process's own end was seen: nothing is left to wake us.
            time.sleep(min(timeout_s, 0.02))
            return
        for key, _ in self._selector.select(max(0.0, timeout_s)):
            if key.fd == self._stdin:
                self._write_some()
            elif key.fd == self._stdout:
                self._read_stdout()
            elif key.fd == self._stderr:
                self._read_stderr()
            else:
                self._selector.unregister(key.fd)

    def _read_stdout(self) -> None:
        data = self._read(self._stdout)
        if data == b"":
            self.stdout_open = False
        elif data is not None:
            self.inbox += data
            self.received_bytes += len(data)

    def _read_stderr(self) -> None:
        data = self._read(self._stderr)
        if data == b"":
            self._stderr_open = False
        elif data is not None:
            self._stderr_tail += data
            del self._stderr_tail[:-MAX_STDERR_BYTES]

    def _read(self, descriptor: int) -> bytes | None:
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return None
        if not data:
            self._selector.unregister(descriptor)
        return data

    # Looking at it.

    def status(self) -> int | None:
        """The exit status, a signal as its negative number, or None while the process lives. Does not reap."""
        if self._status is None:
            self._status = self._look()
        return self._status

    def _look(self) -> int | None:
        if not hasattr(os, "waitid"):
            return self._popen.poll()
        try:
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return self._popen.poll()
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def describe(self) -> str:
        """Where the process stands: ``the worker is alive, sleeping in read of its standard input``."""
        status = self.status()
        if status is None:
            doing = observe.doing(self.pid, self._names)
            closed = ", and has closed its standard input" if self.stdin_broken else ""
            child = observe.reader_below(self.pid, self._stdin_pipe) if self.stdin_open else ""
            reads = f"; {observe.CHILD_READS} ({child})" if child else ""
            return f"the worker is alive{', ' + doing if doing else ''}{closed}{reads}"
        held = ""
        if self.stdout_open:
            held = f", but its standard output is still held open{self.describe_holders()}"
        return f"the worker has {describe_status(status)}{held}"

    def describe_holders(self) -> str:
        """Who else holds its standard output, such as `` by process 4711 (sleep 100)``; "" if nobody says."""
        found = sorted(observe.holders(self._stdout_pipe) - {self.pid})
        named = ", ".join(f"process {pid} ({observe.command_of(pid) or 'no command line'})" for pid in found[:3])
        return f" by {named}" if named else ""

    def descriptors(self) -> int | None:
        """How many files the process has open; None where the system does not say."""
        return observe.descriptors(self.pid)

    def stderr_lines(self, count: int) -> list[str]:
        """The last lines of standard error."""
        text = self._stderr_tail.decode("utf-8", "replace").replace("\r\n", "\n")
        return text.splitlines()[-count:]

    # Ending it.

    def freeze(self) -> None:
        """Stops the group of the worker; what it was sent before, it may have read."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets the group of the worker go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        # As long as the leader is not reaped, its number cannot mean another group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def end(self) -> None:
        """
        Kills the worker with its group, reaps it, and ends whoever else holds its pipes.

        Raises:
            HarnessFault: The process outlived SIGKILL.
        """
        try:
            self._signal(signal.SIGKILL)
            try:
                self._status = self._popen.wait(KILL_LIMIT_S)
            except subprocess.TimeoutExpired as error:
                raise HarnessFault(f"process {self.pid} outlived SIGKILL for {KILL_LIMIT_S} s") from error
            self._end_holders()
        finally:
            self._close()

    def _released(self, limit_s: float) -> bool:
        deadline_s = time.monotonic() + limit_s
        while self.stdout_open or self._stderr_open:
            remaining_s = deadline_s - time.monotonic()
            if remaining_s <= 0:
                return False
            self.inbox.clear()
            self.pump(remaining_s)
        return True

    def _end_holders(self) -> None:
        if self._released(RELEASE_LIMIT_S):
            return
        # A process that left the group still holds a pipe. Seen twice: a child of this kit holds every pipe of the
        # kit for the moment between its fork and its exec, and is not to be hit.
        before = observe.holders(self._pipes)
        time.sleep(0.05)
        for pid in before & observe.holders(self._pipes):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        self._released(RELEASE_LIMIT_S)

    def _close(self) -> None:
        self._selector.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
        for pipe in self._files:
            pipe.close()
        self.stdin_open = False


def describe_status(status: int) -> str:
    """``exited with status 3`` or ``been ended by SIGKILL``."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"been ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"been ended by signal {-status}"
