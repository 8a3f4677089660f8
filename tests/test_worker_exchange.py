"""When ``serve()`` writes the answers of short tasks: together, and none waits for a long task."""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batches import Payload
from conversation import Codec, Conversation, serving
from live_workers import CODECS, HERE, as_json
from processes import BOUND_S, ENVIRONMENT, identity, survivors

from spreadjobs import Worker, main
from spreadjobs.worker_exchange import SHORT_IN_A_ROW

HOLDS = """
import sys
from spreadjobs import worker_exchange
from spreadjobs.worker import serve
from batches import work
worker_exchange.BATCH_S = 60.0
serve(work, codec=sys.argv[1], max_tasks=int(sys.argv[2]) or None)
"""
"""A worker to which every task is a short one: it holds what it may, so that nothing here is a matter of luck."""
ALONE = f"from spreadjobs.worker_watch import Watcher\nWatcher.guard = lambda watcher: None\n{HOLDS}"
"""The same, and nobody looks after what it holds."""

NOTHING: Payload = {"do": "nothing"}
COUNT = 3 * SHORT_IN_A_ROW
SHORT = [(task_id, NOTHING) for task_id in range(COUNT)]
"""Most of their answers are held; the first ones are not."""
LONG = ["wait", "spin", "wait_in_fork"]


def holds(codec: Codec = "pickle", max_tasks: int = 0, program: str = HOLDS) -> Conversation:
    """A worker that holds what it may."""
    return Conversation([sys.executable, "-c", program, codec, str(max_tasks)], codec=codec, path=HERE)


def receive_short(worker: Conversation) -> None:
    """The answers to SHORT, each once, in order."""
    for task_id in range(COUNT):
        assert as_json(worker.receive()) == [[task_id, None], None, None]


@pytest.fixture(name="fifo")
def fifo_for_long_tasks(tmp_path: Path) -> Path:
    """What a long task waits for."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


# --- together


def writes(command: list[str], requests: bytes, folder: Path) -> list[bytes]:
    """What a worker writes in one piece each, when all requests are there from the start."""
    (folder / "requests").write_bytes(requests)
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here.settimeout(BOUND_S)
    with here, (folder / "requests").open("rb") as stdin:
        with there:
            worker = subprocess.Popen(command, stdin=stdin, stdout=there.fileno(), env=ENVIRONMENT)
        packets = list(iter(lambda: here.recv(1 << 20), b""))
    assert worker.wait(BOUND_S) == 0
    return packets


def test_answers_of_short_tasks_are_written_together(tmp_path: Path) -> None:
    """The first ones singly, as nothing is known of the tasks yet; then all up to the wait for input. [WIRE-3]"""
    requests = b"".join(pickle.dumps(request, 4) for request in SHORT)

    packets = writes([sys.executable, "-c", ALONE, "pickle", "0"], requests, tmp_path)

    answers = [pickle.dumps(((task_id, None), None, None), 5) + b"\n" for task_id in range(COUNT)]
    assert packets == [*answers[:SHORT_IN_A_ROW], b"".join(answers[SHORT_IN_A_ROW:])]


def test_what_is_held_has_a_limit(tmp_path: Path) -> None:
    """So that a write seldom waits for the master: a quarter of a pipe at most. [WIRE-3]"""
    requests = b"".join(pickle.dumps((task_id, {"do": "text", "length": "1000"}), 4) for task_id in range(100))

    packets = writes([sys.executable, "-c", ALONE, "pickle", "0"], requests, tmp_path)

    lengths = [len(packet) for packet in packets]
    assert 15 * 1024 < max(lengths) < 18 * 1024
    assert b"".join(packets).count(b"x" * 1000) == 100


def test_a_worker_without_the_watcher_s_thread_holds_nothing(tmp_path: Path) -> None:
    """Where the system gives none, nobody would write what is held. [WIRE-3]"""
    script = f"""
import threading
def fail(thread):
    raise RuntimeError("can't start new thread")
