"""Tests of ``spreadjobs_conform.process`` and ``observe``."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from kit_scripts import python
from spreadjobs_conform import observe
from spreadjobs_conform.findings import CannotStart, HarnessFault
from spreadjobs_conform.process import MAX_UNREAD_BYTES, WorkerProcess, describe_status

on_linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@contextlib.contextmanager
def started(code: str | Sequence[str]) -> Iterator[WorkerProcess]:
    """A process that is ended afterwards."""
    process = WorkerProcess(python(code) if isinstance(code, str) else code, dict(os.environ))
    try:
        yield process
    finally:
        process.end()


def pump_until(process: WorkerProcess, done: Callable[[], bool]) -> None:
    """Pumps until something is so, for at most ten seconds."""
    end_s = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end_s, process.describe()
        process.pump(0.05)


@pytest.mark.parametrize("command", [["/no/such/program"], ["/etc/passwd"], ["a\0b"]])
def test_program_that_cannot_be_started_is_named(command: list[str]) -> None:
    """A missing or forbidden executable is said with the system's reason."""
    with pytest.raises(CannotStart, match="could not be started"):
        WorkerProcess(command, dict(os.environ))


@pytest.mark.slow
def test_reads_while_it_writes() -> None:
    """More than the pipes hold goes both ways at once. [EXEC-8]"""
    with started(["cat"]) as process:
        data = os.urandom(8 << 20)
        process.write(data)
        assert process.unwritten_bytes > 0
        pump_until(process, lambda: process.received_bytes == len(data))
        assert bytes(process.inbox) == data
        assert process.unread_bytes == 0
        process.close_stdin()
        process.close_stdin()
        assert process.unread_bytes == 0
        pump_until(process, lambda: process.status() is not None and not process.stdout_open)
        assert process.status() == 0
        assert process.describe() == "the worker has exited with status 0"
        process.write(b"too late")
        process.pump(0.01)


def test_status_does_not_reap() -> None:
    """The status of an ended process is known while its number is still its own, and reaping gives the same."""
    with started("import os, signal; os.kill(os.getpid(), signal.SIGTERM)") as process:
        pump_until(process, lambda: process.status() is not None)
        os.kill(process.pid, 0)
        assert process.status() == -signal.SIGTERM


def test_system_without_waitid_and_pidfd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has neither waitid nor pidfd_open, the end of a process is noticed all the same."""
    monkeypatch.delattr(os, "waitid")
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    with started("raise SystemExit(3)") as process:
        pump_until(process, lambda: process.status() is not None)
        assert process.status() == 3


def test_process_reaped_by_another_is_no_riddle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where waitid knows no such child, the library that started it is asked."""

    def no_child(*_: object) -> None:
        raise ChildProcessError

    monkeypatch.setattr(os, "waitid", no_child)
    with started("raise SystemExit(4)") as process:
        pump_until(process, lambda: process.status() is not None)
        assert process.status() == 4


def test_frozen_worker_finds_all_at_once() -> None:
    """What is sent to a stopped worker is there as a whole when it goes on, with the end. [SHUT-2]"""
    code = "import os\nprint(flush=True)\nprint(os.read(0, 100), os.read(0, 100), flush=True)"
    with started(code) as process:
        pump_until(process, lambda: bool(process.inbox))
        process.inbox.clear()
        process.freeze()
        process.write(b"one ")
        process.pump(0.05)
        process.write(b"two")
        process.close_stdin()
        assert process.status() is None
        process.thaw()
        pump_until(process, lambda: not process.stdout_open)
        assert bytes(process.inbox) in (b"b'one two' b''\n", b"b'one ' b'two'\n")


def test_closed_standard_input_is_noticed() -> None:
    """A worker that closes its standard input does not end the kit, and the diagnosis says it."""
    with started("import os, time; os.close(0); print('closed', flush=True); time.sleep(60)") as process:
        pump_until(process, lambda: bool(process.inbox))
        process.write(b"x" * 10)
        pump_until(process, lambda: process.stdin_broken)
        process.write(b"more")
        assert process.unwritten_bytes == 0
        assert "has closed its standard input" in process.describe()


def test_what_was_never_read_is_counted_when_nobody_can_read_it() -> None:
    """That the reading end is gone shows without a write, and what is in the pipe then, or comes later, is unread."""
    with started("import os, time\nos.close(0)\nos.write(1, b'closed')\ntime.sleep(600)") as process:
        process.write(b"never read")
        pump_until(process, lambda: bool(process.inbox))
        pump_until(process, lambda: process.stdin_broken)
        process.write(b", nor this")

        assert process.unread_bytes == len(b"never read, nor this")
        assert process.unwritten_bytes == 0
        assert process.status() is None


