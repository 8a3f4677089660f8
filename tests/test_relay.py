"""The relay: what it carries, that it holds up and is held up by nobody, and that nothing of it is left."""

from __future__ import annotations

import os
import random
import resource
import select
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from processes import belongings

from spreadjobs.framing import make_framing
from spreadjobs.misbehaviour import Misbehaviour, Odds
from spreadjobs.relay import Relay

LIMIT_S = 20.0
NEVER = Odds(kill=0, stall=0, garbage=0, busy=0, truncate=0)
KILL = Odds(kill=1, stall=0, garbage=0, busy=0, truncate=0)
STALL = Odds(kill=0, stall=1, garbage=0, busy=0, truncate=0)
BEGUN = b"[[5,"
MESSAGE = BEGUN + b"6],null,null]\n"


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Whatever a test does, no thread and no descriptor is left after it."""
    before = belongings()
    yield
    assert belongings() == before


class Carried:
    """A relay, and the pipe that it reads from."""

    def __init__(self, odds: Odds = NEVER, seed: int = 7) -> None:
        self.source, self.worker = os.pipe()
        os.set_blocking(self.source, False)
        os.set_blocking(self.worker, False)
        self.kills = 0
        self.killed = threading.Event()
        fate = Misbehaviour(odds, seed, "1.1", make_framing("json", "tagged"), [], busy_delay_s=0.0)
        try:
            self.relay = Relay(self.source, fate, self.kill, name="the relay")
        except BaseException:
            self.end()
            os.close(self.source)
            raise

    def kill(self) -> None:
        self.kills += 1
        self.killed.set()

    def end(self) -> None:
        """The worker closes its standard output, once."""
        if self.worker >= 0:
            os.close(self.worker)
            self.worker = -1

    def read(self, size: int) -> bytes:
        """So many bytes of what is carried, or all until its end."""
        data = b""
        while len(data) < size and select.select([self.relay.stdout_fd], [], [], LIMIT_S)[0]:
            piece = os.read(self.relay.stdout_fd, size - len(data))
            if not piece:
                return data
            data += piece
        assert len(data) == size, f"only {data[:80]!r} came within {LIMIT_S} s"
        return data

    def fill(self, piece: bytes = bytes(range(256)) * 16) -> bytes:
        """Write as long as anything goes, with nobody reading; gives what went."""
        data = b""
        while select.select([], [self.worker], [], 0.3)[1]:  # That nothing more goes is only seen by waiting.
            with suppress(BlockingIOError):
                data += piece[: os.write(self.worker, piece)]
        return data


@contextmanager
def carried(odds: Odds = NEVER, seed: int = 7) -> Iterator[Carried]:
    """A relay for a test."""
    carries = Carried(odds, seed)
    try:
        yield carries
    finally:
        carries.relay.close()
        carries.end()
        os.close(carries.source)


def test_bytes_and_their_end_are_carried() -> None:
    """All of them, in order, and then the end. [WIRE-3]"""
    with carried() as carries:
        os.write(carries.worker, MESSAGE)
        assert carries.read(len(MESSAGE)) == MESSAGE
        with pytest.raises(BlockingIOError):
            os.read(carries.relay.stdout_fd, 1)
        os.write(carries.worker, BEGUN)
        carries.end()
        assert carries.read(100) == BEGUN


def test_a_terminal_that_was_closed_is_an_end_of_output() -> None:
    """Where the other end of a pseudo-terminal is gone, to read is an error. [RUN-13]"""
    fate = Misbehaviour(NEVER, 7, "1.1", make_framing("json", "tagged"), [], busy_delay_s=0.0)
    source, terminal = os.openpty()
    relay = Relay(source, fate, lambda: None, name="the relay")
    try:
        os.close(terminal)
        assert select.select([relay.stdout_fd], [], [], LIMIT_S)[0]
        assert os.read(relay.stdout_fd, 1) == b""
    finally:
        relay.close()
        os.close(source)


def test_a_reader_that_takes_nothing_stops_the_worker() -> None:
    """What is carried is bounded, and nothing of it is lost: whoever writes more has to wait."""
    with carried() as carries:
        data = carries.fill()
        assert len(data) < 4 * 1024 * 1024
        carries.end()
        assert carries.read(len(data) + 1) == data


def test_a_kill_is_done_and_nothing_follows() -> None:
    """Not the response, nor anything after it, but the end of the output."""
    with carried(KILL) as carries:
        os.write(carries.worker, MESSAGE + MESSAGE)
        assert carries.killed.wait(LIMIT_S)
        carries.end()
        assert carries.read(100) == b""
        assert carries.kills == 1


def test_what_was_held_back_goes_on_when_all_is_to_pass() -> None:
    """And so does all that follows; to say it twice changes nothing. [SHUT-7]"""
    with carried(KILL) as carries:
        os.write(carries.worker, BEGUN)
        carries.relay.calm()
        carries.relay.calm()
        assert carries.read(len(BEGUN)) == BEGUN
        os.write(carries.worker, MESSAGE[len(BEGUN) :] + MESSAGE)
        carries.end()
        assert carries.read(1000) == MESSAGE[len(BEGUN) :] + MESSAGE
        assert carries.kills == 0


def test_what_is_said_while_it_waits_for_its_reader_is_heard() -> None:
    """The first response passes, and the second would be killed, but for the end of the requests meanwhile. [SHUT-7]"""
    half = Odds(kill=0.5, stall=0, garbage=0, busy=0, truncate=0)
    seed = next(seed for seed in range(100) if [half.befalls(draw) for draw in draws(seed, 2)] == [None, "kill"])
    with carried(half, seed) as carries:
        os.write(carries.worker, b'[[1,"')
        begun = b'[[1,"' + carries.fill(b"x" * 4096)
        carries.relay.calm()
        assert carries.read(len(begun)) == begun
        os.write(carries.worker, b'"],null,null]\n' + BEGUN)
        assert carries.read(14 + len(BEGUN)) == b'"],null,null]\n' + BEGUN


def draws(seed: int, count: int) -> list[float]:
    """The numbers that decide what becomes of the first responses of worker 1.1."""
    numbers = random.Random(f"{seed}/1.1")  # noqa: S311 - as in the code
    return [numbers.random() for _ in range(2 * count)][::2]


def idle(_carries: Carried) -> None:
    pass


def begun(carries: Carried) -> None:
    os.write(carries.worker, BEGUN)


def full(carries: Carried) -> None:
    carries.fill()


def ended(carries: Carried) -> None:
    carries.end()
    assert carries.read(100) == b""


def ended_unread(carries: Carried) -> None:
    os.write(carries.worker, MESSAGE)
    carries.end()


def full_and_ended(carries: Carried) -> None:
    carries.fill()
    carries.end()


def calm(carries: Carried) -> None:
    carries.relay.calm()


def calm_after_the_end(carries: Carried) -> None:
    carries.end()
    assert carries.read(100) == b""
    carries.relay.calm()


@pytest.mark.parametrize("odds", [NEVER, KILL, STALL], ids=["never", "kill", "stall"])
@pytest.mark.parametrize("state", [idle, begun, full, ended, ended_unread, full_and_ended, calm, calm_after_the_end])
def test_it_can_be_closed_in_every_state(state: Callable[[Carried], None], odds: Odds) -> None:
    """Its thread ends, also while it waits for a reader, and both descriptors are closed; twice is once. [SHUT-10]"""
    with carried(odds) as carries:
        state(carries)
        carries.relay.close()
        carries.relay.close()
        carries.relay.calm()
        assert carries.relay.stdout_fd == -1


def test_the_end_is_seen_though_a_forked_child_has_copies() -> None:
    """The caller may fork at any moment: the child holds all descriptors, and the end comes all the same. [SHUT-4]"""
    with carried() as carries:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # It has threads: that is what is tested.
            child = os.fork()
        if not child:
            os.close(carries.worker)
            signal.pause()
        try:
            os.write(carries.worker, MESSAGE)
            carries.end()
            assert carries.read(1000) == MESSAGE
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def test_one_that_waits_for_its_reader_holds_up_no_other() -> None:
    """Each has a thread of its own."""
    with carried() as blocked, carried() as other:
        blocked.fill()
        os.write(other.worker, MESSAGE)
        assert other.read(len(MESSAGE)) == MESSAGE


def test_what_does_not_block_is_not_waited_for_busily() -> None:
    """Neither a relay without anything to do, nor a full one, nor one that is calm, takes the processor."""
    with carried() as one, carried() as two, carried() as three:
        two.fill()
        three.relay.calm()
        before_s = time.process_time()
        assert not select.select([one.relay.stdout_fd], [], [], 0.5)[0]
        assert time.process_time() - before_s < 0.25


def test_without_descriptors_there_is_none() -> None:
    """An OSError, as of a program that cannot be started, and nothing is left. [JOB-4]"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.dup(0) for _ in range(50)]  # Whatever numbers were free in between are not now.
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[-1] + 1, hard))
    try:
        for _ in range(2):
            os.close(taken.pop())  # for the worker's pipe
        with pytest.raises(OSError, match="open files"):
            Carried()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for fd in taken:
            os.close(fd)


def test_without_a_thread_there_is_none() -> None:
    """The same; stacks as large as this are not to be had. [JOB-4]"""
    size = threading.stack_size(1 << 46)
    try:
        with pytest.raises(OSError, match="no thread for a chaotic connection"):
            Carried()
    finally:
        threading.stack_size(size)
