"""``serve()`` notices that its master is gone: what ends, what does not, and what is left."""

from __future__ import annotations

import os
import pickle
import pty
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import BOUND_S, ends, group, identity, lives, logged, shut_gate, survivors
from watched_workers import WORKER, Start, ask, die, read_answer, request, said, starting

A_WHILE_S = 0.5
"""Several times as long as a worker whose master is gone takes to end."""


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a worker as a master does; whatever a test does, it and its group are killed and reaped."""
    with starting() as begin:
        yield begin


@pytest.mark.parametrize(
    ("task", "processes"),
    [
        ("sleep", 1),
        ("spin", 1),
        ("threads", 1),
        ("wait_for_child", 2),
        ("wait_beside_an_orphan", 2),
        ("fork", 2),
        ("multiprocess", 3),
    ],
)
def test_a_busy_worker_ends_with_all_that_its_task_has_started(
    start: Start, tmp_path: Path, task: str, processes: int
) -> None:
    """Python code, threads, children, forks: nothing of the group is left. [RUN-7]"""
    worker = start()
    everyone = ask(worker, task, tmp_path / "log", processes)

    die(worker)

    assert survivors(everyone) == []
    assert worker.wait(BOUND_S) == -signal.SIGTERM
    assert said(worker) == (
        "spreadjobs.worker: the master is gone, nobody reads the answers any more: this worker and what it started "
        "are ended\n"
    )


def test_a_child_that_ignores_term_is_killed(start: Start, tmp_path: Path) -> None:
    """A second later, with the worker. [RUN-7]"""
    worker = start()
    everyone = ask(worker, "wait_for_stubborn_child", tmp_path / "log", 2)

    die(worker)

    assert survivors(everyone) == []
    assert worker.wait(BOUND_S) == -signal.SIGKILL


@pytest.mark.parametrize("_again", range(5))
def test_a_child_that_is_started_again_and_again_ends_too(start: Start, tmp_path: Path, _again: int) -> None:
    """The last blow falls on the whole group at once."""
    worker = start()
    log = tmp_path / "log"
    ask(worker, "restart_children", log, 2)

    die(worker)

    assert survivors([identity(worker.pid)]) == []
    assert survivors(group(worker.pid)) == []


def test_children_have_time_to_save_what_they_have(start: Start, tmp_path: Path) -> None:
    """TERM comes first."""
    worker = start()
    everyone = ask(worker, "wait_for_saving_child", tmp_path / "log", 2)

    die(worker)

    assert survivors(everyone) == []
    assert (tmp_path / "log.saved").exists()


def test_a_handler_of_term_is_the_way_to_clean_up(start: Start, tmp_path: Path) -> None:
    """It runs as if the master had sent TERM, and the program ends in good order: its exit handlers run, too."""
    worker = start()
    ask(worker, "clean_up", tmp_path / "log")

    die(worker)

    assert worker.wait(BOUND_S) == 1
    assert (tmp_path / "log.handled").exists()
    assert (tmp_path / "log.atexit").exists()


def test_a_worker_that_ignores_term_is_killed(start: Start, tmp_path: Path) -> None:
    """A second later, as a master has it."""
    worker = start()
    ask(worker, "ignore_term", tmp_path / "log")

    die(worker)

    assert worker.wait(BOUND_S) == -signal.SIGKILL


@pytest.mark.parametrize("again", range(3))
def test_a_task_that_is_done_meanwhile_leaves_nothing_either(start: Start, tmp_path: Path, again: int) -> None:
    """Whichever thread finds out first that the master is gone, the child that ignores TERM is killed. [RUN-7]"""
    worker = start()
    with shut_gate(tmp_path / "log"):
        everyone = ask(worker, "hold_beside_a_child", tmp_path / "log", 2)

        die(worker)
        if again:  # The watcher has begun by then, or is about to.
            assert worker.stderr is not None
            assert b"the master is gone" in worker.stderr.readline()

    assert survivors(everyone) == []


def test_preparation_is_watched(start: Start, tmp_path: Path) -> None:
    """A model that takes minutes to load is of no use to a master that is gone. [PREP-5]"""
    worker = start([*WORKER, "--prepare", "busy:prepare", "--items", "1"])
    assert worker.stdin is not None
    worker.stdin.write(pickle.dumps({"do": "wait_for_child", "log": str(tmp_path / "log")}))
    everyone = logged(tmp_path / "log", 2)

    die(worker)

    assert survivors(everyone) == []


def test_an_idle_worker_ends_in_good_order(start: Start, tmp_path: Path) -> None:
    """It sees the end of its input, status 0; what its tasks have left behind ends with it. [SHUT-5]"""
    worker = start()
    everyone = ask(worker, "leave_a_child", tmp_path / "log", 2)
    assert read_answer(worker.stdout) == "left"

    die(worker)

    assert survivors(everyone) == []
    assert worker.wait(BOUND_S) == 0
    assert said(worker) == ""


PENDING = """
import os, sys
from spreadjobs.worker_pipes import MasterGone, Pipes
from spreadjobs.worker_watch import Watcher
read, write = os.pipe()
watcher = Watcher(Pipes(0, write))
watcher.start()
watcher.begin()
watcher.busy = False
os.close(read)
watcher._thread.join(20)
try:
    watcher.begin()
