"""
The master's side of a conversation, for tests of workers: raw bytes over real pipes, every wait bounded.

It shares no code with the library or the kit: what it reads and writes are bytes, ``pickle`` and ``json``.
"""

from __future__ import annotations

import functools
import io
import json
import os
import pickle
import selectors
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

LIMIT_S: Final = 30.0
"""How long a worker may take for anything; only a broken one takes so long."""

# One read takes at most so much.
_CHUNK_BYTES: Final = 1 << 20

Codec = Literal["pickle", "json"]


class Instance:
    """What came as an instance of one of the ancestor's classes, wherever that class is."""

    def __init__(self, *args: object) -> None:
        self.args = args

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> object:
        if name in {"TooBusy", "RemoteException"}:
            return type(name, (Instance,), {"__module__": module})
        found: object = super().find_class(module, name)
        return found


class Conversation:
    """
    A worker process and its three pipes.

    Use it in a ``with`` statement: at the end the worker ends or is killed, and everything is closed.

    Args:
        command: The worker's argument list.
        codec: How ``send`` and ``receive`` make and read messages.
        protocol: Pickle protocol of what ``send`` writes.
        path: Folder that the worker can import modules from.
        environment: Variables beside those of this process.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        codec: Codec = "pickle",
        protocol: int = 4,
        path: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.codec = codec
        self.protocol = protocol
        # PKL-5: no newline follows where the ancestor reads.
        self._ending = b"" if "untagged" in command else b"\n"
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        if path is not None:
            inherited = variables.get("PYTHONPATH")
            variables["PYTHONPATH"] = f"{path}{os.pathsep}{inherited}" if inherited else str(path)
        variables |= environment or {}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._stdin, self._stdout, self._stderr = self.process.stdin, self.process.stdout, self.process.stderr
        self._unsent = memoryview(b"")
        self.received = bytearray()
        self.errors = bytearray()
        self._open = {self._stdout.fileno(): self.received, self._stderr.fileno(): self.errors}
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe.fileno(), False)

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exception: object) -> None:
        """Let the worker end by itself, unless the test has failed; leave nothing behind."""
        try:
            if kind is None and self.process.poll() is None:
                self.end()
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self._reap()

    def _reap(self) -> None:
        self.process.wait(LIMIT_S)
        for pipe in (self._stdin, self._stdout, self._stderr):
            pipe.close()

    def bytes_of(self, message: object) -> bytes:
        """Give the bytes of a message."""
        if self.codec == "json":
            return json.dumps(message).encode() + b"\n"
        return pickle.dumps(message, self.protocol)

    def send(self, *messages: object) -> None:
        """Send messages in one piece."""
        self.send_bytes(b"".join(map(self.bytes_of, messages)))

    def send_bytes(self, data: bytes) -> None:
        """Send bytes, reading meanwhile what comes."""
        self._unsent = memoryview(data)
        self._pump(lambda: not self._unsent)

    def ask(self, task_id: int, payload: object) -> object:
        """Send a request and give the response."""
        self.send((task_id, payload))
        return self.receive()

    def receive(self) -> object:
        """Give the next message."""
        found: list[object] = []
        self._pump(lambda: self._take(found) or self._stdout.fileno() not in self._open)
        assert found, (
            f"the worker closed its standard output, {bytes(self.received[:200])!r} came: {self.errors.decode()}"
        )
        return found[0]

    def _take(self, found: list[object]) -> bool:
        """Take a message off what was received; the newline after it must be there, where one is due."""
        if self.codec == "json":
            line, newline, rest = self.received.partition(b"\n")
            if newline:
                found.append(json.loads(line))
                self.received[:] = rest
            return bool(newline)
        if not self.received.endswith(b"." + self._ending) and not self._several():
            return False
        stream = io.BytesIO(self.received)
        try:
            # PKL-11: strings of a worker in Python 2
            message: object = _Reader(stream, encoding="utf-8", errors="surrogateescape").load()
        except (EOFError, pickle.UnpicklingError):
            return False
        if stream.read(len(self._ending)) != self._ending:
            return False
        found.append(message)
        del self.received[: stream.tell()]
        return True

    def _several(self) -> bool:
        return b"." + self._ending in self.received[: _CHUNK_BYTES // 16]

    def wait_for_error(self, text: str) -> None:
        """Wait until the worker wrote the text on its error stream; its output is not read meanwhile."""
        output = self._open.pop(self._stdout.fileno())
        self._pump(lambda: text.encode() in self.errors)
        self._open[self._stdout.fileno()] = output

    def close_stdin(self) -> None:
        """End the worker's input."""
        self._stdin.close()

    def close_stdout(self) -> None:
        """Stop reading what the worker writes."""
        del self._open[self._stdout.fileno()]
        self._stdout.close()

    def close_stderr(self) -> None:
        """Stop reading what the worker says."""
        del self._open[self._stderr.fileno()]
        self._stderr.close()

    def receive_end(self) -> None:
        """Wait for the end of the worker's output; nothing more may have come."""
        self._pump(lambda: self._stdout.fileno() not in self._open)
        assert not self.received, self._came()

    def end(self) -> tuple[int, str, str]:
        """Close the input, and give the exit status, the rest of the output and all of the error stream, as text."""
        if not self._stdin.closed:
            self.close_stdin()
        self._pump(lambda: not self._open)
        status = self.process.wait(LIMIT_S)
        return status, self.received.decode("utf-8", "surrogateescape"), self.errors.decode("utf-8", "surrogateescape")

    def _pump(self, done: Callable[[], bool]) -> None:
        """Move bytes in all directions until ``done()``."""
        deadline = time.monotonic() + LIMIT_S
        while not done():
            with selectors.DefaultSelector() as selector:
                for descriptor in self._open:
                    selector.register(descriptor, selectors.EVENT_READ)
                if self._unsent:
                    selector.register(self._stdin, selectors.EVENT_WRITE)
                ready = selector.select(deadline - time.monotonic())
            if not ready:
                raise TimeoutError(f"nothing moved for {LIMIT_S} s; {self._came()}")
            for key, _ in ready:
                if key.fd in self._open:
                    data = os.read(key.fd, _CHUNK_BYTES)
                    self._open[key.fd].extend(data)
                    if not data:
                        del self._open[key.fd]
                else:
                    self._write()

    def _write(self) -> None:
        try:
            self._unsent = self._unsent[os.write(self._stdin.fileno(), self._unsent) :]
        except BrokenPipeError:
            self._unsent = memoryview(b"")  # the worker has left

    def _came(self) -> str:
        return f"{len(self.received)} bytes came: {bytes(self.received[:200])!r}; errors: {self.errors.decode()}"


def serving(target: str, *options: str) -> list[str]:
    """Give the command of a worker that serves a function by ``spreadjobs.worker``."""
    return [sys.executable, "-m", "spreadjobs.worker", target, *options]


@functools.cache
def interpreter(version: str) -> str | None:
    """Find a Python of a version on PATH that really runs: a shim of pyenv may answer for one that is switched off."""
    for folder in os.get_exec_path():
        program = shutil.which(f"python{version}", path=folder)
        if program:
            script = "import sys; sys.stdout.write(sys.executable)"
            found = subprocess.run([program, "-c", script], capture_output=True, text=True, check=False)
            if found.returncode == 0:
                return found.stdout
    return None
