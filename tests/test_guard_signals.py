"""``python -m spreadjobs.guard``: signals, and what a program sees of its surroundings behind a guard."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest
from guarded import GUARD, NAMES, WAYS, guarded, python, unaware
from processes import BOUND_S, ENVIRONMENT, ends, group, identity, logged, survivors
from watched_workers import Start, said, starting

A_WHILE_S = 0.7
"""Longer than a program whose master is gone takes to end."""
ways = pytest.mark.parametrize("options", WAYS, ids=NAMES)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a guard as a master does; whatever a test does, it and its group are killed and reaped."""
    with starting() as begin:
        yield begin


TELLS = """
import os, signal, sys
woken, wake = os.pipe()
os.set_blocking(wake, False)
for number in (signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, lambda *_: None)
signal.set_wakeup_fd(wake)
print("ready", flush=True)
came = b""
while signal.SIGUSR1 not in came:
    came += os.read(woken, 1)
print([signal.Signals(number).name for number in came], flush=True)
sys.exit(7)
"""


@ways
def test_a_signal_to_the_group_comes_once_and_one_to_the_guard_is_forwarded(start: Start, options: list[str]) -> None:
    """What the guard forwards later would come later, too. [SHUT-10]"""
    guard = start(guarded(python(TELLS), *options))
    assert guard.stdout is not None
    assert guard.stdout.readline() == b"ready\n"

    os.killpg(guard.pid, signal.SIGTERM)
    os.kill(guard.pid, signal.SIGUSR1)

    assert guard.stdout.read() == b"['SIGTERM', 'SIGUSR1']\n"
    assert guard.wait(BOUND_S) == 7


@ways
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR2])
def test_the_guard_lives_as_long_as_the_program(
    start: Start, tmp_path: Path, options: list[str], end: signal.Signals
) -> None:
    """A signal to it alone ends the program, and then the guard, in the same way. [SHUT-10]"""
    guard = start(
        guarded(["sh", "-c", 'ulimit -c 0; echo $$ >> "$0"; exec sleep 1000', str(tmp_path / "log")], *options)
    )
    everyone = logged(tmp_path / "log", 1)

    guard.send_signal(end)

    assert guard.wait(BOUND_S) == -end
    assert survivors([*everyone, *group(guard.pid)], 0.0) == []


def test_term_to_the_group_is_waited_for(start: Start, tmp_path: Path) -> None:
    """As a master sends it: a program that takes its time is not left alone. [SHUT-10]"""
    guard = start(guarded(unaware("note_term", tmp_path / "log")))
    (program,) = logged(tmp_path / "log", 1)

    os.killpg(guard.pid, signal.SIGTERM)

    assert not ends(identity(guard.pid), A_WHILE_S)
    assert (tmp_path / "log.term").exists()
    os.kill(program[0], signal.SIGKILL)
    assert guard.wait(BOUND_S) == -signal.SIGKILL


@ways
@pytest.mark.parametrize("do", ["wait_for_child", "wait_for_stubborn_child"])
def test_a_guard_that_is_killed_does_not_leave_the_program_alone(
    start: Start, tmp_path: Path, options: list[str], do: str
) -> None:
    """The standby ends it and what it has started, and ends itself."""
    guard = start(guarded(unaware(do, tmp_path / "log"), *options))
    everyone = [*logged(tmp_path / "log", 2), *group(guard.pid)]

    guard.kill()

    assert guard.wait(BOUND_S) == -signal.SIGKILL
    assert survivors(everyone) == []
    assert said(guard) == (
        "spreadjobs.guard: the guard was killed, nobody watches over the program any more: it and what it started are "
        "ended\n"
    )


def test_a_guard_without_its_standby_watches_and_forwards(start: Start) -> None:
    """Somebody killed that one: a signal may come twice then, which is better than never."""
    guard = start(guarded(python(TELLS)))
    assert guard.stdout is not None
    assert guard.stdout.readline() == b"ready\n"
    children = Path(f"/proc/{guard.pid}/task/{guard.pid}/children").read_text(encoding="ascii").split()
    standby = max(map(int, children))
    os.kill(standby, signal.SIGKILL)
    assert ends(identity_or_gone(standby), BOUND_S)

    guard.send_signal(signal.SIGUSR1)

    assert guard.stdout.read() == b"['SIGUSR1']\n"
    assert guard.wait(BOUND_S) == 7


def identity_or_gone(pid: int) -> tuple[int, int]:
    """Of a process that may have ended just now."""
    with suppress(OSError):
        return identity(pid)
    return pid, 0


