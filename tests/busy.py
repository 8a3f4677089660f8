"""Tasks that stay at work, with processes of their own; each process writes its pid into a file, one a line."""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

NAP_S = 0.1
"""A signal that comes just before a sleep is handled only after it: who has a handler sleeps in naps."""
SLEEPER = """
import os, sys, time
log, ready = map(int, sys.argv[1:3])
os.write(log, b"%d\\n" % os.getpid())
os.close(ready)
while True: time.sleep(0.1)
"""
"""A child that ends at TERM."""
STUBBORN = f"import signal; signal.signal(15, signal.SIG_IGN); {SLEEPER}"
"""A child that does not."""
SAVES = f"import signal, sys; signal.signal(15, lambda *_: sys.exit(open(sys.argv[3], 'w').close())); {SLEEPER}"
"""A child that does something at TERM."""


def log_pid(log: str) -> None:
    """Write this process's pid."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, b"%d\n" % os.getpid())
    os.close(descriptor)


def child(log: str, program: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a program that writes its pid, and wait until it has: then it is set up."""
    return start_child(log, [sys.executable, "-c", program], arguments)


def start_child(log: str, command: list[str], arguments: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """Likewise, with a command that gets the descriptors of the log and of a pipe that it closes when it is set up."""
    ready, tell = os.pipe()
    with Path(log).open("ab") as opened:
        numbers = [opened.fileno(), tell]
        started = subprocess.Popen([*command, *map(str, numbers), *arguments], pass_fds=numbers)
    os.close(tell)
    os.read(ready, 1)
    os.close(ready)
    return started


def pooled(log: str) -> None:
    """What a process of a pool does."""
    log_pid(log)
    time.sleep(1000)


def sleep(log: str) -> None:
    log_pid(log)
    while True:
        time.sleep(NAP_S)


def spin(log: str) -> None:
    log_pid(log)
    while True:
        pass


def wait_for_child(log: str) -> None:
    started = child(log, SLEEPER)
    log_pid(log)
    started.wait()


def wait_for_stubborn_child(log: str) -> None:
    started = child(log, STUBBORN)
    log_pid(log)
    started.wait()


def wait_for_saving_child(log: str) -> None:
    started = child(log, SAVES, f"{log}.saved")
    log_pid(log)
    started.wait()


def hold_beside_a_child(log: str) -> str:
    child(log, STUBBORN)
    return hold_until(log)


def leave_a_child(log: str) -> str:
    child(log, STUBBORN)
    log_pid(log)
    return "left"


def restart_children(log: str) -> None:
    """As a supervisor would."""
    log_pid(log)
    while True:
        child(log, SLEEPER).wait()


def wait_beside_an_orphan(log: str) -> None:
    """One whose parent has ended."""
    start_child(log, ["/bin/sh", "-c", 'exec "$@" &', "sh", sys.executable, "-c", SLEEPER]).wait()
    sleep(log)


def fork(log: str) -> None:
    if not os.fork():
        pooled(log)
    sleep(log)


def multiprocess(log: str) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=pooled, args=(log,)) for _ in range(2)]
    for process in processes:
        process.start()
    log_pid(log)
    processes[0].join()


def threads(log: str) -> None:
    thread = threading.Thread(target=sleep, args=(log,))  # Not a daemon: it keeps a program that ends by itself.
    thread.start()
    thread.join()


def clean_up(log: str) -> None:
    """With a handler of TERM, as a program with temporary files has it."""

    def end(_number: int, _frame: object) -> None:
        Path(f"{log}.handled").touch()
        sys.exit(3)

    atexit.register(Path(f"{log}.atexit").touch)
    signal.signal(signal.SIGTERM, end)
    sleep(log)


def ignore_term(log: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleep(log)


def note_term(log: str) -> None:
    """Live on after TERM, and say that it came."""
    signal.signal(signal.SIGTERM, lambda *_: Path(f"{log}.term").touch())
    sleep(log)


def stay(log: str) -> None:
    """Keep the process from ending in good order, and say that TERM came."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])

    def note() -> None:
        signal.sigwait([signal.SIGTERM])
        Path(f"{log}.term").touch()
        time.sleep(1000)

    threading.Thread(target=note).start()
    log_pid(log)


def nothing(_log: str) -> None:
    """Be done at once."""


def answer_pid(log: str) -> int:
    log_pid(log)
    return os.getpid()


def hold_the_lock(log: str) -> str:
    """Two seconds of C code that never lets another thread run."""
    log_pid(log)
    ctypes.PyDLL(None).usleep(2_000_000)
    return "done"


class TimeUp(Exception):
    """A time limit of a task's own."""


def limit_forks(_log: str) -> list[int]:
    """How many of 50 time limits were over, and of how many the task got to know, while it did nothing but fork."""
    over = known = 0

    def end(_number: int, _frame: object) -> None:
        nonlocal over
        over += 1
        raise TimeUp

    def fork_until_over(limit: int) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.0005 + 0.00002 * limit)
        while over == limit:
            if not os.fork():
                os._exit(0)
            os.wait()

    signal.signal(signal.SIGALRM, end)
    for limit in range(50):
        try:  # A call alone: Python from 3.12 on raises at a loop's jump as if the loop stood outside of its `try`.
            fork_until_over(limit)
        except TimeUp:
            known += 1
    return [over, known]


def fork_once(_log: str) -> str:
    if not os.fork():
        os._exit(0)
    os.wait()
    return "forked"


def fork_beside_a_child(log: str) -> None:
    """The fork ends in each way there is, then the task goes on."""
    child(log, SLEEPER)
    for ending in (KeyboardInterrupt, SystemExit, ValueError, None):
        if not os.fork():
            if ending:
                raise ending
            return
        os.wait()
    sleep(log)


def hold_until(log: str) -> str:
    """Be at work until the test has opened the gate: ``processes.shut_gate``."""
    log_pid(log)
    with Path(f"{log}.gate").open("rb") as gate:
        fcntl.flock(gate, fcntl.LOCK_SH)
    return "answered"


def work(payload: dict[str, str]) -> object:
    """Do the function that the payload names."""
    found: object = globals()[payload["do"]]
    assert callable(found)
    return found(payload["log"])


def prepare(items: list[dict[str, str]]) -> None:
    """Preparation may take long, too."""
    work(items[0])