except MasterGone:
    watcher.stop(orderly=False)
    watcher.stop(orderly=False)
    print("gone", end="")
"""


def test_no_task_is_begun_for_a_master_that_is_gone(start: Start) -> None:
    """Requests may still be in the pipe when an idle worker's master dies."""
    process = start([sys.executable, "-c", PENDING])
    assert process.stdout is not None

    assert process.stdout.read() == b"gone"
    assert process.wait(BOUND_S) == 0


def test_the_end_of_input_is_no_sign(start: Start, tmp_path: Path) -> None:
    """A master in good order closes standard input and waits: the task is finished and answered. [SHUT-2]"""
    worker = start()
    with shut_gate(tmp_path / "log"):
        (process,) = ask(worker, "hold_until", tmp_path / "log")
        assert worker.stdin is not None
        worker.stdin.close()

        assert not ends(process, A_WHILE_S)

    assert read_answer(worker.stdout) == "answered"
    assert worker.wait(BOUND_S) == 0


RELAY = """
import os, subprocess, sys, threading
pipe = subprocess.PIPE
worker = subprocess.Popen(sys.argv[1:], stdin=pipe, stdout=pipe, bufsize=0, start_new_session=True)
def copy(source, target):
    while data := os.read(source, 65536):
        os.write(target, data)
    os.close(target)
threading.Thread(target=copy, args=(0, os.dup(worker.stdin.fileno())), daemon=True).start()
worker.stdin.close()
copy(worker.stdout.fileno(), 1)
sys.exit(worker.wait())
"""


def test_behind_a_relay_the_end_of_the_relay_counts(start: Start, tmp_path: Path) -> None:
    """As sshd holds the pipes of a worker on another machine: it ends with the connection."""
    relay = start([sys.executable, "-c", RELAY, *WORKER])
    everyone = ask(relay, "wait_for_child", tmp_path / "log", 2)
    relay.kill()

    assert survivors(everyone) == []


def test_behind_a_living_relay_an_answer_still_comes(start: Start, tmp_path: Path) -> None:
    """Through ssh too, the end of input is no sign: the worker finishes its task. [SHUT-2]"""
    relay = start([sys.executable, "-c", RELAY, *WORKER])
    with shut_gate(tmp_path / "log"):
        (process,) = ask(relay, "hold_until", tmp_path / "log")
        assert relay.stdin is not None
        relay.stdin.close()

        assert not ends(process, A_WHILE_S)
    assert read_answer(relay.stdout) == "answered"


@pytest.mark.parametrize("orderly", [True, False])
def test_a_socket_may_be_both_pipes(start: Start, tmp_path: Path, *, orderly: bool) -> None:
    """Half of it closed is the end of input; all of it closed is the master's end. [SHUT-2]"""
    here, there = socket.socketpair()
    with here, here.makefile("rb") as answers, shut_gate(tmp_path / "log") as gate:
        with there:
            worker = start(WORKER, there.fileno(), there.fileno())
        here.sendall(request("hold_until", tmp_path / "log"))
        (process,) = logged(tmp_path / "log", 1)
        here.shutdown(socket.SHUT_WR)
        assert not ends(process, A_WHILE_S)
        if orderly:
            gate.close()
            assert read_answer(answers) == "answered"
            assert worker.wait(BOUND_S) == 0
        else:
            answers.close()
            here.close()
            assert ends(process, BOUND_S)


