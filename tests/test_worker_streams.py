"""What tasks under ``spreadjobs.worker`` print, and what their children print, read and hold."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conversation import Codec, Conversation, serving
from live_workers import CODECS, HERE, as_json, program, served
from processes import ENVIRONMENT

# --- captured lines


@pytest.mark.parametrize("codec", CODECS)
def test_prints_become_lines(codec: Codec) -> None:
    """What the task prints is its out and err, each line with its end, split at LF alone. [OUT-2]"""
    out, err = ["one\n", "\n", "two\r\x0b\u2028three\n", "no end"], ["é\n"]
    with served(codec=codec) as worker:
        assert as_json(worker.ask(1, {"op": "print", "out": out, "err": err})) == [[1, None], out, err]
        assert as_json(worker.ask(2, {"op": "echo", "value": 0})) == [[2, 0], None, None]
        assert as_json(worker.ask(3, {"op": "print", "out": [], "err": ["x"]})) == [[3, None], None, ["x"]]


def test_prints_of_c_code_and_of_children_become_lines() -> None:
    """Python, C, bare descriptors and child processes: all in order, also what C holds in its buffer. [OUT-2]"""
    with served() as worker:
        expected = ["python 1\n", "C 2\n", "descriptor 3\n", "child 4\n"]

        assert worker.ask(1, {"do": "print_in_c"}) == ((1, None), expected, ["child 5\n"])
        expected.append("C, left in its buffer\n")
        assert worker.ask(2, {"do": "print_in_c", "late": True}) == ((2, None), expected, ["child 5\n"])
        assert worker.ask(3, {"op": "echo", "value": 0}) == ((3, 0), None, None)


@pytest.mark.parametrize(("codec", "line"), [("pickle", "caf\udce9"), ("json", "caf\ufffd")])
def test_bytes_that_are_no_text_become_text(codec: Codec, line: str) -> None:
    """Bytes that are no UTF-8 are escaped in pickle and replaced in JSON, which cannot carry the escapes. [OUT-1]"""
    with served(codec=codec) as worker:
        response = worker.ask(1, {"do": "write_bytes", "latin1": "caf\xe9"})

        assert as_json(response) == as_json([[1, None], [line], [line]])


def test_prints_travel_as_utf8_whatever_the_locale() -> None:
    """What the locale cannot write neither fails the task nor is changed. [OUT-2]"""
    with Conversation(serving("served:do"), path=HERE, environment={"PYTHONIOENCODING": "ascii"}) as worker:
        assert worker.ask(1, {"op": "print", "out": ["é\n"], "err": ["ü\n"]}) == ((1, None), ["é\n"], ["ü\n"])


@pytest.mark.slow
def test_a_flood_of_output_blocks_nothing() -> None:
    """Eighteen megabytes in one write, with the interpreter's lock held, are captured whole. [OUT-2]"""
    with served() as worker:
        response = worker.ask(1, {"do": "print_much", "lines": 180_000})

        assert response == ((1, None), ["x" * 99 + "\n"] * 180_000, ["and a last line\n"])


@pytest.mark.parametrize(
    ("which", "out", "err"), [("both", ["o\n"], ["e\n"]), ("out", ["o\n"], None), ("none", None, None)]
)
def test_what_is_not_captured_goes_to_the_error_stream(which: str, out: object, err: object) -> None:
    """The option says which streams are the task's lines; the rest is sent on at once. [EXEC-6]"""
    with served("--capture", which) as worker:
        assert worker.ask(1, {"op": "print", "out": ["o\n"], "err": ["e\n"]}) == ((1, None), out, err)
        errors = worker.end()[2]

    assert ("e\n" in errors.splitlines(keepends=True)) is (err is None)
    assert ("o\n" in errors.splitlines(keepends=True)) is (out is None)


def test_prints_outside_of_a_task_go_to_the_error_stream(tmp_path: Path) -> None:
    """Prints while modules are imported, in preparation, and of a thread between two tasks. [WIRE-4]"""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with served("--prepare", "served:prepare", "--items", "1") as worker:
        worker.send("item")
        worker.wait_for_error("printed in preparation\n")
        assert worker.ask(1, {"do": "leave_a_thread", "fifo": str(fifo)}) == ((1, None), None, None)
        fifo.write_text("go on", encoding="utf-8")
        worker.wait_for_error("said by a thread\n")
        assert worker.ask(2, {"op": "prepared"}) == ((2, ["item"]), None, None)
        status, output, errors = worker.end()

    assert (status, output) == (0, "")
    assert "written while it was imported\n" in errors
    assert "printed while it was imported\n" in errors
    assert "printed in preparation\n" in errors


