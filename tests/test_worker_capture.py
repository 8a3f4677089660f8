"""Whose line is what: tasks that follow each other at once, and what happens to their descriptors in between."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from conversation import Conversation
from live_workers import HERE
from processes import BOUND_S, ENVIRONMENT

from spreadjobs.worker_wire import PickleWire

HEAD: Final = """
import ctypes, os, subprocess, sys, threading, time
from spreadjobs import worker_capture
from spreadjobs.worker import serve

def run(code):
    exec(code, globals())
    return None

class Spoken:
    "Prints when it is made, when it is pickled and when it goes, as it is told."
    def __init__(self, made="", pickled="", gone=""):
        self.pickled, self.gone = pickled, gone
        print(made, end="")
    def __reduce__(self):
        print(self.pickled, end="")
        return str, ("spoken",)
    def __del__(self):
        print(self.gone, end="")

"""
SERVE: Final = "serve(run)\n"
ALL_SHORT: Final = "worker_capture.SHORT_S = 60.0\n"
ALL_LONG: Final = "worker_capture.SHORT_S = 0.0\n"
"""So that nothing is a matter of luck: which tasks are short ones."""
SAY: Final = "print('out'); print('err', file=sys.stderr)"
First: TypeAlias = tuple[object, ...]
Both: TypeAlias = tuple[list[str] | None, list[str] | None]
SAID: Final[Both] = (["out\n"], ["err\n"])
NOTHING: Final[Both] = (None, None)


class Call:
    """A payload that is made in the worker, by calling something there."""

    def __init__(self, expression: str) -> None:
        self.expression = expression

    def __reduce__(self) -> tuple[object, ...]:
        return eval, (self.expression,)


def ended(program: str, requests: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """What a program wrote that got these requests and ended well."""
    return subprocess.run(
        [sys.executable, "-c", HEAD + textwrap.dedent(program)],
        input=requests,
        capture_output=True,
        check=True,
        env=ENVIRONMENT,
        timeout=BOUND_S,
    )


def served(payloads: Sequence[object], program: str = SERVE, count: int = 1) -> tuple[list[First], list[Both], str]:
    """First values and lines of all tasks, whose requests are there from the start, and the error stream."""
    requests = b"".join(pickle.dumps((task_id, payload), 4) for task_id, payload in enumerate([*payloads] * count))
    done = ended(program, requests)
    stream = io.BytesIO(done.stdout)
    firsts: list[First] = []
    lines: list[Both] = []
    for task_id in range(len(payloads) * count):
        first, out, err = pickle.load(stream)
        assert task_id in first
        firsts.append(first)
        lines.append((out, err))
        assert stream.read(1) == b"\n"
    assert stream.read() == b""
    return firsts, lines, done.stderr.decode()


# --- descriptors that lead elsewhere

LEAVES: Final = {
    "null": "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)",
    "both on null": "nothing = os.open(os.devnull, os.O_WRONLY); os.dup2(nothing, 1); os.dup2(nothing, 2)",
    "a pipe": "pipe = os.pipe(); os.dup2(pipe[1], 1)",
    "a pipe for errors": "pipe = os.pipe(); os.dup2(pipe[1], 2)",
    "closed": "os.close(1)",
    "errors closed": "os.close(2)",
    "both closed": "os.closerange(1, 3)",
    "errors on output": "os.dup2(1, 2)",
    "output on errors": "os.dup2(2, 1)",
    "changed places": "other = os.dup(1); os.dup2(2, 1); os.dup2(other, 2)",
    "a file": "import tempfile; file = tempfile.TemporaryFile(); os.dup2(file.fileno(), 1)",
    "a file with text": (
        "import tempfile; file = tempfile.TemporaryFile(); file.write(b'x' * 3300); os.dup2(file.fileno(), 1)"
    ),
}


@pytest.mark.parametrize("leave", LEAVES.values(), ids=LEAVES)
def test_wherever_a_task_leaves_a_descriptor_the_next_task_s_lines_come(leave: str) -> None:
    """Whether it printed before or not, and although the next request is there already. [OUT-2]"""
    for short_or_long in (ALL_SHORT, ALL_LONG):
        tasks = [leave, SAY, f"print('before', flush=True); {leave}", SAY, "pass"]
        _, lines, errors = served(tasks, f"{short_or_long}{SERVE}", count=4)

        assert lines == [NOTHING, SAID, (["before\n"], None), SAID, NOTHING] * 4
        assert errors == ""


def test_what_goes_to_another_stream_s_file_is_that_stream_s_line() -> None:
    """A task that leads errors to its output has no error lines, and the next one has. [OUT-2]"""
    _, lines, _ = served([f"os.dup2(1, 2); {SAY}", SAY], count=3)

    assert lines[1::2] == [SAID] * 3
    assert [(sorted(out or ()), err) for out, err in lines[::2]] == [(["err\n", "out\n"], None)] * 3


# --- descriptors that are opened anew

LONG: Final = "x" * 70 + "\n"
ANEW: Final = {
    "cut": ("echo late >/dev/stdout", ["late\n"]),
    "cut to nothing": ("echo early; : >/dev/stdout", None),
    "cut, then more": ("echo late >/dev/stdout; echo more", ["late\n", "more\n"]),
    "cut, then a page": ("for i in $(seq 100); do echo " + LONG[:-1] + "; done >/dev/stdout", [LONG] * 100),
    "appended": ("echo early; echo late >>/dev/stdout", ["early\n", "late\n"]),
    "overwritten": ("echo late 1<>/dev/stdout", ["late\n"]),
    "overwritten, then more": ("echo late 1<>/dev/stdout; echo more", ["late\n", "more\n"]),
}


@pytest.mark.parametrize(("script", "expected"), ANEW.values(), ids=ANEW)
def test_what_a_child_writes_to_dev_stdout_is_the_task_s_line(script: str, expected: object) -> None:
    """However it opens it; and so it goes on, though other tasks leave descriptors elsewhere in between. [OUT-2]"""
    child = f"{ALL_LONG}subprocess.run(['sh', '-c', {script!r}], check=True)"
    leave = f"{ALL_SHORT}print('before', flush=True); {LEAVES['null']}"

    _, lines, errors = served([SAY, child, SAY, leave, SAY, "pass"], count=2)

    assert lines == [SAID, (expected, None), SAID, (["before\n"], None), SAID, NOTHING] * 2
    assert errors == ""


def test_what_a_short_task_writes_to_dev_stdout_anew_is_not_lost() -> None:
    """Where no process is started, it may come late or without the task's name; it comes once. [OUT-2]"""
    write = "file = os.open('/dev/stdout', os.O_WRONLY); os.write(file, b'anew\\n'); os.close(file)"
    _, lines, errors = served(["pass", write, "pass"], f"{ALL_SHORT}{SERVE}")

    found = Counter(line for out, _ in lines for line in out or ()) + Counter(errors.splitlines(keepends=True))
    assert found == {"anew\n": 1}