@on_linux
def test_open_files_are_counted() -> None:
    """A worker with two files more has a count that is two higher; a process that is gone has none."""
    code = "import os, sys\nfor line in sys.stdin:\n    os.open(os.devnull, 0)\n    os.write(1, b'.')"
    with started([sys.executable, "-uSc", code]) as process:
        counts = []
        for _ in range(3):
            process.inbox.clear()
            process.write(b"\n")
            pump_until(process, lambda: bool(process.inbox))
            counts.append(process.descriptors())
        first, *_ = counts
        assert first is not None
        assert counts == [first, first + 1, first + 2]
    assert observe.descriptors(process.pid) is None


def test_standard_error_is_kept_in_part() -> None:
    """The last lines of standard error are kept, however much comes. [EXEC-6]"""
    code = "import sys\nfor n in range(30000): print('line', n, file=sys.stderr)\nprint(flush=True)"
    with started(code) as process:
        pump_until(process, lambda: process.status() is not None)
        for _ in range(100):
            process.pump(0.0)
        assert process.stderr_lines(2) == ["line 29998", "line 29999"]


def test_reading_stops_at_a_limit() -> None:
    """A worker that writes without end does not fill the memory. [WIRE-4]"""
    with started(["yes"]) as process:
        process.inbox += bytes(MAX_UNREAD_BYTES + 1)
        before = process.received_bytes
        process.pump(0.01)
        assert process.received_bytes == before


@on_linux
def test_description_says_what_the_process_does() -> None:
    """A diagnosis tells a worker that reads from one that sleeps, runs or was stopped."""
    with started("import sys; print(flush=True); sys.stdin.buffer.read()") as process:
        pump_until(process, lambda: bool(process.inbox))
        pump_until(process, lambda: "read" in process.describe())
        assert process.describe() == "the worker is alive, sleeping in read of its standard input"
        os.kill(process.pid, signal.SIGSTOP)
        pump_until(process, lambda: "stopped by a signal" in process.describe())
    with started("print(flush=True)\nwhile True: pass") as process:
        pump_until(process, lambda: "running" in process.describe())


@on_linux
def test_standard_streams_are_known_by_their_pipes() -> None:
    """A worker that has moved its standard input elsewhere, as WIRE-4 advises, still reads its standard input."""
    code = "import os; there = os.dup(0); os.dup2(os.open('/dev/null', os.O_RDONLY), 0); os.read(there, 1)"
    with started(code) as process:
        pump_until(process, lambda: "read" in process.describe())
        assert process.describe() == "the worker is alive, sleeping in read of its standard input"


@on_linux
def test_child_that_is_waited_for_is_named() -> None:
    """A worker that waits for a process it started: which one, so that its author can find it."""
    with started("import subprocess; subprocess.run(['sleep', '1000'])") as process:
        pump_until(process, lambda: "sleep 1000" in process.describe())
        assert re.fullmatch(
            r"the worker is alive, waiting for its child process \d+ \(sleep 1000\)", process.describe()
        )


@on_linux
def test_description_degrades(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the system says less, the diagnosis does."""
    monkeypatch.setattr(observe, "PROC", tmp_path)
    assert observe.doing(7) == ""
    assert observe.command_of(7) == ""
    assert observe.holders(frozenset({"pipe:[1]"})) == frozenset()
    folder = tmp_path / "7"
    folder.mkdir()
    (folder / "stat").write_text("7 (a (b) c) S 1 2")
    assert observe.doing(7) == "sleeping"
    (folder / "wchan").write_text("pipe_read")
    (folder / "syscall").write_text("99999 0x0")
    assert observe.doing(7) == "sleeping in pipe_read"
    (folder / "wchan").write_text("0")
    assert observe.doing(7) == "sleeping"
    (folder / "stat").write_text("7 (x) D 1 2")
    assert observe.doing(7) == "waiting for the disk"
    (folder / "stat").write_text("7 (x) Z 1 2")
    assert observe.doing(7) == ""
    assert observe.holders(frozenset({"pipe:[1]"})) == observe.marked("MARK=1") == frozenset()
    monkeypatch.setattr(observe, "PROC", tmp_path / "missing")
    assert observe.marked("MARK=1") == frozenset()


def stat(*, state: str = "S", flags: int = 0, started: int) -> str:
    """A process's stat as far as it is read, with a name that is hard to read past."""
    fields = [state, *"12345", str(flags), *["0"] * 12, str(started), "0"]
    return f"7 (a) S (b) {' '.join(fields)}"


@pytest.mark.parametrize(
    ("seen", "waits"),
    [
        (stat(started=200), True),
        (stat(started=99), False),
        (stat(started=200, state="Z"), False),
        (stat(started=200, flags=0x00200040), False),
        ("7 (b) S 1 2", False),
    ],
    ids=["just started", "older than the kit", "zombie", "kernel thread", "nobody says"],
)
def test_process_within_exec_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seen: str, *, waits: bool
) -> None:
    """A process that is being started has no environment for a moment; its mark is seen all the same."""
    monkeypatch.setattr(observe, "PROC", tmp_path)
    for pid, text in ((os.getpid(), stat(started=100)), (7, seen)):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(text)
    environment = tmp_path / "7" / "environ"
    environment.write_bytes(b"")
    monkeypatch.setattr(time, "sleep", lambda _s: environment.write_bytes(b"HOME=/\0MARK=1\0"))

    assert observe.marked("MARK=1") == (frozenset({7}) if waits else frozenset())


