"""The master under test as a process: started with its job, waited for, and ended with all that it left."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import Final

from spreadjobs_conform import observe
from spreadjobs_conform.findings import CannotStart

KILL_LIMIT_S: Final = 5.0
READ_BYTES: Final = 1 << 16
MOST_KEPT_BYTES: Final = 1 << 26
"""Of each of its outputs: an account that is longer is none."""
SETTLE_S: Final = 1.0
LOOK_S: Final = 0.02
PLAYED: Final = "played.py"
"""In the command of each played worker, and of the children that it forks."""
OWN: Final = "SPREAD_JOBS_CONFORM"
"""How the variables of the kit begin; the hints of the protocol begin so as well, but for the last word."""


class Subject:
    """
    One process of the adapter.

    Args:
        command: Of the adapter.
        job: The file, which is the last argument.

    Raises:
        CannotStart: The executable is missing or cannot be executed.

    Attributes:
        printed: What came on its standard output.
        screen: What came on its standard error.
        peak_bytes: The most memory that it was seen to have; 0 where the system does not tell.
    """

    def __init__(self, command: Sequence[str], job: Path) -> None:
        self.printed = bytearray()
        self.screen = bytearray()
        self.peak_bytes = 0
        name, value = f"{OWN}_RUN", secrets.token_hex(8)
        self._mark = f"{name}={value}"
        # Hints that a master of ours has given the kit are not this master's.
        environment = {key: text for key, text in os.environ.items() if not _is_hint(key)}
        try:
            self._process = subprocess.Popen(
                [*command, str(job)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**environment, name: value},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise CannotStart(f"{command[0]!r} could not be started: {error}") from error
        self._streams = [stream for stream in (self._process.stdout, self._process.stderr) if stream is not None]
        self._readers = [
            threading.Thread(target=_collect, args=(stream.fileno(), into), daemon=True)
            for stream, into in zip(self._streams, (self.printed, self.screen), strict=True)
        ]
        for reader in self._readers:
            reader.start()

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        if self._process.poll() is None:
            self.peak_bytes = max(self.peak_bytes, _peak_bytes(self._process.pid))
        return self._process.returncode

    def close(self, known: Iterable[int]) -> tuple[int, ...]:
        """
        Ends it, if it runs, and whatever it left behind.

        Args:
            known: Process ids of its workers, and of those whom they started.

        Returns:
            Those of them that were left.
        """
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(KILL_LIMIT_S)
        known = {*known}
        marked = observe.marked(self._mark)
        deadline_s = time.monotonic() + SETTLE_S
        # One that was killed a moment ago may still be seen.
        while (left := _left(known, marked)) and time.monotonic() < deadline_s:
            time.sleep(LOOK_S)
            marked = observe.marked(self._mark)
        for pid in {*marked, *left}:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for reader in self._readers:
            reader.join(KILL_LIMIT_S)
        for stream in self._streams:
            stream.close()
        return tuple(sorted(left))


def _left(known: set[int], marked: AbstractSet[int]) -> set[int]:
    """Those that live and are what they were said to be: in another name space of processes the numbers are others'."""
    return {pid for pid in known if _lives(pid) and (pid in marked or PLAYED in observe.command_of(pid))}


def _is_hint(name: str) -> bool:
    return name.startswith("SPREAD_JOBS_") and not name.startswith(OWN)


def _collect(descriptor: int, into: bytearray) -> None:
    with suppress(OSError):
        while data := os.read(descriptor, READ_BYTES):
            into += data[: max(MOST_KEPT_BYTES - len(into), 0)]


def _lives(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie as far as the system tells."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    return True


def _peak_bytes(pid: int) -> int:
    """What a process had of memory at most."""
    with suppress(OSError):
        found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text("ascii"), re.MULTILINE)
        return int(found[1]) * 1024 if found else 0
    return 0
