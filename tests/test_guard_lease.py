"""``guard --lease-s``: an idle program behind a silent client ends, a busy one does not; bytes pass untouched."""

from __future__ import annotations

import json
import os
import pickle
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from guarded import guarded, python
from processes import BOUND_S, group, logged, shut_gate, survivors
from watched_workers import WORKER, Start, ask, read_answer, request, said, starting

from spreadjobs.guard_lease import Relay, inner_pipes
from spreadjobs.guard_messages import Exchange

LEASE_S = 0.2
LEASE = ["--lease-s", str(LEASE_S)]
OVER = (
    f"spreadjobs.guard: neither bytes nor a hang-up came for {LEASE_S:g} s, and no task runs (--lease-s): the program "
    "is ended\n"
)
WITNESS_LEASES = 3


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a guard as a master does; whatever a test does, it and its group are killed and reaped."""
    with starting() as begin:
        yield begin


def let_leases_pass(start: Start, log: Path) -> None:
    """See some idle workers, one after the other, end by a lease of the same length."""
    for number in range(WITNESS_LEASES):
        witness = start(guarded(WORKER, *LEASE))
        ask(witness, "answer_pid", log.with_name(f"witness{number}"))
        read_answer(witness.stdout)
        assert witness.wait(BOUND_S) == 0


def test_an_idle_worker_behind_a_silent_client_ends(start: Start, tmp_path: Path) -> None:
    """In good order, as at the end of its input; the pipes stay open on the other side. [SHUT-5]"""
    guard = start(guarded(WORKER, *LEASE))
    everyone = ask(guard, "answer_pid", tmp_path / "log")
    read_answer(guard.stdout)

    assert guard.wait(BOUND_S) == 0
    assert survivors([*everyone, *group(guard.pid)], 0.0) == []
    assert said(guard) == OVER


def test_an_idle_worker_in_json_ends(start: Start) -> None:
    """The codec must be said. [JSON-1]"""
    guard = start(guarded([*WORKER, "--codec", "json"], *LEASE, "--codec", "json"))
    assert guard.stdin is not None
    assert guard.stdout is not None
    guard.stdin.write(json.dumps([7, {"do": "nothing", "log": ""}]).encode() + b"\n")

    assert json.loads(guard.stdout.readline()) == [[7, None], None, None]
    assert guard.wait(BOUND_S) == 0
    assert said(guard) == OVER


def test_an_idle_worker_without_ids_ends(start: Start, tmp_path: Path) -> None:
    """In the dialect untagged the last message must be a response. [UNT-3]"""
    guard = start(guarded([*WORKER, "--dialect", "untagged"], *LEASE, "--dialect", "untagged"))
    assert guard.stdin is not None
    assert guard.stdout is not None
    guard.stdin.write(pickle.dumps({"do": "answer_pid", "log": str(tmp_path / "log")}, 2))
    pickle.load(guard.stdout)

    assert guard.wait(BOUND_S) == 0
    assert said(guard) == OVER


def test_a_busy_worker_goes_on(start: Start, tmp_path: Path) -> None:
    """However many leases its task takes. [RUN-7]"""
    guard = start(guarded(WORKER, *LEASE))
    with shut_gate(tmp_path / "log"):
        ask(guard, "hold_until", tmp_path / "log")

        let_leases_pass(start, tmp_path / "log")

        assert guard.poll() is None
    assert read_answer(guard.stdout) == "answered"
    assert guard.wait(BOUND_S) == 0
    assert said(guard) == OVER


def test_a_worker_with_a_request_ahead_goes_on(start: Start, tmp_path: Path) -> None:
    """The first response is not the last. [RUN-8]"""
    guard = start(guarded(WORKER, *LEASE))
    assert guard.stdin is not None
    with shut_gate(tmp_path / "log"):
        guard.stdin.write(request("nothing", tmp_path / "log", 7) + request("hold_until", tmp_path / "log", 8))
        logged(tmp_path / "log", 1)
        assert read_answer(guard.stdout) is None

        let_leases_pass(start, tmp_path / "log")

        assert guard.poll() is None
    assert read_answer(guard.stdout) == "answered"


def test_a_client_that_vanished_within_a_request_ends_the_worker(start: Start, tmp_path: Path) -> None:
    """Nobody can begin with a part of a request: no task runs, and none of its bytes come any more. [WIRE-2]"""
    guard = start(guarded(WORKER, *LEASE))
    assert guard.stdin is not None
    second = request("answer_pid", tmp_path / "log", 8)
    guard.stdin.write(request("nothing", tmp_path / "log", 7) + second[:20])
    assert read_answer(guard.stdout) is None

    assert guard.wait(BOUND_S) is not None
    assert said(guard).startswith(OVER)


def test_a_worker_that_was_never_asked_goes_on(start: Start, tmp_path: Path) -> None:
    """Preparation may take long, and nobody can tell it from waiting. [PREP-3]"""
    guard = start(guarded([*WORKER, "--prepare", "busy:prepare", "--items", "1"], *LEASE))
    assert guard.stdin is not None
    with shut_gate(tmp_path / "log"):
        guard.stdin.write(pickle.dumps({"do": "hold_until", "log": str(tmp_path / "log")}))
        logged(tmp_path / "log", 1)

        let_leases_pass(start, tmp_path / "log")

        assert guard.poll() is None
    guard.stdin.write(request("nothing", tmp_path / "log"))
    assert read_answer(guard.stdout) is None


FINISHES = """
import pickle, sys
sys.path.insert(0, sys.argv[2])
import busy
task_id, payload = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(pickle.dumps(((task_id, 1), None, None)))
sys.stdout.flush()
sys.stdin.buffer.read()
print(busy.hold_until(sys.argv[1]), flush=True)
"""


def test_a_worker_that_finishes_goes_on(start: Start, tmp_path: Path) -> None:
    """After the end of its input it may have long work to do for its last text. [SHUT-7]"""
    guard = start(guarded(python(FINISHES, tmp_path / "log", Path(__file__).parent), *LEASE))
    assert guard.stdin is not None
    assert guard.stdout is not None
    with shut_gate(tmp_path / "log"):
        guard.stdin.write(request("nothing", tmp_path / "log"))
        guard.stdin.close()
        logged(tmp_path / "log", 1)

        let_leases_pass(start, tmp_path / "log")

        assert guard.poll() is None
    assert guard.stdout.read().endswith(b"answered\n")
    assert guard.wait(BOUND_S) == 0


STAYS = """
import os, pickle, sys
sys.path.insert(0, sys.argv[3])
import busy
task_id, payload = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(pickle.dumps(((task_id, 1), None, None)))
sys.stdout.flush()
getattr(busy, sys.argv[2])(sys.argv[1])
"""


@pytest.mark.parametrize(("do", "end"), [("sleep", signal.SIGTERM), ("ignore_term", signal.SIGKILL)])
def test_a_worker_that_does_not_end_at_the_end_of_its_input_is_ended(
    start: Start, tmp_path: Path, do: str, end: signal.Signals
) -> None:
    """By TERM, after as long as the lease, and KILL. [SHUT-10]"""
    guard = start(guarded(python(STAYS, tmp_path / "log", do, Path(__file__).parent), *LEASE))
    assert guard.stdin is not None
    guard.stdin.write(request("nothing", tmp_path / "log"))
    everyone = logged(tmp_path / "log", 1)

    assert guard.wait(BOUND_S) == -end
    assert survivors([*everyone, *group(guard.pid)]) == []


class Rig:
    """A relay whose client and whose program are the test."""

    def __init__(self) -> None:
        self.inner = inner_pipes()
        stdin, self.to_guard = os.pipe()
        self.from_guard, stdout = os.pipe()
        self.relay = Relay((stdin, stdout), self.inner, Exchange("json", "tagged"), 1.0)

    def turn(self) -> None:
        """Let the relay see to all that is ready."""
        poller = select.poll()
        for descriptor, events in self.relay.wanted().items():
            poller.register(descriptor, events)
        self.relay.handle(dict(poller.poll(0)))

    def exchange(self, task_id: int) -> None:
        """A request, and its response."""
        os.write(self.to_guard, b"[%d,1]\n" % task_id)
        self.turn()
        os.write(self.inner.stdout, b"[[%d,1],null,null]\n" % task_id)
        self.turn()

    def close(self) -> None:
        self.relay.close()
        for descriptor in (self.to_guard, self.from_guard, self.inner.stdin, self.inner.stdout):
            with suppress(OSError):
                os.close(descriptor)


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.close()


def test_each_message_begins_the_lease_anew(rig: Rig) -> None:
    """From the last byte on, in either direction."""
    assert rig.relay.idle_since_s() is None
    rig.exchange(7)
    first_s = rig.relay.idle_since_s()
    rig.turn()
    assert rig.relay.idle_since_s() == first_s

    rig.exchange(8)

    second_s = rig.relay.idle_since_s()
    assert first_s is not None
    assert second_s is not None
    assert second_s > first_s


def test_each_byte_that_a_slow_client_reads_begins_the_lease_anew(rig: Rig) -> None:
    """One that reads nothing of an answer for so long is as silent as one that sends nothing. [EXEC-8]"""
    rig.exchange(7)
    fill(rig.from_guard, rig.relay)
    os.write(rig.to_guard, b"[8,1]\n")
    rig.turn()
    assert rig.relay.idle_since_s() is None
    os.write(rig.inner.stdout, b"[[8,1],null,null]\n")
    rig.turn()
    waiting_s = rig.relay.idle_since_s()

    while select.select([rig.from_guard], [], [], 0)[0]:
        os.read(rig.from_guard, 1 << 20)
        rig.turn()
    read_s = rig.relay.idle_since_s()

    assert waiting_s is not None
    assert read_s is not None
    assert read_s > waiting_s


def fill(reading_end: int, relay: Relay) -> None:
    """Fill the pipe between the guard and its client with bytes that nobody reads."""
    writing_end = os.open(f"/proc/self/fd/{reading_end}", os.O_WRONLY | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while True:
            os.write(writing_end, b" " * 4096)
    os.close(writing_end)
    assert relay.gone is False


@pytest.mark.parametrize("end", ["to_guard", "stdout"])
def test_there_is_no_lease_after_the_end_of_a_stream(rig: Rig, end: str) -> None:
    """Who has closed a pipe has said something; the program ends by itself, in its own time. [SHUT-2]"""
    rig.exchange(7)
    assert rig.relay.idle_since_s() is not None

    os.close(rig.to_guard if end == "to_guard" else rig.inner.stdout)
    rig.turn()

    assert rig.relay.idle_since_s() is None
    assert not rig.relay.gone


def test_the_end_of_input_follows_the_last_byte(rig: Rig) -> None:
    """Bytes that wait are passed on before. [SHUT-6]"""
    os.write(rig.to_guard, b"x" * 60_000)
    rig.turn()
    os.write(rig.to_guard, b"y" * 60_000)
    rig.turn()
    os.close(rig.to_guard)
    came = b""
    while data := os.read(rig.inner.stdin, 4096):
        came += data
        rig.turn()

    assert came == b"x" * 60_000 + b"y" * 60_000
