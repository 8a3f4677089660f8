"""``python -m spreadjobs.guard``: what becomes of a program when its master is gone, and what a program sees of it."""

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
from guarded import GONE, GUARD, NAMES, WAYS, guarded, python, unaware
from processes import BOUND_S, ENVIRONMENT, ends, group, identity, lives, logged, shut_gate, survivors
from watched_workers import Start, die, said, starting

A_WHILE_S = 0.7
"""Longer than a program whose master is gone takes to end."""
ways = pytest.mark.parametrize("options", WAYS, ids=NAMES)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a guard as a master does; whatever a test does, it and its group are killed and reaped."""
    with starting() as begin:
        yield begin


@ways
@pytest.mark.parametrize(
    ("do", "processes", "end"),
    [
        ("sleep", 1, signal.SIGTERM),
        ("spin", 1, signal.SIGTERM),
        ("wait_for_child", 2, signal.SIGTERM),
        ("wait_beside_an_orphan", 2, signal.SIGTERM),
        ("multiprocess", 3, signal.SIGTERM),
        ("ignore_term", 1, signal.SIGKILL),
        ("wait_for_stubborn_child", 2, signal.SIGKILL),
    ],
)
def test_a_busy_program_ends_with_all_that_it_has_started(  # noqa: PLR0913 - pytest's way
    start: Start, tmp_path: Path, options: list[str], do: str, processes: int, end: signal.Signals
) -> None:
    """Children, orphans, forks, those that ignore TERM among them; a line says why. [SHUT-10]"""
    guard = start(guarded(unaware(do, tmp_path / "log"), *options))
    everyone = logged(tmp_path / "log", processes)

    die(guard)

    assert survivors([*everyone, *group(guard.pid)]) == []
    assert guard.wait(BOUND_S) == -end
    assert said(guard) == GONE


@ways
def test_a_program_of_the_shell_is_guarded_too(start: Start, tmp_path: Path, options: list[str]) -> None:
    """Any executable will do. [SHUT-10]"""
    guard = start(
        guarded(["sh", "-c", 'echo $$ >> "$0"; while :; do sleep 1000; done', str(tmp_path / "log")], *options)
    )
    everyone = logged(tmp_path / "log", 1)

    die(guard)

    assert survivors([*everyone, *group(guard.pid)]) == []


@pytest.mark.parametrize("_again", range(3))
def test_what_is_started_again_and_again_ends_too(start: Start, tmp_path: Path, _again: int) -> None:
    """The signals go to the whole group at once. [SHUT-10]"""
    guard = start(guarded(unaware("restart_children", tmp_path / "log")))
    logged(tmp_path / "log", 2)

    die(guard)

    assert survivors([identity(guard.pid)]) == []
    assert survivors(group(guard.pid)) == []


@ways
def test_a_program_has_time_to_clean_up(start: Start, tmp_path: Path, options: list[str]) -> None:
    """TERM comes first, once, and its exit handlers run; the guard's fate is the program's. [SHUT-10]"""
    guard = start(guarded(unaware("clean_up", tmp_path / "log"), *options, "--grace-s", "1000"))
    logged(tmp_path / "log", 1)

    die(guard)

    assert guard.wait(BOUND_S) == 3
    assert (tmp_path / "log.handled").exists()
    assert (tmp_path / "log.atexit").exists()


@ways
def test_an_idle_program_ends_in_good_order(start: Start, tmp_path: Path, options: list[str]) -> None:
    """It sees the end of its input; only what it has left behind is ended. [SHUT-5]"""
    script = 'trap "" TERM; sleep 1000 <&- >&- & echo $! >> "$0"; cat; exit 3'
    guard = start(guarded(["sh", "-c", script, str(tmp_path / "log")], *options))
    everyone = logged(tmp_path / "log", 1)

    die(guard)

    assert survivors([*everyone, *group(guard.pid)]) == []
    assert GONE not in said(guard)


@ways
def test_what_a_program_has_left_is_the_master_s_while_that_lives(
    start: Start, tmp_path: Path, options: list[str]
) -> None:
    """It ends a group anyway, and the program may have meant it. [SHUT-10]"""
    script = 'sleep 1000 <&- >&- 2>&- & echo $! >> "$0"; exit 3'
    guard = start(guarded(["sh", "-c", script, str(tmp_path / "log")], *options))
    everyone = logged(tmp_path / "log", 1)

    assert guard.wait(BOUND_S) == 3
    assert group(guard.pid) == everyone


@ways
def test_the_end_of_input_is_no_sign(start: Start, tmp_path: Path, options: list[str]) -> None:
    """A master in good order closes standard input and waits: the program goes on. [SHUT-2]"""
    text = "import busy, sys; sys.stdin.read(); print(busy.hold_until(sys.argv[1]))"
    guard = start(guarded(python(text, tmp_path / "log"), *options))
    assert guard.stdin is not None
    assert guard.stdout is not None
    with shut_gate(tmp_path / "log"):
        guard.stdin.close()
        (program,) = logged(tmp_path / "log", 1)

        assert not ends(program, A_WHILE_S)

    assert guard.stdout.read() == b"answered\n"
    assert guard.wait(BOUND_S) == 0


def test_files_take_the_place_of_pipes(start: Start, tmp_path: Path) -> None:
    """From a file, to a file: nobody can go away."""
    (tmp_path / "in").write_bytes(b"x" * 100_000)
    for options in WAYS:
        with (tmp_path / "in").open("rb") as stdin, (tmp_path / "out").open("wb") as stdout:
            guard = start(guarded(["cat"], *options), stdin, stdout)
        assert guard.wait(BOUND_S) == 0
        assert (tmp_path / "out").read_bytes() == b"x" * 100_000


@pytest.mark.parametrize("killed", [False, True], ids=["master", "guard"])
def test_in_a_group_of_others_only_the_program_s_own_end(start: Start, tmp_path: Path, *, killed: bool) -> None:
    """A wrapper leads the group, and what else it started is not the program's; whoever dies, it lives."""
    log = tmp_path / "log"
    script = (
        'sleep 1000 <&- >&- 2>&- & echo $! > "$0.other"; exec 3<&0; "$@" <&3 3<&- & echo $! > "$0.guard"; '
        "exec <&- >&- 3<&-; wait"
    )
    wrapper = start(["sh", "-c", script, str(log), *guarded(unaware("wait_for_stubborn_child", log))])
    everyone = logged(log, 2)
    other = identity(int(Path(f"{log}.other").read_text(encoding="ascii")))

    if killed:
        os.kill(int(Path(f"{log}.guard").read_text(encoding="ascii")), signal.SIGKILL)
    else:
        die(wrapper)

    assert survivors(everyone) == []
    assert lives(other)