@on_linux
def test_process_that_never_has_an_environment_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program may be started with an empty environment, and stays so. [EXEC-5]"""
    monkeypatch.setattr(observe, "STARTING_S", 0.05)
    with subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(300)"], env={}) as bare:
        assert bare.pid not in observe.marked("MARK=1")
        bare.kill()


def gone(pid: int) -> bool:
    """Whether a process ends within five seconds, or only waits for being reaped."""
    end_s = time.monotonic() + 5
    while time.monotonic() < end_s:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
    return False


@on_linux
def test_holder_of_standard_output_is_named_and_ended() -> None:
    """A process outside the group that holds the pipe is named, and ended with the worker. [SHUT-4]"""
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen(['sleep', '321'], start_new_session=True, stderr=subprocess.DEVNULL)\n"
        "print(p.pid, flush=True)"
    )
    process = WorkerProcess(python(code), dict(os.environ))
    try:
        pump_until(process, lambda: process.status() is not None and bool(process.inbox))
        child = int(bytes(process.inbox))
        described = process.describe()
    finally:
        process.end()

    assert f"held open by process {child} (sleep 321)" in described
    assert gone(child)


@on_linux
def test_group_is_ended_with_the_worker() -> None:
    """Processes of the worker's group end with it. [SHUT-10]"""
    code = "import subprocess, time; p = subprocess.Popen(['sleep', '322']); print(p.pid, flush=True); time.sleep(60)"
    with started(code) as process:
        pump_until(process, lambda: bool(process.inbox))
        child = int(bytes(process.inbox))
    assert gone(child)


def test_process_that_outlives_sigkill_is_the_kits_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that cannot be killed does not hold the kit up."""
    process = WorkerProcess(["true"], dict(os.environ))
    wait = process._popen.wait

    def never(timeout: float | None = None) -> int:
        raise subprocess.TimeoutExpired("true", timeout or 0.0)

    monkeypatch.setattr(process._popen, "wait", never)
    with pytest.raises(HarnessFault, match="outlived SIGKILL"):
        process.end()
    assert wait() in (0, -signal.SIGKILL)


def test_reading_nothing_is_no_end() -> None:
    """A pipe in which nothing is yet has not ended."""
    with started(["sleep", "60"]) as process:
        process._read_stdout()
        process._read_stderr()
        assert process.stdout_open


def test_system_that_does_not_tell_what_is_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the pipe counts as unread; where the system does not tell, what is queued counts alone."""
    with started(["sleep", "60"]) as process:
        process.write(b"x" * 100)
        assert (process.unwritten_bytes, process.unread_bytes) == (0, 100)

    def unknown(*_: object) -> bytes:
        raise OSError

    monkeypatch.setattr("fcntl.ioctl", unknown)
    with started(["sleep", "60"]) as process:
        process.write(b"x")
        assert process.unread_bytes == 0


def test_statuses_are_told_in_words() -> None:
    """Exit statuses and signals are told, numbers without a name too."""
    assert describe_status(3) == "exited with status 3"
    assert describe_status(-9) == "been ended by SIGKILL"
    assert describe_status(-200) == "been ended by signal 200"


def test_nothing_is_left_open() -> None:
    """A process that was ended leaves no descriptor behind."""
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        with started([sys.executable, "-S", "-c", ""]):
            pass

    assert len(list(Path("/dev/fd").iterdir())) == before