def test_a_process_that_outlives_its_task_blocks_nothing(tmp_path: Path) -> None:
    """The answer does not wait for it, what it prints between tasks is no task's, and EOF ends the worker. [SHUT-4]"""
    fifo = tmp_path / "fifo"
    for path in (fifo, tmp_path / "fifo.told"):
        os.mkfifo(path)
    with served() as worker:
        assert worker.ask(1, {"do": "leave_a_grandchild", "fifo": str(fifo)}) == ((1, 0), None, None)
        fifo.write_text("go on\n", encoding="utf-8")
        assert (tmp_path / "fifo.told").read_text(encoding="utf-8") == "told\n"
        assert worker.ask(2, {"op": "print", "out": ["mine\n"], "err": []}) == ((2, None), ["mine\n"], None)
        worker.wait_for_error("late\nlate\n")
        worker.close_stdin()
        worker.receive_end()
        assert worker.process.wait(20) == 0
        os.killpg(worker.process.pid, signal.SIGKILL)


def test_a_task_may_close_its_streams() -> None:
    """Closed or replaced streams harm neither the wire nor the next task's prints. [WIRE-4]"""
    with served() as worker:
        assert worker.ask(1, {"do": "close_streams"}) == ((1, None), ["before it was closed\n"], None)
        assert worker.ask(2, {"do": "print_in_c"}) == (
            (2, None),
            ["python 1\n", "C 2\n", "descriptor 3\n", "child 4\n"],
            ["child 5\n"],
        )
        assert worker.ask(3, {"do": "close_descriptors"}) == ((3, None), None, None)
        assert worker.ask(4, {"do": "print_in_c"}) == (
            (4, None),
            ["python 1\n", "C 2\n", "descriptor 3\n", "child 4\n"],
            ["child 5\n"],
        )


def test_an_error_stream_that_nobody_reads_harms_nothing(tmp_path: Path) -> None:
    """What would go there is lost, and the answers are not."""
    fifo = tmp_path / "fifo"
    for path in (fifo, tmp_path / "fifo.told"):
        os.mkfifo(path)
    with served() as worker:
        assert worker.ask(1, {"do": "leave_a_grandchild", "fifo": str(fifo)}) == ((1, 0), None, None)
        worker.close_stderr()
        fifo.write_text("go on\n", encoding="utf-8")
        assert (tmp_path / "fifo.told").read_text(encoding="utf-8") == "told\n"
        busy = {"op": "busy", "key": 1, "delay_s": 0, "times": 1, "comment": "nobody hears it"}
        assert worker.ask(2, busy) == (("TooBusy", 2, 0.0), None, None)
        assert worker.ask(3, {"op": "print", "out": ["o\n"], "err": ["e\n"]}) == ((3, None), ["o\n"], ["e\n"])
        worker.close_stdin()
        worker.receive_end()
        assert worker.process.wait(20) == 0
        os.killpg(worker.process.pid, signal.SIGKILL)


def test_prints_are_captured_without_ctypes(tmp_path: Path) -> None:
    """Where ctypes is missing, only what C code holds in its buffer is not had in time."""
    text = """
        import sys
        sys.modules["ctypes"] = None
        from spreadjobs.worker import serve
        serve(print)
    """
    with program(tmp_path, text) as worker:
        assert worker.ask(1, "x") == ((1, None), ["x\n"], None)


def test_the_last_words_of_a_crash_reach_the_error_stream() -> None:
    """A segmentation fault leaves a traceback where the master finds it, though the stream was captured. [EXEC-12]"""
    with served() as worker:
        worker.send((1, {"do": "crash"}))
        status, output, errors = worker.end()

    assert (status, output) == (-signal.SIGSEGV, "")
    assert "Segmentation fault" in errors
    assert "in crash" in errors


