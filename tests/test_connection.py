"""Connections: real processes, their pipes, groups and ends."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import pytest

from spreadjobs.connection import Arguments, SubprocessConnection
from spreadjobs.events import Exit

LIMIT_S = 20.0


def read_to_end(fd: int) -> bytes:
    """All that comes from a non-blocking descriptor until its end, within a limit."""
    data = b""
    while select.select([fd], [], [], LIMIT_S)[0]:
        piece = os.read(fd, 65536)
        if not piece:
            return data
        data += piece
    raise AssertionError(f"no end of output within {LIMIT_S} s; so far {data!r}")


def wait_for_exit(connection: SubprocessConnection) -> Exit | None:
    """Wait, without reaping, for the process to end; then how it ended, as the connection says."""
    os.waitid(os.P_PID, connection.pid, os.WEXITED | os.WNOWAIT)
    return connection.poll()


def test_arguments_are_a_list_that_knows_env_and_cwd() -> None:
    """A factory may treat them as a plain list. [EXEC-1]"""
    arguments = Arguments(["a", "b"], env={"X": "1"}, cwd="/")

    assert ["ssh", "host", *arguments] == ["ssh", "host", "a", "b"]
    assert (arguments.env, arguments.cwd) == ({"X": "1"}, "/")


def test_the_worker_is_executed_without_a_shell() -> None:
    """Arguments arrive as they are, whatever a shell would make of them. [EXEC-1]"""
    with SubprocessConnection(["echo", "$HOME;", "*"]) as connection:
        assert read_to_end(connection.stdout_fd) == b"$HOME; *\n"


def test_env_and_cwd_of_the_arguments_are_used(tmp_path: Path) -> None:
    """What a Worker asked for reaches the process. [EXEC-5]"""
    arguments = Arguments(
        ["sh", "-c", 'echo "$GREETING"; pwd'], env={**os.environ, "GREETING": "hi"}, cwd=str(tmp_path)
    )
    with SubprocessConnection(arguments) as connection:
        assert read_to_end(connection.stdout_fd).decode() == f"hi\n{tmp_path}\n"


def test_the_pipes_are_private_and_do_not_block() -> None:
    """A second worker does not inherit the first one's pipes, so the first sees its EOF. [EXEC-2]"""
    with SubprocessConnection(["cat"]) as first, SubprocessConnection(["sleep", "600"]):
        with pytest.raises(BlockingIOError):
            os.read(first.stdout_fd, 1)
        os.write(first.stdin_fd, b"x")
        first.close_stdin()
        first.close_stdin()
        assert read_to_end(first.stdout_fd) == b"x"


def test_standard_error_is_a_pipe_of_its_own() -> None:
    """What a worker writes there never gets into its standard output. [EXEC-7]"""
    with SubprocessConnection(["sh", "-c", "echo out; echo err >&2"]) as connection:
        assert read_to_end(connection.stdout_fd) == b"out\n"
        assert read_to_end(connection.stderr_fd) == b"err\n"


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ("exit 0", Exit(status=0)),
        ("exit 3", Exit(status=3)),
        ("kill -KILL $$", Exit(signal="SIGKILL")),
        (f"kill -{signal.SIGRTMIN + 3} $$", Exit(signal=f"signal {signal.SIGRTMIN + 3}")),
    ],
)
def test_poll_says_how_the_process_ended(script: str, ended: Exit) -> None:
    """Exit status or the signal's name; a real-time signal has a number only. [JOB-4]"""
    with SubprocessConnection(["sh", "-c", script]) as connection:
        assert wait_for_exit(connection) == ended
        assert connection.poll() == ended


def test_poll_is_none_while_the_process_runs() -> None:
    """A process that runs has not ended. [SHUT-10]"""
    with SubprocessConnection(["sleep", "600"]) as connection:
        assert connection.poll() is None


def test_a_process_that_somebody_else_reaped_has_ended_nobody_knows_how() -> None:
    """The loop goes on, and no signal is sent to a number that may be a stranger's by now. [JOB-1]"""
    with SubprocessConnection(["true"]) as connection:
        os.waitpid(connection.pid, 0)
        assert connection.poll() == Exit()
        connection.signal_group(signal.SIGKILL)


def test_signals_reach_the_whole_group() -> None:
    """A child of the worker is ended with it. [SHUT-10]"""
    with SubprocessConnection(["sh", "-c", "sleep 600 & sleep 600"]) as connection:
        connection.signal_group(signal.SIGKILL)
        assert read_to_end(connection.stdout_fd) == b""  # Both held it open.
        assert wait_for_exit(connection) == Exit(signal="SIGKILL")


def test_discard_kills_what_is_left_of_the_group() -> None:
    """A grandchild does not outlive its worker. [SHUT-10]"""
    connection = SubprocessConnection(["sh", "-c", "sleep 600 & echo $!"])
    wait_for_exit(connection)
    child = int(os.read(connection.stdout_fd, 100))
    pidfd = os.pidfd_open(child)
    connection.discard()
    connection.discard()
    try:
        assert select.select([pidfd], [], [], LIMIT_S)[0], "the grandchild lives on"
    finally:
        os.close(pidfd)
    connection.signal_group(signal.SIGTERM)  # A number that is free again: nothing happens.
    assert connection.process.returncode == 0


def test_discard_closes_every_descriptor() -> None:
    """Nothing is left open. [JOB-1]"""
    before = set(Path("/dev/fd").iterdir())
    with SubprocessConnection(["cat"]):
        assert len(set(Path("/dev/fd").iterdir()) - before) == 3
    assert set(Path("/dev/fd").iterdir()) == before


def test_a_program_that_is_missing_or_not_executable_is_an_os_error(tmp_path: Path) -> None:
    """The caller is told which file, and why. [JOB-4]"""
    plain = tmp_path / "plain"
    plain.write_text("no program", encoding="utf-8")

    with pytest.raises(FileNotFoundError, match="/nowhere/at/all"):
        SubprocessConnection(["/nowhere/at/all"])
    with pytest.raises(PermissionError, match="plain"):
        SubprocessConnection([str(plain)])
