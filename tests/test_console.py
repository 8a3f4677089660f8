"""What the user sees: captured lines, the workers' stderr, the logger."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from typing import TextIO

import pytest

from spreadjobs.console import LARGEST_BACKLOG_BYTES, LAST_LINES, LONGEST_LINE, Console, StderrTail, logger


class Reader:
    """The reading end of a pipe that the master's stderr writes to."""

    def __init__(self, stderr: TextIO, reading: int) -> None:
        self.stderr = stderr
        self._reading = reading
        os.set_blocking(reading, False)

    def fill(self) -> None:
        """Write until nothing more goes in."""
        os.set_blocking(self.stderr.fileno(), False)
        with suppress(BlockingIOError):
            while True:
                os.write(self.stderr.fileno(), b"x" * 4096)
        os.set_blocking(self.stderr.fileno(), True)

    def drain(self) -> str:
        """All that is in it."""
        data = b""
        with suppress(BlockingIOError):
            while piece := os.read(self._reading, 1 << 20):
                data += piece
        return data.decode()

    def close(self) -> None:
        """Nobody reads it any more."""
        if self._reading >= 0:
            os.close(self._reading)
            self._reading = -1


@contextmanager
def piped_stderr() -> Iterator[Reader]:
    """The master's stderr is a pipe that only the test reads."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as stderr, redirect_stderr(stderr):
        reader = Reader(stderr, reading)
        yield reader
        reader.close()


def test_lines_of_stderr_bear_the_workers_name() -> None:
    """Each line is labelled; a line without an end is passed on at the end. [EXEC-7]"""
    tail = StderrTail("3.1")

    assert tail.feed(b"one\ntw") == ["3.1: one\n"]
    assert tail.feed(b"o\r\nthree") == ["3.1: two\n"]
    assert tail.finish() == ["3.1: three\n"]
    assert tail.finish() == []


def test_the_last_lines_are_kept_for_errors() -> None:
    """So many, and no more. [JOB-4]"""
    tail = StderrTail("1.1")

    tail.feed(b"".join(b"%d\n" % number for number in range(100)))

    assert list(tail.last) == [str(number) for number in range(100 - LAST_LINES, 100)]


def test_a_line_without_end_does_not_grow_for_ever() -> None:
    """It is passed on in pieces. [EXEC-7]"""
    tail = StderrTail("1.1")

    lines = tail.feed(b"x" * (2 * LONGEST_LINE + 5))

    assert [len(line) for line in lines] == [LONGEST_LINE + len("1.1: \n")] * 2
    assert tail.finish() == ["1.1: xxxxx\n"]


def test_captured_lines_are_shown_as_the_ancestor_did(capsys: pytest.CaptureFixture[str]) -> None:
    """A header with the task's position, then the lines as they are. [OUT-3]"""
    console = Console()

    console.show(3, ["a\n", "b"], ())
    console.show(4, (), ["c\n"])

    assert capsys.readouterr() == ("#slot so3 ------\na\nb", "#slot se4 ------\nc\n")


def test_a_character_that_the_terminal_lacks_is_shown_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Captured text never fails a run. [OUT-3]"""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))

    Console().show(0, ["\u00fc \udc80\n"], ())

    assert raw.getvalue() == b"#slot so0 ------\n\\xfc \\udc80\n"


def test_a_program_without_console_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """sys.stdout and sys.stderr may be None. [OUT-3]"""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    console = Console()

    console.show(0, ["a\n"], ["b\n"])
    console.pass_on(["c\n"])
    console.close()


def test_a_stderr_that_is_no_file_gets_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A StringIO, as notebooks and tests have one, works. [EXEC-7]"""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)

    Console().pass_on(["1.1: a\n", "1.1: b\n"])

    assert stream.getvalue() == "1.1: a\n1.1: b\n"


def test_a_blocked_stderr_does_not_block_and_keeps_the_order() -> None:
    """Lines wait until they can be written. [EXEC-7]"""
    with piped_stderr() as reader:
        reader.fill()
        console = Console()

        console.pass_on(["1.1: a\n"])
        console.pass_on(["1.1: b\n"])
        filling = reader.drain()
        console.flush()

        assert set(filling) == {"x"}
        assert reader.drain() == "1.1: a\n1.1: b\n"


def test_lines_that_a_blocked_stderr_cannot_hold_are_counted() -> None:
    """The backlog is bounded; what was dropped is said. [EXEC-7]"""
    with piped_stderr() as reader:
        reader.fill()
        console = Console()
        line = "1.1: " + "y" * 1000 + "\n"

        console.pass_on([line] * (LARGEST_BACKLOG_BYTES // len(line) + 10))
        shown = ""
        for _ in range(200):
            shown += reader.drain()
            console.flush()
        shown += reader.drain()

        assert shown.count("1.1: y") == LARGEST_BACKLOG_BYTES // len(line)
        assert "spreadjobs: 10 lines of the workers' stderr were dropped" in shown


def test_a_line_longer_than_a_pipe_takes_does_not_block() -> None:
    """It is written piece by piece, as the reader reads. [EXEC-7]"""
    line = "1.1: " + "z" * 300_000 + "\n"
    with piped_stderr() as reader:
        console = Console()
        console.pass_on([line])
        shown = ""
        while len(shown) < len(line):
            shown += reader.drain()
            console.flush()

    assert shown == line


def test_the_end_waits_a_while_for_a_slow_stderr_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that never reads cannot hold up the end. [EXEC-7]"""
    monkeypatch.setattr("spreadjobs.console.PATIENCE_S", 0.1)
    with piped_stderr() as reader:
        reader.fill()
        console = Console()
        console.pass_on(["1.1: a\n"])
        console.close()
        assert set(reader.drain()) == {"x"}


def test_a_stderr_that_does_not_block_loses_nothing() -> None:
    """Its owner may have made it non-blocking. [EXEC-7]"""
    with piped_stderr() as reader:
        os.set_blocking(reader.stderr.fileno(), False)
        console = Console()
        line = "1.1: " + "y" * 100_000 + "\n"
        console.pass_on([line])
        shown = ""
        while len(shown) < len(line):
            shown += reader.drain()
            console.flush()

    assert shown == line


def test_a_closed_stderr_is_survived() -> None:
    """Nobody reads it: the lines go nowhere, and the run goes on. [EXEC-7]"""
    with piped_stderr() as reader:
        reader.close()

        console = Console()
        console.pass_on(["1.1: a\n", "1.1: b\n"])
        console.flush()


def test_a_stderr_object_that_was_closed_is_survived() -> None:
    """So does a run whose sys.stderr was closed altogether. [EXEC-7]"""
    stream = io.StringIO()
    stream.close()
    with redirect_stderr(stream):
        Console().pass_on(["1.1: a\n"])


def test_verbose_shows_what_is_done_where_nobody_configured_logging(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler is there for the time of the run only. [JOB-4]"""
    monkeypatch.setattr(logger, "propagate", False)
    console = Console(verbose=True)
    console.say("2 workers")
    console.close()
    console.close()
    Console().say("nothing to see")

    assert capsys.readouterr().err == "#INFO: spreadjobs: 2 workers\n"
    assert logger.handlers == []


def test_what_is_said_goes_to_the_logger(caplog: pytest.LogCaptureFixture) -> None:
    """Warnings are warnings; the rest is DEBUG, or INFO if verbose. [JOB-4]"""
    with caplog.at_level(logging.DEBUG, logger="spreadjobs"):
        Console().say("a", warning=True)
        Console().say("b")
        Console(verbose=True).say("c")

    assert [record.levelname for record in caplog.records] == ["WARNING", "DEBUG", "INFO"]