@ways
def test_a_program_that_is_stopped_goes_on_later(start: Start, options: list[str]) -> None:
    """That is no end. [EXEC-3]"""
    guard = start(guarded(["sh", "-c", "echo $$; exec cat"], *options))
    assert guard.stdin is not None
    assert guard.stdout is not None
    program = int(guard.stdout.readline())
    os.kill(program, signal.SIGSTOP)
    os.waitid(os.P_PID, guard.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    guard.stdin.write(b"x")
    assert not ends(identity(guard.pid), 0.2)

    os.kill(program, signal.SIGCONT)

    assert guard.stdout.read(1) == b"x"


# --- nothing of the program's surroundings is changed


def test_the_program_has_signals_as_without_a_guard() -> None:
    """What is ignored or blocked, as under nohup, is the same."""
    look = ["sh", "-c", 'trap "" HUP USR1; exec "$@"', "sh"]
    shows = ["grep", "^Sig[BI]", "/proc/self/status"]
    plain, *others = [
        subprocess.run([*look, *command], env=ENVIRONMENT, capture_output=True, timeout=BOUND_S, check=True).stdout
        for command in (shows, *(guarded(shows, *options) for options in WAYS))
    ]

    # Without 32 and 33, which are glibc's own: its posix_spawn() leaves them ignored, and so may others.
    masks = [[int(word, 16) & ~(3 << 31) for word in shown.split()[1::2]] for shown in (plain, *others)]
    assert masks == [masks[0]] * (1 + len(WAYS))
    assert masks[0][1] == 1 << signal.SIGHUP - 1 | 1 << signal.SIGUSR1 - 1


def test_the_program_has_arguments_and_environment_as_they_are() -> None:
    """Bytes that are no UTF-8 among them. [EXEC-9]"""
    odd = b"a\xff b\n"
    command = [os.fsencode(word) for word in guarded(["sh", "-c", 'printf %s "$0$ODD"'])]
    environment = {os.fsencode(name): os.fsencode(value) for name, value in ENVIRONMENT.items()}

    done = subprocess.run(
        [*command, odd], env={**environment, b"ODD": odd}, capture_output=True, timeout=BOUND_S, check=True
    )

    assert done.stdout == odd + odd


@ways
def test_an_input_that_the_program_has_closed_is_closed(start: Start, options: list[str]) -> None:
    """Who writes to it learns so: the guard holds no copy. [EXEC-2]"""
    guard = start(guarded(["sh", "-c", "exec <&-; echo closed; exec sleep 1000"], *options))
    assert guard.stdin is not None
    assert guard.stdout is not None
    assert guard.stdout.readline() == b"closed\n"

    with pytest.raises(BrokenPipeError):
        fill(guard.stdin)


def fill(pipe: IO[bytes]) -> None:
    """Write far more than a pipe holds."""
    for _ in range(1000):
        pipe.write(b"x" * 65536)


def test_other_pipes_that_the_program_has_inherited_are_its_own() -> None:
    """Who waits for their end waits for the program alone."""
    read, write = os.pipe()
    text = "import os, sys; os.close(int(sys.argv[1])); sys.stdin.read()"
    command = guarded(python(text, str(write)))
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=ENVIRONMENT, pass_fds=[write], stdin=pipe, stdout=pipe) as guard:
        os.close(write)
        poller = select.poll()
        poller.register(read, select.POLLIN)

        assert poller.poll(BOUND_S * 1000)
        assert os.read(read, 1) == b""
        assert guard.poll() is None

        guard.communicate(b"", timeout=BOUND_S)
    os.close(read)


@ways
def test_nothing_is_left_of_the_guard_when_it_has_ended(start: Start, options: list[str]) -> None:
    """Neither a process of the group nor a hold on standard output. [SHUT-4]"""
    guard = start(guarded(["true"], *options))

    assert guard.wait(BOUND_S) == 0
    assert group(guard.pid) == []
    assert guard.stdout is not None
    assert guard.stdout.read() == b""


# --- the command line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "-- COMMAND [ARG...] is due"),
        (["--"], "-- COMMAND [ARG...] is due"),
        (["cat"], "unrecognized arguments: cat"),
        (["--grace-s", "-1", "--", "cat"], "0 or more, is due"),
        (["--grace-s", "nan", "--", "cat"], "0 or more, is due"),
        (["--lease-s", "0", "--", "cat"], "above 0 is due"),
        (["--lease-s", "inf", "--", "cat"], "0 or more, is due"),
        (["--lease-s", "soon", "--", "cat"], "soon"),
        (["--codec", "json", "--dialect", "untagged", "--", "cat"], "UNT-1"),
    ],
)
def test_a_wrong_command_line_is_said(arguments: list[str], words: str) -> None:
    """With what is due, and status 2."""
    done = subprocess.run([*GUARD, *arguments], env=ENVIRONMENT, capture_output=True, timeout=BOUND_S, check=False)

    assert done.returncode == 2
    assert words in done.stderr.decode()


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_a_worker_s_pipes_must_be_open(closed: str) -> None:
    """A guard could not tell its own pipes from them. [EXEC-2]"""
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", *guarded(["true"])]
    done = subprocess.run(command, env=ENVIRONMENT, stderr=subprocess.PIPE, timeout=BOUND_S, check=False)

    assert done.returncode == 2
    assert b"EXEC-2" in done.stderr


@ways
def test_a_closed_error_stream_does_no_harm(options: list[str]) -> None:
    """Nothing can be said then, and nothing gets into another pipe."""
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *guarded(["sh", "-c", "ls /dev/fd/2 || cat"], *options)]
    done = subprocess.run(command, env=ENVIRONMENT, input=b"x", capture_output=True, timeout=BOUND_S, check=False)

    assert (done.returncode, done.stdout) == (0, b"x")


def test_the_help_says_what_a_lease_does_not_end() -> None:
    """Whoever sets one must know, above all, what counts as a task."""
    done = subprocess.run([*GUARD, "--help"], env=ENVIRONMENT, capture_output=True, timeout=BOUND_S, check=True)

    assert b"counts as a task" in done.stdout
    assert sys.executable.encode() not in done.stdout