def test_lines_come_where_files_must_be_small() -> None:
    """Under a limit of their size that leaves no room for a hole. [OUT-2]"""
    program = f"{ALL_SHORT}import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n{SERVE}"
    leave = f"print('before', flush=True); {LEAVES['null']}"

    _, lines, _ = served([SAY, leave, SAY, "os.dup2(1, 2)", SAY, "pass"], program)

    assert lines == [SAID, (["before\n"], None), SAID, NOTHING, SAID, NOTHING]


def test_lines_come_after_a_long_response() -> None:
    """It may wait for the master; what the next task prints is that one's all the same. [OUT-2]"""
    _, lines, errors = served(list(range(20)), "serve(lambda number: print(number) or 'x' * 20_000)\n")

    assert lines == [([f"{number}\n"], None) for number in range(20)]
    assert errors == ""


# --- what is printed beside the task


@pytest.mark.parametrize(
    "answer",
    [
        "Spoken(pickled='x\\n')",
        "[1, {2: (Spoken(pickled='x\\n'),)}]",
        "Spoken(pickled='x')",
        "Spoken(gone='x\\n')",
        "[Spoken(pickled='x', gone='y')]",
    ],
)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_what_an_answer_prints_when_it_is_encoded_or_goes_is_nobody_s(answer: str, protocol: int) -> None:
    """It goes to the error stream, not to the next task's lines. [OUT-2]"""
    program = f"""
    def answer(number):
        print(number)
        return {answer} if number % 2 else number
    serve(answer, pickle_protocol={protocol})
    """
    _, lines, errors = served(list(range(40)), program)

    assert lines == [([f"{number}\n"], None) for number in range(40)]
    assert errors.count("x") + errors.count("y") == 20 * (answer.count("x") + answer.count("y"))


