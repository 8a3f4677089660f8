"""A worker's bytes: writing without waiting, and reading what is there."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial

import attrs
import pytest

from spreadjobs.channel import JOIN_BYTES, MOST_WIDE, READ_BYTES, SEARCH_SHARE, WIDE_BYTES, Channel, Witness
from spreadjobs.codec import make_decoder
from spreadjobs.events import Evidence, Exit
from spreadjobs.settings import Settings

SLEEP = shutil.which("sleep") or "sleep"


@attrs.define
class Pipes:
    """A connection whose other ends the test holds."""

    stdin_fd: int
    stdout_fd: int
    stderr_fd: int | None
    worker_stdin: int
    worker_stdout: int
    worker_stderr: int

    def close_stdin(self) -> None:
        """The worker sees EOF."""
        os.close(self.stdin_fd)

    def poll(self) -> Exit | None:
        """There is no process."""
        return None

    def signal_group(self, number: int, /) -> None:
        """There is no group."""

    def discard(self) -> None:
        """The fixture closes everything."""


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    """Three pipes, the master's ends of which do not block."""
    worker_stdin, stdin = os.pipe()
    stdout, worker_stdout = os.pipe()
    stderr, worker_stderr = os.pipe()
    for fd in (stdin, stdout, stderr, worker_stdin):
        os.set_blocking(fd, False)
    yield Pipes(stdin, stdout, stderr, worker_stdin, worker_stdout, worker_stderr)
    for fd in (worker_stdin, stdin, stdout, worker_stdout, stderr, worker_stderr):
        try:
            os.close(fd)
        except OSError:
            continue  # The test closed it.


def channel(pipes: Pipes) -> Channel:
    """A channel over the pipes."""
    return Channel(1, "1.1", 0, pipes, make_decoder(Settings()))


def drain(fd: int) -> bytes:
    """What is in a pipe now."""
    data = b""
    try:
        while piece := os.read(fd, 1 << 20):
            data += piece
    except BlockingIOError:
        pass
    return data


def test_small_messages_are_joined_into_one_write(pipes: Pipes) -> None:
    """One write carries many requests. [RUN-8]"""
    ours = channel(pipes)

    ours.put([b"a", b"bc", b"d"])
    ours.put([])

    assert ours.has_unwritten
    assert ours.write()
    assert drain(pipes.worker_stdin) == b"abcd"
    assert not ours.has_unwritten


def test_more_than_the_pipe_holds_is_written_piece_by_piece(pipes: Pipes) -> None:
    """Nothing waits for a worker that does not read, and no byte is lost or copied out of order. [EXEC-8]"""
    ours = channel(pipes)
    messages = [bytes([number]) * (JOIN_BYTES - 1) for number in range(1, 6)] + [b"z" * 500_000]
    ours.put(messages)
    got = b""

    while ours.has_unwritten:
        assert ours.write()
        got += drain(pipes.worker_stdin)

    assert got == b"".join(messages)


def test_standard_input_is_closed_when_everything_is_written(pipes: Pipes) -> None:
    """It is closed between two messages, never inside one. [SHUT-1]"""
    ours = channel(pipes)
    ours.put([b"x" * 200_000])
    ours.closing = True

    got = b""
    while ours.has_unwritten:
        assert ours.write()
        got += drain(pipes.worker_stdin)

    assert got == b"x" * 200_000
    assert os.read(pipes.worker_stdin, 1) == b""
    ours.put([b"too late"])
    assert not ours.has_unwritten
    ours.close_stdin()


def test_a_worker_that_closed_its_standard_input_is_noticed(pipes: Pipes) -> None:
    """What was not written is dropped, and the caller is told. [RUN-13]"""
    ours = channel(pipes)
    os.close(pipes.worker_stdin)
    ours.put([b"x"])

    assert not ours.write()
    assert not ours.stdin_open
    assert not ours.has_unwritten


def test_reading_gives_bytes_then_nothing_then_the_end(pipes: Pipes) -> None:
    """None is not the end: b"" is. [WIRE-6]"""
    ours = channel(pipes)

    assert ours.read() is None
    os.write(pipes.worker_stdout, b"abc")
    assert ours.read() == b"abc"
    os.close(pipes.worker_stdout)
    assert ours.read() == b""


needs_wide_pipes = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pipes have one width")