BLIND = """
import sys
import spreadjobs.guard_standby, spreadjobs.worker_ends
from spreadjobs.guard import run
spreadjobs.guard_standby._TABLE_DIRECTORY = "/no/such/folder"
spreadjobs.worker_ends._processes = dict
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize("do", ["wait_for_child", "wait_for_stubborn_child"])
def test_a_system_without_a_list_of_processes_will_do(start: Start, tmp_path: Path, do: str) -> None:
    """There nobody knows who is left, so KILL comes in any case. [SHUT-10]"""
    guard = start(python(BLIND, "--", *unaware(do, tmp_path / "log")))
    everyone = logged(tmp_path / "log", 2)

    die(guard)

    assert survivors([*everyone, *group(guard.pid)]) == []
    assert guard.wait(BOUND_S) == -signal.SIGKILL


def test_a_system_that_gives_no_second_process_will_do(start: Start, tmp_path: Path) -> None:
    """The guard does without its standby. [SHUT-10]"""
    text = "import os, sys\nfrom spreadjobs.guard import run\n{}\nos.fork = fork\nsys.exit(run(sys.argv[1:]))"
    fork = "def fork(): raise BlockingIOError"
    guard = start(python(text.format(fork), "--", *unaware("wait_for_child", tmp_path / "log")))
    everyone = logged(tmp_path / "log", 2)

    die(guard)

    assert survivors([*everyone, *group(guard.pid)]) == []
    assert guard.wait(BOUND_S) == -signal.SIGTERM


# --- how the program ends


@ways
@pytest.mark.parametrize("status", [0, 1, 200, 255])
def test_the_exit_status_is_the_program_s(start: Start, options: list[str], status: int) -> None:
    """A master reads what it would read without a guard. [OPS-6]"""
    guard = start(guarded(["sh", "-c", f"exit {status}"], *options))

    assert guard.wait(BOUND_S) == status
    assert said(guard) == ""


@ways
@pytest.mark.parametrize(
    "end", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGUSR1, signal.SIGPIPE, signal.SIGRTMAX]
)
def test_the_signal_that_ends_the_program_ends_the_guard(start: Start, options: list[str], end: signal.Signals) -> None:
    """A master judges a death by its signal. [JOB-5]"""
    guard = start(guarded(["sh", "-c", f"kill -{int(end)} $$"], *options))

    assert guard.wait(BOUND_S) == -end


def test_the_guard_leaves_no_core_file(start: Start, tmp_path: Path) -> None:
    """It would be that of the wrong program."""
    script = 'cd "$0" && ulimit -c unlimited && exec "$@"'
    guard = start(["sh", "-c", script, str(tmp_path), *guarded(["sh", "-c", "ulimit -c 0; kill -QUIT $$"])])

    _, status = os.waitpid(guard.pid, 0)
    guard.returncode = os.waitstatus_to_exitcode(status)

    assert guard.returncode == -signal.SIGQUIT
    assert not os.WCOREDUMP(status)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "text", "status", "words"),
    [
        (None, "", 127, ["No such file", "check the path"]),
        (0o644, "#!/bin/sh\n", 126, ["Permission denied", "chmod +x"]),
        (0o755, "echo\n", 126, ["Exec format error", "#!/bin/sh"]),
        (0o755, "#!/no/such/shell\n", 127, ["No such file"]),
    ],
    ids=["missing", "not executable", "no first line", "no interpreter"],
)
def test_a_program_that_cannot_be_executed_is_named(  # noqa: PLR0913 - pytest's way
    start: Start, tmp_path: Path, mode: int | None, text: str, status: int, words: list[str]
) -> None:
    """With the statuses of a shell, and what to do. [JOB-4]"""
    program = tmp_path / "program"
    if mode is not None:
        program.write_text(text, encoding="ascii")
        program.chmod(mode)

    guard = start(guarded([str(program)]))

    assert guard.wait(BOUND_S) == status
    line = said(guard)
    assert line.startswith(f"spreadjobs.guard: cannot execute '{program}': ")
    assert all(word in line for word in words)


def test_a_program_that_is_in_no_folder_of_the_path_is_named(start: Start) -> None:
    """As by a shell. [JOB-4]"""
    guard = start(guarded(["no-such-program"]))

    assert guard.wait(BOUND_S) == 127
    assert "PATH" in said(guard)


# --- signals


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

    blocked, ignored = (int(word, 16) for word in plain.split()[1::2])
    for other in others:
        # posix_spawn() of glibc leaves 32 and 33 ignored, which are its own.
        assert [int(word, 16) & ~(3 << 31) for word in other.split()[1::2]] == [blocked, ignored]
    assert ignored == 1 << signal.SIGHUP - 1 | 1 << signal.SIGUSR1 - 1


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