def test_what_an_exception_prints_when_it_is_shown_is_nobody_s() -> None:
    """Nor does a delay's, or that of a payload that cannot be made, get to the next task. [OUT-2]"""
    program = """
    from spreadjobs import TooBusy
    class Loud(Exception):
        def __str__(self):
            print("shown")
            return "loud"
    class Delay(float):
        def __float__(self):
            print("waited")
            return 0.0
    def fail(number):
        print(number)
        if number % 3 == 1:
            raise Loud
        if number % 3 == 2:
            raise TooBusy(Delay(0))
    serve(fail)
    """
    firsts, lines, errors = served(list(range(30)), program)

    assert lines == [([f"{number}\n"], None) for number in range(30)]
    assert [first[0] for first in firsts[:3]] == [0, "RemoteException", "TooBusy"]
    assert "shown\n" in errors
    assert "waited\n" in errors


def test_what_a_payload_prints_is_its_task_s() -> None:
    """When it is made from the request, and when it goes with its task. [OUT-2]"""
    program = """
    import builtins
    builtins.Spoken = Spoken
    serve(lambda payload: print("task"))
    """
    made = Call("Spoken(made='made\\n', gone='gone\\n')")

    _, lines, errors = served([made, 0], program, count=20)

    assert lines == [(["made\n", "task\n", "gone\n"], None), (["task\n"], None)] * 20
    assert errors == ""


def test_what_a_payload_prints_that_cannot_be_made_is_nobody_s() -> None:
    """Its task fails, and the next one does not get the line. [OUT-2] [ERR-4]"""
    firsts, lines, errors = served([Call("print('made') or 1 / 0"), SAY], count=20)

    assert lines == [NOTHING, SAID] * 20
    assert [first[0] for first in firsts] == ["RemoteException", 1] + [
        word for task_id in range(3, 40, 2) for word in ("RemoteException", task_id)
    ]
    assert errors.count("made\n") == 20


def test_what_c_code_leaves_in_its_buffer_is_the_task_s() -> None:
    """Without an end of line, and with nothing else printed, for each of many tasks. [OUT-2]"""
    _, lines, errors = served(["ctypes.CDLL(None).printf(b'part')", "pass"], count=20)

    assert lines == [(["part"], None), NOTHING] * 20
    assert errors == ""


def test_what_python_leaves_in_its_buffers_is_the_task_s() -> None:
    """On both streams, without an end of line. [OUT-2]"""
    _, lines, _ = served(["print('o', end='')", "print('e', end='', file=sys.stderr)", "pass"], count=20)

    assert lines == [(["o"], None), (None, ["e"]), NOTHING] * 20


def test_what_a_thread_leaves_in_a_buffer_while_the_worker_waits_is_nobody_s(tmp_path: Path) -> None:
    """The next task begins without it. [OUT-2]"""
    go, told = tmp_path / "go", tmp_path / "told"
    os.mkfifo(go)
    os.mkfifo(told)
    late = f"""
def late():
    open({str(go)!r}).read()
    print("late", end="")
    open({str(told)!r}, "w").close()
threading.Thread(target=late).start()
"""
    with Conversation([sys.executable, "-c", HEAD + SERVE], path=HERE) as worker:
        assert worker.ask(1, late) == ((1, None), None, None)
        go.write_text("go on", encoding="utf-8")
        told.read_text(encoding="utf-8")

        assert worker.ask(2, SAY) == ((2, None), *SAID)
        worker.wait_for_error("late")


def test_what_is_printed_between_the_last_look_and_the_wait_is_passed_on_at_once() -> None:
    """A thread may print just then, and the worker may wait for hours. [OUT-2]"""
    program = """
        lines = worker_capture.FileCapture("both", "replace")
        lines.begin()
        lines.end()
        os.write(1, b"late\\n")
        os.write(2, b"late, too\\n")
        lines.pause()
        os.write(1, b"waiting\\n")
        os._exit(0)
    """

    done = ended(program)

    assert (done.stdout, done.stderr) == (b"late\nwaiting\n", b"late, too\n")


# --- how it is found out


class Extended:
    """Pickled by a number of two bytes, without its name."""


def test_no_object_of_a_class_escapes_the_look_at_its_pickle() -> None:
    """Only what is plain through and through is taken for that. [OUT-2]"""
    copyreg.add_extension(Extended.__module__, Extended.__name__, 300)
    try:
        for protocol in range(6):
            wire = PickleWire(lambda _buffer: 0, protocol)
            assert wire.ran_code(wire.encode([1, Extended()]))
            assert wire.ran_code(wire.encode([Counter()]))
            assert wire.ran_code(wire.encode("x" * 10_000))
            assert wire.ran_code(wire.encode([1, "a", b"b", 2.5, None, {True: ()}])) is (protocol < 4)
    finally:
        copyreg.remove_extension(Extended.__module__, Extended.__name__, 300)