def test_a_large_message_after_a_small_one_is_not_copied(pipes: Pipes) -> None:
    """What waits to be written is the message itself: no more memory is taken."""
    channel = Channel(0, "a", 0, pipes, make_decoder(Settings()))
    large = bytes(4 * JOIN_BYTES)
    tracemalloc.start()
    try:
        channel.put([b"small", large, b"small"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert channel.has_unwritten
    assert peak < JOIN_BYTES


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux widens pipes")
def test_the_pipe_to_a_worker_that_gets_much_is_widened(pipes: Pipes) -> None:
    """One large message is enough; small ones leave it as it is."""
    channel = Channel(0, "a", 0, pipes, make_decoder(Settings()))
    width = fcntl.fcntl(pipes.stdin_fd, fcntl.F_GETPIPE_SZ)
    channel.put([b"small"])
    assert fcntl.fcntl(pipes.stdin_fd, fcntl.F_GETPIPE_SZ) == width
    channel.put([bytes(WIDE_BYTES)])
    assert fcntl.fcntl(pipes.stdin_fd, fcntl.F_GETPIPE_SZ) == WIDE_BYTES
    channel.discard()


@needs_wide_pipes
def test_the_pipe_of_a_worker_that_sends_much_is_widened(pipes: Pipes) -> None:
    """Then one read brings a large answer, and small ones are read as before. [WIRE-5]"""
    ours = channel(pipes)
    os.write(pipes.worker_stdout, b"x" * READ_BYTES)
    assert ours.read() == b"x" * READ_BYTES
    assert fcntl.fcntl(pipes.stdout_fd, fcntl.F_GETPIPE_SZ) == WIDE_BYTES

    for _ in range(2):
        os.write(pipes.worker_stdout, b"y" * WIDE_BYTES)
        assert ours.read() == b"y" * WIDE_BYTES
        os.write(pipes.worker_stdout, b"z")
        assert ours.read() == b"z"
        os.write(pipes.worker_stdout, b"y" * (READ_BYTES + 1))
        assert ours.read() == b"y" * READ_BYTES, "after a small answer no large one is expected"
        assert ours.read() == b"y"
        os.write(pipes.worker_stdout, b"x" * READ_BYTES)
        assert ours.read() == b"x" * READ_BYTES
    ours.discard()


@needs_wide_pipes
def test_few_pipes_are_widened(pipes: Pipes) -> None:
    """A user may have so much in pipes, and other programs need some of it. [EXEC-8]"""
    several = [channel(pipes) for _ in range(MOST_WIDE + 1)]
    for ours in several[:-1]:
        os.write(pipes.worker_stdout, b"x" * READ_BYTES)
        assert ours.read() == b"x" * READ_BYTES
    fcntl.fcntl(pipes.stdout_fd, fcntl.F_SETPIPE_SZ, READ_BYTES)
    os.write(pipes.worker_stdout, b"x" * READ_BYTES)
    assert several[-1].read() == b"x" * READ_BYTES
    assert fcntl.fcntl(pipes.stdout_fd, fcntl.F_GETPIPE_SZ) == READ_BYTES

    for ours in several:
        ours.discard()
    later = channel(pipes)
    os.write(pipes.worker_stdout, b"x" * READ_BYTES)
    assert later.read() == b"x" * READ_BYTES
    assert fcntl.fcntl(pipes.stdout_fd, fcntl.F_GETPIPE_SZ) == WIDE_BYTES, "those that are gone count no more"
    later.discard()


def test_what_is_no_pipe_is_read_without_widening(pipes: Pipes) -> None:
    """A socket is read in the same way. [WIRE-6]"""
    one, other = socket.socketpair()
    with one, other:
        os.set_blocking(one.fileno(), False)
        stdout, pipes.stdout_fd = pipes.stdout_fd, one.fileno()
        ours = channel(pipes)
        for _ in range(2):
            other.sendall(b"x" * READ_BYTES)
            assert ours.read() == b"x" * READ_BYTES
        pipes.stdout_fd = stdout


def test_an_error_while_reading_is_the_end(pipes: Pipes) -> None:
    """A pseudo-terminal says EIO where a pipe says end of file. [SHUT-10]"""
    pipes.stdout_fd = os.open("/proc/self/mem", os.O_RDONLY)
    ours = channel(pipes)

    assert ours.read() == b""

    os.close(pipes.stdout_fd)


def test_stderr_is_read_line_by_line_to_its_end(pipes: Pipes) -> None:
    """None while nothing is there; the last line needs no end. [EXEC-7]"""
    ours = channel(pipes)

    assert ours.read_stderr() is None
    os.write(pipes.worker_stderr, b"one\ntwo")
    assert ours.read_stderr() == ["1.1: one\n"]
    os.close(pipes.worker_stderr)
    assert ours.read_stderr() == ["1.1: two\n"]
    assert not ours.stderr_open
    assert ours.read_stderr() is None


def test_a_connection_may_have_no_stderr(pipes: Pipes) -> None:
    """It goes elsewhere then. [EXEC-7]"""
    pipes.stderr_fd = None
    ours = channel(pipes)

    assert not ours.stderr_open
    assert ours.read_stderr() is None


# --- what is seen of it when it is late


def test_what_a_worker_did_not_read_is_counted(pipes: Pipes) -> None:
    """What waits in the master and what lies in the pipe; both are unread. [EXEC-8]"""
    ours = channel(pipes)
    assert ours.evidence(search=True) == Evidence(unread_bytes=0)

    ours.put([b"x" * 300_000])
    assert ours.write()
    assert ours.has_unwritten
    assert ours.evidence(search=True) == Evidence(sent_bytes=300_000, unread_bytes=300_000)

    assert len(os.read(pipes.worker_stdin, 1000)) == 1000
    assert ours.evidence(search=True) == Evidence(sent_bytes=300_000, unread_bytes=299_000)


def test_half_a_message_is_counted(pipes: Pipes) -> None:
    """So many bytes of it came. [WIRE-6]"""
    ours = channel(pipes)
    assert ours.decoder.feed(b"\x80\x04") == []

    assert ours.evidence(search=True).begun_bytes == 2


def test_what_cannot_be_known_is_not_said(pipes: Pipes) -> None:
    """A socket does not tell what its other end has not read; nor does what is closed."""
    one, other = socket.socketpair()
    with one, other:
        stdin, pipes.stdin_fd = pipes.stdin_fd, one.fileno()
        assert channel(pipes).evidence(search=True) == Evidence()
        pipes.stdin_fd = stdin

    ours = channel(pipes)
    ours.put([b"x"])
    ours.close_stdin()
    assert ours.evidence(search=True) == Evidence(sent_bytes=1)


def seconds() -> Callable[[], float]:
    """A clock that goes on by a second each time it is read."""
    return partial(next, itertools.count(100.0))


def test_who_holds_the_pipe_of_a_dead_worker_is_searched_for(pipes: Pipes) -> None:
    """Not while it lives, not when the end has come, not everywhere all the time. [SHUT-4]"""
    ours = channel(pipes)
    witness = Witness({1: ours}, seconds(), seconds())
    with subprocess.Popen([SLEEP, "60"], stdout=pipes.worker_stdout) as child:
        assert witness.evidence(1).holders == ()
        ours.exited = True
        assert ours.evidence(search=False).holders == ()
        found = [f"sleep (pid {child.pid})"]
        assert witness.evidence(1).holders == found
        later = [witness.evidence(1).holders for _ in range(SEARCH_SHARE)]
        assert later == [*[()] * (SEARCH_SHARE - 1), found], "one part of the time is spent on it"
        ours.stdout_open = False
        assert Witness({1: ours}).evidence(1).holders == ()
        child.kill()


def test_a_search_that_found_nobody_counts_too(pipes: Pipes) -> None:
    """What this user may not see, or has just ended, is not searched for once a worker. [SHUT-4]"""
    ours = channel(pipes)
    ours.exited = True
    witness = Witness({1: ours}, seconds(), seconds())
    assert witness.evidence(1).holders == [], "this process itself is not named"
    with subprocess.Popen([SLEEP, "60"], stdout=pipes.worker_stdout) as child:
        assert witness.evidence(1).holders == (), f"one part of the time in {SEARCH_SHARE} only"
        child.kill()


def test_a_live_worker_puts_no_search_off(pipes: Pipes) -> None:
    """Nothing was searched for, so the next one may be. [SHUT-4]"""
    ours = channel(pipes)
    witness = Witness({1: ours})
    with subprocess.Popen([SLEEP, "60"], stdout=pipes.worker_stdout) as child:
        assert witness.evidence(1).holders == ()
        ours.exited = True
        assert witness.evidence(1).holders == [f"sleep (pid {child.pid})"]
        child.kill()


def test_of_a_worker_without_pipes_nothing_is_seen() -> None:
    """Its start was ordered and not yet carried out."""
    assert Witness({}).evidence(1) == Evidence()