threading.Thread.start = fail
{HOLDS}"""
    requests = b"".join(pickle.dumps(request, 4) for request in SHORT)

    assert len(writes([sys.executable, "-c", script, "pickle", "0"], requests, tmp_path)) == COUNT


# --- and none waits


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("long", LONG)
def test_no_answer_waits_for_a_long_task(fifo: Path, codec: Codec, long: str) -> None:
    """What was held when it began comes while it runs, once, in order; whatever the task does. [WIRE-3] [RUN-6]"""
    with holds(codec) as worker:
        for again in range(2):
            worker.send(*SHORT, (COUNT, {"do": long, "fifo": str(fifo)}))
            receive_short(worker)
            fifo.write_text("0", encoding="ascii")

            assert as_json(worker.receive()) == [[COUNT, "0"], None, None], again
        assert worker.end()[:2] == (0, "")


@pytest.mark.parametrize("long", LONG)
def test_with_the_times_as_they_are_none_waits_either(fifo: Path, long: str) -> None:
    """Batch after batch, until the thread that looks after them has gone to sleep and been woken again. [WIRE-3]"""
    with Conversation(serving("batches:work"), path=HERE) as worker:
        for _ in range(5):
            worker.send(*SHORT, (COUNT, {"do": long, "fifo": str(fifo)}))
            receive_short(worker)
            until_s = time.monotonic() + 0.15  # Longer than that thread looks for something that is held.
            while time.monotonic() < until_s:
                assert worker.process.poll() is None
                time.sleep(0.01)
            fifo.write_text("0", encoding="ascii")

            assert worker.receive() == ((COUNT, "0"), None, None)


def test_an_idle_worker_sleeps() -> None:
    """Nothing wakes it again and again to look for what it might hold."""
    with holds() as worker:
        worker.send(*SHORT)
        receive_short(worker)
        until_s = time.monotonic() + BOUND_S
        before, now = -1, times_asleep(worker.process.pid)
        while before != now:
            assert time.monotonic() < until_s
            time.sleep(0.1)
            before, now = now, times_asleep(worker.process.pid)


def times_asleep(pid: int) -> int:
    """How often the threads of a process have waited for something."""
    states = [task.read_text(encoding="utf-8") for task in Path(f"/proc/{pid}/task").glob("*/status")]
    assert len(states) == 2
    return sum(int(state.partition("\nvoluntary_ctxt_switches:")[2].split()[0]) for state in states)


@pytest.mark.parametrize("codec", CODECS)
def test_no_answer_waits_for_the_rest_of_a_request(codec: Codec) -> None:
    """Half a request is none: the worker waits for input, and has written before. [WIRE-3] [WIRE-7]"""
    with holds(codec, program=ALONE) as worker:
        last = worker.bytes_of((COUNT, NOTHING))
        worker.send_bytes(b"".join(map(worker.bytes_of, SHORT)) + last[:-1])
        receive_short(worker)
        worker.send_bytes(last[-1:])

        assert as_json(worker.receive()) == [[COUNT, None], None, None]


def test_a_forked_child_writes_nothing_that_its_parent_holds() -> None:
    """Not if it says that it is alive, nor when it ends by an interrupt. [RUN-3]"""
    with holds(program=ALONE) as worker:
        worker.send(*SHORT, (COUNT, {"do": "interrupt_in_fork"}), *SHORT)
        receive_short(worker)
        assert worker.receive() == ((COUNT, 130), None, None)
        receive_short(worker)

        assert worker.end()[:2] == (0, "")


@pytest.mark.parametrize("long", ["sign", "sign_in_thread"])
def test_a_sign_of_life_comes_in_its_place(fifo: Path, long: str) -> None:
    """After the answers before it, before its own, from whichever thread. [RUN-11]"""
    with holds() as worker:
        worker.send(*SHORT, (COUNT, {"do": long, "fifo": str(fifo)}))
        receive_short(worker)
        assert worker.receive() == (("Alive", COUNT), None, None)
        fifo.write_text("0", encoding="ascii")

        assert worker.receive() == ((COUNT, "0"), None, None)


FULL = [
    *((task_id, NOTHING) for task_id in range(SHORT_IN_A_ROW)),
    (SHORT_IN_A_ROW, {"do": "text", "length": str(60 * 1024)}),
    *((task_id, {"do": "text", "length": "300"}) for task_id in range(SHORT_IN_A_ROW + 1, COUNT)),
]
"""The first answers almost fill a pipe that nobody reads; the last ones, which are held, find no room."""
FULL_ANSWERS = b"".join(
    pickle.dumps(((task_id, "x" * int(payload["length"]) if "length" in payload else None), None, None), 5) + b"\n"
    for task_id, payload in FULL
)


def started_on(requests: list[tuple[int, Payload]], folder: Path, program: str = HOLDS) -> subprocess.Popen[bytes]:
    """A worker that has all these requests, and whose answers nobody reads yet."""
    (folder / "requests").write_bytes(b"".join(pickle.dumps(request, 4) for request in requests))
    with (folder / "requests").open("rb") as stdin:
        command = [sys.executable, "-c", program, "pickle", "0"]
        return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, env=ENVIRONMENT)


def test_a_master_that_reads_late_gets_everything(fifo: Path, tmp_path: Path) -> None:
    """What is written beside a long task may have to wait for the master, which the task does not. [RUN-6]"""
    with started_on([*FULL, (COUNT, {"do": "wait", "fifo": str(fifo)})], tmp_path) as worker:
        assert worker.stdout is not None
        select.select([worker.stdout], [], [], BOUND_S)
        assert worker.stdout.read(len(FULL_ANSWERS)) == FULL_ANSWERS
        fifo.write_text("0", encoding="ascii")

        assert worker.stdout.read() == pickle.dumps(((COUNT, "0"), None, None), 5) + b"\n"
        assert worker.wait(BOUND_S) == 0


def test_an_exception_in_the_middle_of_a_write_puts_nothing_wrong_on_the_wire(tmp_path: Path) -> None:
    """A signal handler of the task's raises while answers are written: better an end than an answer twice. [WIRE-1]"""
    with started_on([*FULL, (COUNT, {"do": "run_out_of_time"}), (COUNT + 1, NOTHING)], tmp_path, ALONE) as worker:
        assert worker.wait(BOUND_S) == 1
        assert worker.stdout is not None
        written = worker.stdout.read()

    assert 60 * 1024 < len(written) < len(FULL_ANSWERS)
    assert FULL_ANSWERS.startswith(written)


