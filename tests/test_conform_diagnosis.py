"""Which sort of hang it was, and what bytes mean that are no message."""

from __future__ import annotations

import pickle
from pathlib import Path

import attrs
import pytest
from kit_runs import kit_with_report
from kit_scripts import ECHO, RIGHT, python
from spreadjobs_conform.diagnosis import Facts, HangClass, bytes_lines, hang_class, hang_text, opcode_lines
from spreadjobs_conform.patience import Wait

IDLE = Facts(wait=Wait.RESPONSE, has_answered=False, pending_bytes=0, unread_bytes=0, stopped=False, reads_stdin=False)


@pytest.mark.parametrize(
    ("facts", "due"),
    [
        (IDLE, HangClass.START_SILENCE),
        (attrs.evolve(IDLE, has_answered=True), HangClass.NO_RESPONSE),
        (attrs.evolve(IDLE, reads_stdin=True), HangClass.STDIN_EATEN),
        (attrs.evolve(IDLE, has_answered=True, waits_for_child=True), HangClass.CHILD),
        (attrs.evolve(IDLE, unread_bytes=3, waits_for_child=True), HangClass.NOT_READ),
        (attrs.evolve(IDLE, unread_bytes=3, reads_stdin=True), HangClass.NOT_READ),
        (attrs.evolve(IDLE, wait=Wait.READING), HangClass.NOT_READ),
        (attrs.evolve(IDLE, pending_bytes=3, unread_bytes=3), HangClass.PARTIAL),
        (attrs.evolve(IDLE, wait=Wait.EXIT, pending_bytes=3, input_open=False), HangClass.EOF_IGNORED),
        (attrs.evolve(IDLE, wait=Wait.EXIT), HangClass.EXIT_REFUSED),
        (attrs.evolve(IDLE, child_reads=True, reads_stdin=True, unread_bytes=3), HangClass.CHILD_READS),
        (attrs.evolve(IDLE, wait=Wait.EXIT, stopped=True), HangClass.STOPPED),
        (attrs.evolve(IDLE, wait=Wait.RELEASE), HangClass.PIPE_HELD),
    ],
)
def test_the_surest_sign_gives_the_sort_of_a_hang(facts: Facts, due: HangClass) -> None:
    """What is known of the worker decides, and each sort can be told."""
    assert hang_class(facts) is due


def test_the_number_of_bytes_is_told_where_it_matters() -> None:
    """A partial message is so many bytes, and so is a request that nobody read."""
    assert hang_text(attrs.evolve(IDLE, pending_bytes=17)).endswith("not the whole of one (17 bytes)")
    assert hang_text(attrs.evolve(IDLE, unread_bytes=9)).endswith("still lies in the pipe (9 bytes)")
    assert hang_text(IDLE) == HangClass.START_SILENCE.value


def test_bytes_are_shown_with_their_places() -> None:
    """Sixteen a row, the place in the stream before them, and what can be read of them behind."""
    lines = bytes_lines(b"loading the model\n\x80", 100)

    assert lines == [
        "     100  6c 6f 61 64 69 6e 67 20 74 68 65 20 6d 6f 64 65  loading the mode",
        "     116  6c 0a 80                                         l..",
    ]
    assert bytes_lines(bytes(97), 0)[-1].strip() == "... and more"
    assert len(bytes_lines(bytes(96), 0)) == 6
    assert bytes_lines(b"", 5) == []


def test_opcodes_are_shown_up_to_the_first_that_makes_no_sense() -> None:
    """Where a pickle breaks off, or was never one, is to be seen."""
    whole = pickle.dumps(((7, "x"), None, None), 4)

    lines = opcode_lines(whole[:-1], 11)

    assert [line.split() for line in lines[:3]] == [["11", "PROTO", "4"], ["13", "FRAME", "13"], ["22", "BININT1", "7"]]
    assert lines[-1].split()[1] == "then:"
    assert "unknown" in opcode_lines(b"(\xff", 3)[1]
    assert opcode_lines(b"loading", 3) == opcode_lines(b"", 3) == []
    assert opcode_lines(b"\x80\x04" + b"N" * 100, 0)[-1].strip() == "... and more"


EATS = """
import subprocess
for i, p in requests():
    subprocess.run(["cat"], stdout=subprocess.DEVNULL)
    send(((i, p.get('value')), None, None))
"""


@pytest.mark.parametrize(
    ("code", "case", "told"),
    [
        ("import time; time.sleep(100)", "run/task-id-0", "request not read"),
        ("import sys, time; sys.stdin.buffer.read1(); time.sleep(100)", "run/task-id-0", "start silence"),
        (ECHO + "for i, p in requests(): pass", "run/task-id-0", "stdin eaten"),
        (RIGHT.replace("write.flush()", "pass"), "run/task-id-0", "answer held back until the end of input"),
        (
            ECHO + "for i, p in requests(): read.peek(1); send(((i, p.get('value')), None, None))",
            "run/task-id-0",
            "answer held back until more input",
        ),
        (ECHO + EATS, "run/task-id-0", "stdin shared with a child"),
        (
            ECHO + "for i, p in requests(): p['op'] == 'exit' or send(((i, p.get('value')), None, None))",
            "run/exit-without-an-answer",
            "exit refused",
        ),
        (
            ECHO + "for i, p in requests(): write.write(dump.__self__ if 0 else b'\\x80\\x04]'); write.flush()",
            "run/task-id-0",
            "partial message: what came so far is not the whole of one (3 bytes)",
        ),
        (RIGHT + "\ntime.sleep(100)", "eof/when-idle", "EOF ignored"),
        (RIGHT + "\nsubprocess.Popen(['sleep', '100'])", "eof/nothing-holds-stdout", "exited but pipe held"),
        (ECHO + "for i, p in requests(): os.kill(os.getpid(), signal.SIGSTOP)", "run/task-id-0", "stopped"),
    ],
    ids=[
        "never-reads",
        "never-answers",
        "waits",
        "flushes-not",
        "wants-more",
        "child-reads",
        "stays",
        "cut",
        "ignores-eof",
        "holds-the-pipe",
        "stopped",
    ],
)
def test_the_sort_of_a_hang_is_told_of_real_workers(code: str, case: str, told: str, tmp_path: Path) -> None:
    """A failure that is a hang says which sort it is, in the text and in the report."""
    run = kit_with_report(tmp_path, "--case", case, "--timeout-scale", "0.3", "--", *python(code))

    (line,) = [line for line in run.lines if line["kind"] == "case"]
    assert str(line["hang"]).startswith(told), line
    assert f"  hang:   {told}" in run.out


def test_stray_bytes_are_shown_with_their_place(tmp_path: Path) -> None:
    """What was printed among the messages is seen as bytes, from its place on."""
    run = kit_with_report(tmp_path, "--case", "run/task-id-0", "--", *python("print('loading', flush=True)\n" + RIGHT))

    assert "0  6c 6f 61 64 69 6e 67 0a" in run.out
    assert "its bytes, from their places in its standard output on" in run.out
