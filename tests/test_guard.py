"""``python -m spreadjobs.guard``: what becomes of a program when its master is gone, and what becomes of the guard."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from guarded import GONE, NAMES, WAYS, guarded, python, unaware
from processes import BOUND_S, ends, group, identity, lives, logged, shut_gate, survivors
from watched_workers import Start, die, said, starting

from spreadjobs.guard_watch import PATIENCE_S, Options

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


def test_the_ends_add_up_to_less_than_half_a_second() -> None:
    """What a program is given to end by itself, and then between TERM and KILL, by default."""
    assert PATIENCE_S + Options().grace_s <= 0.45
