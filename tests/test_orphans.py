"""A master that ends in any way leaves no worker, and no process of a worker's group. The master is a program here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Protocol

import pytest
from processes import BOUND_S, ENVIRONMENT, Identity, lives, logged, shut_gate, survivors

BEGINNING = """
import os, signal, sys, threading, time
from pathlib import Path
from spreadjobs import Master, Settings, main
log = sys.argv[1]
worker = [sys.executable, "-m", "spreadjobs.worker", "busy:work"]
def task(do):
    return {"do": do, "log": log}
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
LEAVES = """
threading.Thread(target=lambda: (sys.stdin.readline(), os._exit(3)), daemon=True).start()
"""
WORKS = """
main([task("wait_for_stubborn_child"), task("multiprocess")], [worker, worker])
"""
WAITS = """
with Master([worker]) as master:
    master.run([task("leave_a_child")])
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)  # signal.pause() would miss a signal that comes just before it
    print("idle", flush=True)
    os.read(woken, 1)
"""
LIMITLESS = """
import spreadjobs.engine, spreadjobs.slots
spreadjobs.engine.LONGEST_ABORT_S = spreadjobs.slots.GRACE_S = 1000.0
"""


class Run(Protocol):
    def __call__(self, *texts: str, command: list[str] | None = None) -> subprocess.Popen[str]: ...


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where everyone writes their pids."""
    return tmp_path / "log"


@pytest.fixture
def run(log: Path) -> Iterator[Run]:
    """Starts a master; afterwards it, and whoever has logged its pid, is killed."""
    with ExitStack() as stack:

        def begin(*texts: str, command: list[str] | None = None) -> subprocess.Popen[str]:
            pipe = subprocess.PIPE
            command = command or [sys.executable, "-c", "".join([BEGINNING, *texts]), str(log)]
            master = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT)
            stack.callback(_dispose, master, log)
            return master

        yield begin


def _dispose(master: subprocess.Popen[str], log: Path) -> None:
    master.kill()
    with suppress(FileNotFoundError):
        survivors(logged(log, 0), 0.0)
    for pipe in (master.stdin, master.stdout, master.stderr):
        assert pipe is not None
        pipe.close()
    master.wait(BOUND_S)


def wait_for(path: Path) -> None:
    until_s = time.monotonic() + BOUND_S
    while not path.exists():
        assert time.monotonic() < until_s, f"{path.name} has not come"
        time.sleep(0.01)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, "_exit"])
def test_busy_workers_end_with_their_master(run: Run, log: Path, end: signal.Signals | str) -> None:
    """However it ends; so do their children, those that ignore TERM and those of a pool. [SHUT-10]"""
    master = run(LEAVES, WORKS)
    everyone = logged(log, 5)

    if isinstance(end, signal.Signals):
        master.send_signal(end)
    else:
        assert master.stdin is not None
        master.stdin.write("now\n")
        master.stdin.flush()

    assert survivors(everyone) == []
    assert master.wait(BOUND_S) == (-end if isinstance(end, signal.Signals) else 3)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_idle_workers_end_with_their_master(run: Run, log: Path, end: signal.Signals) -> None:
    """So does what their tasks have left behind. [SHUT-10]"""
    master = run(WAITS)
    everyone = logged(log, 2)
    assert master.stdout is not None
    assert master.stdout.readline() == "idle\n"

    master.send_signal(end)

    assert survivors(everyone) == []
    assert master.wait(BOUND_S) == -end


def test_ctrl_c_twice_kills(run: Run, log: Path) -> None:
    """The first one gives workers their time to end, however long; the second one does not wait for it. [SHUT-10]"""
    master = run(LIMITLESS, 'main([task("note_term")] * 2, [worker] * 2)')
    everyone = logged(log, 2)

    master.send_signal(signal.SIGINT)
    wait_for(Path(f"{log}.term"))
    assert all(lives(process) for process in everyone)
    master.send_signal(signal.SIGINT)

    assert survivors(everyone) == []
    assert master.wait(BOUND_S) == -signal.SIGINT


def test_ctrl_c_twice_at_the_end_of_the_block_kills(run: Run, log: Path) -> None:
    """Also where the first one came while the workers were waited for in good order. [SHUT-10]"""
    master = run(
        LIMITLESS,
        """
with Master([worker], settings=Settings(shutdown_timeout_s=1000.0)) as master:
    master.run([task("stay")])
    print("ending", flush=True)