def test_lines_stay_with_their_tasks_when_tasks_follow_each_other() -> None:
    """Requests that come in one piece leave no time between tasks; a refusal's comment is nobody's line. [OUT-2]"""
    busy = {"op": "busy", "key": 1, "delay_s": 0, "times": 1, "comment": "not now"}
    with served() as worker:
        requests: list[tuple[int, dict[str, object]]] = []
        for task_id in range(0, 90, 3):
            line = f"{task_id}\n"
            requests += [
                (task_id, {"op": "print", "out": [line], "err": [f"e{line}"]}),
                (task_id + 1, {"op": "echo", "value": None}),
                (task_id + 2, {**busy, "key": task_id}),
            ]
        worker.send(*requests)
        for task_id in range(0, 90, 3):
            assert worker.receive() == ((task_id, None), [f"{task_id}\n"], [f"e{task_id}\n"])
            assert worker.receive() == ((task_id + 1, None), None, None)
            assert worker.receive() == (("TooBusy", task_id + 2, 0.0), None, None)
        assert worker.end()[2].count("spreadjobs.worker: too busy: not now\n") == 30


def test_a_closed_descriptor_is_not_the_next_task_s() -> None:
    """Nor is one that leads elsewhere, although the next task follows at once. [OUT-2]"""
    with Conversation(serving("batches:work"), path=HERE) as worker:
        worker.send((1, {"do": "close"}), (2, {"do": "say", "line": "here\n"}))

        assert worker.receive() == ((1, None), None, None)
        assert worker.receive() == ((2, None), ["here\n"], None)


def test_what_is_printed_after_a_task_is_not_lost(tmp_path: Path) -> None:
    """What an answer prints while it is encoded goes to the error stream, with the next task or the end. [EXEC-6]"""
    text = """
        from spreadjobs.worker import serve
        class Loud:
            def __reduce__(self):
                print("being encoded", flush=True)
                return str, ("value",)
        serve(lambda payload: Loud())
    """
    with program(tmp_path, text) as worker:
        assert worker.ask(1, None) == ((1, "value"), None, None)
        assert worker.ask(2, None) == ((2, "value"), None, None)
        worker.wait_for_error("being encoded\n")
        assert worker.end()[2] == 2 * "being encoded\n"


# --- children


def test_a_child_finds_its_input_empty_and_the_pipes_out_of_reach() -> None:
    """Children neither eat requests nor inherit the private descriptors. [SHUT-4]"""
    with served() as worker:
        worker.send((1, {"do": "read_in_child"}), (2, {"do": "read_here"}), (3, {"do": "descriptors_of_child"}))

        assert worker.receive() == ((1, ""), None, None)
        assert worker.receive() == ((2, ""), None, None)
        # 0, 1, 2, and the folder that ls reads
        assert worker.receive() == ((3, ["0", "1", "2", "3"]), None, None)


def test_a_forked_child_that_comes_back_answers_nothing() -> None:
    """Of the two processes that return from the task, one answers. [RUN-3]"""
    with served() as worker:
        assert worker.ask(1, {"do": "fork"}) == ((1, 0), ["before\n", "in the child\n"], None)
        assert worker.ask(2, {"op": "echo", "value": 3}) == ((2, 3), None, None)
        assert worker.end()[:2] == (0, "")


def test_a_forked_child_does_not_hold_the_pipe() -> None:
    """Standard output ends with the worker, although a child that it forked lives on. [SHUT-4]"""
    with served() as worker:
        worker.ask(1, {"do": "fork_a_child_that_stays"})
        worker.close_stdin()
        worker.receive_end()
        assert worker.process.wait(20) == 0
        os.killpg(worker.process.pid, signal.SIGKILL)


PRINTS = """
import sys
from spreadjobs.worker import serve

class Bad:
    def __reduce__(self):
        print("not a task's", file=sys.stderr)
        raise ValueError("no")

def do(payload):
    print(payload)
    return Bad() if payload % 2 else payload

serve(do)
"""


def test_what_is_printed_while_an_answer_is_encoded_is_no_tasks_line() -> None:
    """Not the next task's either, though its request is there already. [OUT-2]"""
    requests = b"".join(pickle.dumps((task_id, task_id), 4) for task_id in range(60))

    done = subprocess.run(
        [sys.executable, "-c", PRINTS], input=requests, capture_output=True, check=True, env=ENVIRONMENT
    )

    stream = io.BytesIO(done.stdout)
    for task_id in range(60):
        _, out, err = pickle.load(stream)
        assert (out, err) == ([f"{task_id}\n"], None)
        assert stream.read(1) == b"\n"
    assert done.stderr.count(b"not a task's\n") == 30
