"""``guard --lease-s``: bytes pass untouched, of any number, in both directions, and nobody waits for the other."""

from __future__ import annotations

import os
import pickle
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from guarded import guarded, python
from processes import BOUND_S, ENVIRONMENT, group, identity, lives, logged, survivors
from watched_workers import WORKER, Start, die, said, starting

LEASE_S = 0.2
LEASE = ["--lease-s", str(LEASE_S)]
OVER = (
    f"spreadjobs.guard: neither bytes nor a hang-up came for {LEASE_S:g} s, and no task runs (--lease-s): the program "
    "is ended\n"
)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a guard as a master does; whatever a test does, it and its group are killed and reaped."""
    with starting() as begin:
        yield begin


@pytest.mark.parametrize("codec", ["pickle", "json"])
@pytest.mark.parametrize("size", [0, 1, 65535, 65537, 20_000_000])
def test_any_bytes_pass_untouched(codec: str, size: int) -> None:
    """Of any number, messages or not. [WIRE-5]"""
    data = os.urandom(size)
    command = guarded(["cat"], "--lease-s", "600", "--codec", codec)

    done = subprocess.run(command, env=ENVIRONMENT, input=data, capture_output=True, timeout=BOUND_S, check=True)

    assert done.stdout == data


CROSSES = """
import sys
sys.stdout.buffer.write(b"x" * 5_000_000)
sys.stdout.flush()
print(len(sys.stdin.buffer.read()))
"""


def test_a_program_that_writes_before_it_reads_blocks_nobody(tmp_path: Path) -> None:
    """Neither direction waits for the other, however much waits in it. [EXEC-8]"""
    (tmp_path / "in").write_bytes(b"y" * 5_000_000)
    with (tmp_path / "in").open("rb") as stdin:
        done = subprocess.run(
            guarded(python(CROSSES), "--lease-s", "600"),
            env=ENVIRONMENT,
            stdin=stdin,
            capture_output=True,
            timeout=BOUND_S,
            check=True,
        )

    assert done.stdout == b"x" * 5_000_000 + b"5000000\n"


COUNTS = """
import os, select, sys
os.set_blocking(1, False)
poller = select.poll()
poller.register(1, select.POLLOUT)
written = 0
while poller.poll(1000):
    written += os.write(1, b"x" * 4096)
os.write(2, b"%d\\n" % written)
sys.stdin.read()
"""


def test_who_does_not_read_slows_down_who_writes(start: Start) -> None:
    """As in a pipe: the guard keeps no more than it can pass on soon. [SEC-2]"""
    guard = start(guarded(python(COUNTS), "--lease-s", "600"))
    assert guard.stderr is not None

    written = int(guard.stderr.readline())

    assert 0 < written < 1_000_000
    assert guard.stdin is not None
    assert guard.stdout is not None
    guard.stdin.close()
    assert len(guard.stdout.read()) == written
    assert guard.wait(BOUND_S) == 0


LARGE = "def double(payload): return payload + payload"


def test_large_messages_of_a_worker_pass_both_ways(start: Start, tmp_path: Path) -> None:
    """And the worker is idle after them. [WIRE-5]"""
    (tmp_path / "large.py").write_text(LARGE, encoding="ascii")
    command = ["env", f"PYTHONPATH={ENVIRONMENT['PYTHONPATH']}:{tmp_path}", *WORKER[:-1], "large:double"]
    guard = start(guarded(command, *LEASE))
    assert guard.stdin is not None
    assert guard.stdout is not None
    payload = os.urandom(3_000_000)
    message = memoryview(pickle.dumps((7, payload)))
    while message:
        message = message[guard.stdin.write(message) :]
    with os.fdopen(os.dup(guard.stdout.fileno()), "rb") as answers:
        (_, value), _, _ = pickle.load(answers)

    assert value == payload * 2
    assert guard.wait(BOUND_S) == 0
    assert said(guard) == OVER


def test_what_a_left_process_holds_is_not_waited_for(start: Start, tmp_path: Path) -> None:
    """The program has ended, and what it wrote is passed on; a process that it left may write for ever. [SHUT-10]"""
    script = 'sleep 1000 & echo $! >> "$0"; echo done; exit 5'
    guard = start(guarded(["sh", "-c", script, str(tmp_path / "log")], "--lease-s", "600"))
    (left,) = logged(tmp_path / "log", 1)
    assert guard.stdout is not None

    assert guard.wait(BOUND_S) == 5
    assert guard.stdout.read() == b"done\n"
    assert lives(left)


def test_what_nobody_reads_is_waited_for_as_long_as_the_lease(start: Start) -> None:
    """A client that is gone without a word must not keep the guard of a program that has ended."""
    guard = start(guarded(["sh", "-c", "head -c 80000 /dev/zero; exit 4"], *LEASE))

    assert guard.wait(BOUND_S) == 4


def test_a_client_that_hangs_up_is_seen_though_bytes_wait(start: Start) -> None:
    """The program is stuck in writing, and the guard has its bytes: both end. [SHUT-10]"""
    guard = start(guarded(["cat", "/dev/zero"], "--lease-s", "600"))
    assert guard.stdout is not None
    assert guard.stdout.read(1) == b"\0"
    everyone = [identity(guard.pid), *group(guard.pid)]

    die(guard)

    assert survivors(everyone) == []