""",
    )
    everyone = logged(log, 1)
    assert master.stdout is not None
    assert master.stdout.readline() == "ending\n"
    master.send_signal(signal.SIGINT)
    wait_for(Path(f"{log}.term"))

    master.send_signal(signal.SIGINT)

    assert survivors(everyone) == []
    assert master.wait(BOUND_S) == -signal.SIGINT


def test_ctrl_c_while_an_exception_ends_the_workers_kills(run: Run, log: Path) -> None:
    """They have their time to end after an exception; Ctrl-C is for who does not want to wait for that. [SHUT-10]"""
    master = run(
        LIMITLESS,
        """
with Master([worker]) as master:
    master.run([task("stay")])
    raise ValueError
""",
    )
    everyone = logged(log, 1)
    wait_for(Path(f"{log}.term"))

    master.send_signal(signal.SIGINT)

    assert survivors(everyone) == []
    assert master.wait(BOUND_S) == -signal.SIGINT


@pytest.mark.parametrize(("end", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_the_command_line_ends_in_good_order(run: Run, log: Path, end: signal.Signals, status: int) -> None:
    """There the process is ours: TERM is an end like Ctrl-C, also for workers that would notice nothing. [SHUT-10]"""
    unaware = f"import os, time; os.write(os.open({str(log)!r}, 1025 | os.O_CREAT), b'%d\\n' % os.getpid())"
    worker = [sys.executable, "-c", f"{unaware}; time.sleep(1000)"]
    master = run(command=[sys.executable, "-m", "spreadjobs", "run", "-w", "2", "--", *worker])
    assert master.stdin is not None
    master.stdin.write("1\n2\n")
    master.stdin.flush()
    everyone = logged(log, 1)

    master.send_signal(end)

    assert survivors(everyone) == []
    assert master.wait(BOUND_S) == status
    assert master.stderr is not None
    assert "Traceback" not in master.stderr.read()


def test_a_program_that_ignores_a_signal_goes_on_ignoring_it(run: Run, log: Path) -> None:
    """As under nohup. [SHUT-10]"""
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-m", "spreadjobs", "run", "-w", "1", "--"]
    master = run(command=[*command, *[sys.executable, "-m", "spreadjobs.worker", "busy:work"]])
    assert master.stdin is not None
    with shut_gate(log):
        master.stdin.write(f'{{"do": "hold_until", "log": "{log}"}}\n')
        master.stdin.flush()
        logged(log, 1)
        master.send_signal(signal.SIGHUP)
    answers, _ = master.communicate(timeout=BOUND_S)

    assert (master.returncode, answers) == (0, '"answered"\n')


def test_a_suspended_block_ends_with_the_program(run: Run, log: Path) -> None:
    """A generator that nobody finished holds it. [SHUT-10]"""
    master = run("""
def answers():
    with Master([worker] * 2) as master:
        yield from master.stream([task("answer_pid"), task("wait_for_stubborn_child")])
held = answers()
next(held)
sys.stdin.readline()
sys.exit(5)
""")
    everyone = logged(log, 3)
    assert master.stdin is not None
    master.stdin.write("now\n")
    master.stdin.flush()

    assert survivors(everyone) == []
    assert master.wait(BOUND_S) == 5


def test_a_block_in_a_daemon_thread_ends_with_the_program(run: Run, log: Path) -> None:
    """Nobody unwinds such a thread; also workers that notice nothing are ended. [SHUT-10]"""
    master = run("""
unaware = [sys.executable, "-c", "import busy, sys; busy.ignore_term(sys.argv[1])", log]
threading.Thread(target=main, args=([1], [unaware]), daemon=True).start()
sys.stdin.readline()
sys.exit(5)
""")
    everyone = logged(log, 1)
    assert master.stdin is not None
    master.stdin.write("now\n")
    master.stdin.flush()

    assert survivors(everyone) == []
    assert master.wait(BOUND_S) == 5


def test_a_forked_child_leaves_the_workers_to_its_parent(run: Run) -> None:
    """It may leave the block, or the program, in any way. [JOB-1]"""
    master = run("""
with Master([worker]) as master:
    first = master.run([task("answer_pid")])
    for ending in (sys.exit, lambda status: 1 // 0):
        if not (pid := os.fork()):
            sys.stderr = None
            ending(7)
        os.waitpid(pid, 0)
    assert master.run([task("answer_pid")]) == first
print([report.reason for report in master.workers])
""")

    assert master.wait(BOUND_S) == 0
    assert master.stdout is not None
    assert master.stdout.read() == "['exit status 0, in shutdown']\n"


def test_the_identities_are_told_apart(log: Path) -> None:
    """What the tests above rely on: a zombie is gone, and so is a pid with another start time."""
    log.touch()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        stat = Path(f"/proc/{child.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        here: Identity = (child.pid, int(stat[19]))
        assert lives(here)
        assert not lives((child.pid, 1))
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not lives(here)
    finally:
        child.kill()
        child.communicate(timeout=BOUND_S)
