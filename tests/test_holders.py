"""Which processes hold a pipe open."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from spreadjobs.holders import MOST_NAMED, holders

SLEEP = shutil.which("sleep") or "sleep"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe: its reading end and its writing end."""
    ends = os.pipe()
    yield ends
    for fd in ends:
        os.close(fd)


def test_process_that_could_write_is_named(pipe: tuple[int, int]) -> None:
    """By its name and id, while it lives; this process is not meant. [SHUT-4]"""
    reading, writing = pipe
    assert holders(reading) == []

    with subprocess.Popen([SLEEP, "60"], stdout=writing) as child:
        assert holders(reading) == [f"sleep (pid {child.pid})"]
        child.kill()

    assert holders(reading) == []


def test_process_that_could_read_is_not(pipe: tuple[int, int]) -> None:
    """Who has the reading end does not keep the end of the pipe from coming. [SHUT-4]"""
    with subprocess.Popen([SLEEP, "60"], stdin=pipe[0]) as child:
        assert holders(pipe[0]) == []
        child.kill()


def test_system_that_lists_no_processes_names_nobody(pipe: tuple[int, int], tmp_path: Path) -> None:
    """It is not an error: nobody is named."""
    assert holders(pipe[0], tmp_path) == []


def test_a_few_are_named(tmp_path: Path) -> None:
    """In the order of their ids; what has gone meanwhile has no name."""
    for folder, link in [("self/fd/5", "pipe:[1]"), *((f"{pid}/fd/1", "pipe:[1]") for pid in (1009, 1010, 1011, 1012))]:
        (tmp_path / folder).parent.mkdir(parents=True)
        (tmp_path / folder).symlink_to(link)
    (tmp_path / "1007" / "fd").mkdir(parents=True)
    (tmp_path / "1007" / "fd" / "1").symlink_to("pipe:[2]")
    (tmp_path / "1008").mkdir()
    (tmp_path / "1010" / "comm").write_text("sleep\n", encoding="utf-8")
    (tmp_path / "version").touch()

    named = holders(5, tmp_path)

    assert named == ["a process (pid 1009)", "sleep (pid 1010)", "a process (pid 1011)"]
    assert len(named) == MOST_NAMED