# --- ends


@pytest.mark.parametrize("codec", CODECS)
def test_the_end_of_input_is_the_end_of_holding(codec: Codec) -> None:
    """All is answered. [SHUT-2]"""
    with holds(codec, program=ALONE) as worker:
        worker.send(*SHORT)
        worker.close_stdin()
        receive_short(worker)

        assert worker.end()[:2] == (0, "")


def test_a_worker_that_leaves_has_written_all() -> None:
    """After its last task, with further requests at hand. [RUN-13]"""
    with holds(max_tasks=COUNT, program=ALONE) as worker:
        worker.send(*SHORT, (COUNT, NOTHING))
        receive_short(worker)
        worker.receive_end()

        assert worker.end()[0] == 0


@pytest.mark.parametrize(
    ("last", "status", "words"),
    [((COUNT, {"do": "interrupt"}), 130, ""), ("no request", 1, "where a request (task_id, payload) was due")],
)
def test_whatever_ends_a_worker_the_finished_answers_come(last: object, status: int, words: str) -> None:
    """An interrupt in a task, and a message that is no request. [RUN-3]"""
    with holds(program=ALONE) as worker:
        worker.send(*SHORT, last)
        receive_short(worker)
        found, output, errors = worker.end()

    assert (found, output) == (status, "")
    assert words in errors
    assert "Traceback" not in errors


def test_a_task_that_ends_the_process_leaves_whole_messages() -> None:
    """What was held then is lost; the master has those tasks done again. [RUN-3]"""
    with holds(program=ALONE) as worker:
        worker.send(*SHORT, (COUNT, {"do": "leave"}))
        for task_id in range(SHORT_IN_A_ROW):
            assert worker.receive() == ((task_id, None), None, None)
        worker.receive_end()

        assert worker.end()[:2] == (3, "")


def test_a_run_loses_nothing_by_it(tmp_path: Path) -> None:
    """Every task is answered, though some end the worker that holds the answers of others. [JOB-1]"""
    todo: list[Payload] = []
    for death in range(4):
        todo += [{"do": "text", "length": str(length)} for length in range(50 * death, 50 * death + 50)]
        todo.append({"do": "leave_once", "path": str(tmp_path / str(death))})
    command = [sys.executable, "-c", HOLDS, "pickle", "0"]

    results, _ = main(todo, [Worker(command, count=2, env={"PYTHONPATH": ENVIRONMENT["PYTHONPATH"]})], answer=str)

    assert results == ["done" if payload["do"] == "leave_once" else "x" * int(payload["length"]) for payload in todo]


def test_a_master_that_dies_ends_a_worker_that_holds_answers(fifo: Path) -> None:
    """What nobody reads is no reason to stay. [RUN-7]"""
    with holds() as worker:
        worker.send(*SHORT, (COUNT, {"do": "wait", "fifo": str(fifo)}))
        worker.close_stdout()
        worker.close_stdin()
        everyone = [identity(worker.process.pid)]

        assert survivors(everyone) == []


def test_an_interrupted_worker_ends_although_its_master_does_not_read(fifo: Path) -> None:
    """What it holds is written as far as that goes at once; neither it nor the thread beside it waits. [RUN-13]"""
    answer: Payload = {"do": "text", "length": "4000"}  # Sixteen of them fill the pipe, some more are held.
    requests = [(task_id, answer) for task_id in range(SHORT_IN_A_ROW + 3)]
    with holds() as worker:
        worker.send(*requests, (99, {"do": "wait", "fifo": str(fifo)}))
        with fifo.open("w"):  # It is in the long task.
            worker.process.send_signal(signal.SIGINT)

            assert worker.process.wait(BOUND_S) == 130
