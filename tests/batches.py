"""Tasks for the tests of when ``serve()`` writes: short ones, and long ones that wait for the test."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from spreadjobs.worker import alive

Payload = dict[str, str]


def nothing(_payload: Payload) -> None:
    """Be done at once."""


def text(payload: Payload) -> str:
    return "x" * int(payload["length"])


def wait(payload: Payload) -> str:
    """Until the test has written to the fifo."""
    return Path(payload["fifo"]).read_text(encoding="ascii")


def spin(payload: Payload) -> str:
    """As ``wait``, in Python code that never waits for anything."""
    come: list[str] = []
    threading.Thread(target=lambda: come.append(wait(payload))).start()
    while not come:
        pass
    return come[0]


def wait_in_fork(payload: Payload) -> str:
    """As ``wait``, in a child, which comes back as well."""
    pid = os.fork()
    if not pid:
        return wait(payload)
    return str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def sign(payload: Payload) -> str:
    """Say that it is at work, then wait."""
    alive(0)
    return wait(payload)


def sign_in_thread(payload: Payload) -> str:
    thread = threading.Thread(target=alive)
    thread.start()
    thread.join()
    return wait(payload)


def leave(_payload: Payload) -> NoReturn:
    os._exit(3)


def leave_once(payload: Payload) -> str:
    """End the process the first time."""
    try:
        Path(payload["path"]).touch(exist_ok=False)
    except FileExistsError:
        return "done"
    os._exit(3)


def interrupt(_payload: Payload) -> NoReturn:
    raise KeyboardInterrupt


def interrupt_in_fork(_payload: Payload) -> int:
    """The answer is how the child ended."""
    pid = os.fork()
    if not pid:
        alive(0)
        raise KeyboardInterrupt
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class TimeUp(Exception):
    """A time limit of the task's own."""


def run_out_of_time(_payload: Payload) -> str:
    """Say that it is at work, for longer than it has time."""

    def end(_number: int, _frame: object) -> None:
        raise TimeUp

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        while True:
            alive(0)
    except TimeUp:
        return "out of time"


def say(payload: Payload) -> None:
    os.write(1, payload["line"].encode())


def close(_payload: Payload) -> None:
    """Close standard output, and lead the error stream elsewhere."""
    os.close(1)
    nothing_ = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing_, 2)
    if nothing_ != 2:
        os.close(nothing_)


def work(payload: Payload) -> object:
    """Do the function that the payload names."""
    function: Callable[[Payload], object] = globals()[payload["do"]]
    return function(payload)
