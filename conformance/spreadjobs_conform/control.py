"""
The control worker: a few lines that are known to be right, run now and then beside the worker under test.

How long it takes tells how slow the machine is now. A limit that a busy machine makes too short says nothing about a
worker; ``patience`` makes limits longer by it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from types import TracebackType
from typing import Final, Self

from spreadjobs_conform.patience import Patience

PERIOD_S: Final = 1.0
"""From the end of one control to the start of the next. One takes some 20 ms of a processor."""
CONTROL_LIMIT_S: Final = 10.0
"""After this the machine counts as being as slow as limits can be made for, and the control is ended."""
PROGRAM: Final = """
import pickle, sys
read, write = sys.stdin.buffer, sys.stdout.buffer
while pickle.load(read) is not None:
    pass
while read.peek(1):
    task_id, payload = pickle.load(read)
    write.write(pickle.dumps(((task_id, payload["value"]), None, None)))
    write.flush()
"""
"""A worker that serves the payload ``echo`` and no other."""
_CONVERSATION: Final = b"".join(map(pickle.dumps, (None, (0, {"op": "echo", "value": "are you there?"}))))
_ANSWER: Final = ((0, "are you there?"), None, None)


class Controls:
    """
    Runs the control worker now and then, in a thread, from ``with`` to the end of it.

    Args:
        patience: Whose limits are to fit the machine.
        program: The control worker, in Python.
    """

    def __init__(self, patience: Patience, program: str = PROGRAM) -> None:
        self._patience = patience
        self._program = program
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._go_on, name="control", daemon=True)

    def __enter__(self) -> Self:
        """Begins; does not wait for the first one."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the one that is under way."""
        with self._lock:
            self._stop.set()
            if self._process is not None:
                _kill(self._process)
        self._thread.join()

    def _go_on(self) -> None:
        # Without an interpreter to start, the limits stay as they are.
        while sys.executable and not self._stop.is_set():
            self._one()
            self._stop.wait(PERIOD_S)

    def _one(self) -> None:
        self._patience.control_began()
        try:
            answer = self._converse()
        except OSError:
            answer = None  # No process can be started now: the cases will meet that too.
        if self._stop.is_set() or answer not in (None, _ANSWER):
            # It was ended, or went wrong for a reason of its own: how long that took means nothing.
            self._patience.control_failed()
        else:
            self._patience.control_ended()

    def _converse(self) -> object:
        """The control's answer; None if it took too long."""
        with self._lock:
            if self._stop.is_set():
                return None
            process = self._process = subprocess.Popen(
                [sys.executable, "-S", "-E", "-c", self._program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        with process:
            try:
                written, _ = process.communicate(_CONVERSATION, timeout=CONTROL_LIMIT_S)
            except subprocess.TimeoutExpired:
                _kill(process)
                return None
        with self._lock:
            self._process = None
        return _answer(written)


def _answer(written: bytes) -> object:
    try:
        value: object = pickle.loads(written)  # noqa: S301 - the kit's own program wrote it
    except (pickle.UnpicklingError, EOFError):
        return "no answer"
    return value


def _kill(process: subprocess.Popen[bytes]) -> None:
    # Not yet waited for, its number cannot mean another process.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