def test_files_take_the_place_of_pipes(start: Start, tmp_path: Path) -> None:
    """Requests from a file, answers to a file: nobody can go away, and all is answered. [SHUT-2]"""
    requests, answers, log = tmp_path / "requests", tmp_path / "answers", tmp_path / "log"
    requests.write_bytes(request("hold_until", log) + request("hold_until", log, 8))
    with requests.open("rb") as stdin, answers.open("wb") as stdout, shut_gate(log):
        worker = start(WORKER, stdin, stdout)
        logged(log, 1)

    assert worker.wait(BOUND_S) == 0
    assert answers.read_bytes().count(b"answered") == 2


def test_a_terminal_that_is_closed_is_a_master_that_is_gone(start: Start, tmp_path: Path) -> None:
    """Someone tries a worker by hand, and closes the window."""
    master, terminal = pty.openpty()
    requests = tmp_path / "requests"
    requests.write_bytes(request("wait_for_child", tmp_path / "log"))
    with requests.open("rb") as stdin:
        worker = start(WORKER, stdin, terminal)
    os.close(terminal)
    everyone = logged(tmp_path / "log", 2)

    os.close(master)

    assert survivors(everyone) == []
    worker.wait(BOUND_S)


def test_in_a_group_of_others_only_its_own_children_end(start: Start, tmp_path: Path) -> None:
    """A wrapper leads the group, and what else it started is not the worker's."""
    log = tmp_path / "log"
    script = 'sleep 1000 <&- >&- 2>&- & echo $! > "$0.other"; exec 3<&0; "$@" <&3 3<&- & exec <&- >&- 3<&-; wait'
    wrapper = start(["sh", "-c", script, str(log), *WORKER])
    everyone = ask(wrapper, "wait_for_stubborn_child", log, 2)
    other = identity(int(Path(f"{log}.other").read_text(encoding="ascii")))

    die(wrapper)

    assert survivors(everyone) == []
    assert lives(other)


def test_code_that_holds_the_interpreter_s_lock_ends_when_it_lets_go(start: Start, tmp_path: Path) -> None:
    """No thread can run before that. [RUN-7]"""
    worker = start()
    everyone = ask(worker, "hold_the_lock", tmp_path / "log")

    die(worker)

    assert survivors(everyone) == []


def test_a_worker_can_do_without_the_thread(start: Start, tmp_path: Path) -> None:
    """Where the system gives none it answers, and leaves nothing behind when it finds out by writing. [RUN-3]"""
    script = """
import threading
from spreadjobs.worker import serve
def fail(thread):
    raise RuntimeError("can't start new thread")
threading.Thread.start = fail
import busy
serve(busy.work)
"""
    worker = start([sys.executable, "-c", script])
    with shut_gate(tmp_path / "log"):
        everyone = ask(worker, "hold_beside_a_child", tmp_path / "log", 2)
        die(worker)

    assert survivors(everyone) == []
    assert worker.wait(BOUND_S) == 1


def test_a_task_that_forks_gets_what_its_signal_handlers_raise(start: Start, tmp_path: Path) -> None:
    """A time limit by SIGALRM for one: nothing of the worker's runs at a fork, where Python would drop it."""
    worker = start()
    assert worker.stdin is not None
    worker.stdin.write(request("limit_forks", tmp_path / "log"))

    assert read_answer(worker.stdout) == [50, 50]


def test_a_task_that_forks_has_no_error_lines_of_the_worker_s(start: Start, tmp_path: Path) -> None:
    """Python warns of a fork beside a thread since 3.12; the thread is none of the task's. [OUT-2]"""
    worker = start([sys.executable, "-W", "always::DeprecationWarning", *WORKER[1:]])
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(request("fork_once", tmp_path / "log"))

    assert pickle.load(worker.stdout) == ((7, "forked"), None, None)


def test_a_forked_child_ends_without_its_parent(start: Start, tmp_path: Path) -> None:
    """Neither what the task has started ends with it, nor the watch: the task's end is still that of its master."""
    worker = start()
    everyone = ask(worker, "fork_beside_a_child", tmp_path / "log", 2)
    assert all(lives(process) for process in everyone)

    die(worker)

    assert survivors(everyone) == []
