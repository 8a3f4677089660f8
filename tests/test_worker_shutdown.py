"""How ``spreadjobs.worker`` ends: at the end of its input, after so many tasks, by an interrupt."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path

import pytest
from conversation import Codec
from live_workers import CODECS, as_json, program, served


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("requests", [0, 3])
def test_the_end_of_input_ends_the_worker(codec: Codec, requests: int) -> None:
    """It answers what it was sent, then exits with status 0. [SHUT-2] [SHUT-5]"""
    with served(codec=codec) as worker:
        worker.send(*((task_id, {"op": "echo", "value": 1}) for task_id in range(requests)))
        worker.close_stdin()
        for task_id in range(requests):
            assert as_json(worker.receive()) == [[task_id, 1], None, None]

        assert worker.end()[:2] == (0, "")


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("sent", [0, 1])
def test_the_end_of_input_in_preparation_ends_the_worker(codec: Codec, sent: int) -> None:
    """It exits with status 0 and writes nothing; prepare is not called with half of the items. [PREP-5]"""
    with served("--prepare", "served:fail_to_prepare", "--items", "2", codec=codec) as worker:
        worker.send(*["item"] * sent)

        assert worker.end()[:2] == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_an_end_inside_a_message_ends_the_worker(codec: Codec) -> None:
    """The complete request is answered, the half one is not, wherever it ends. [SHUT-6]"""
    request = (1, {"op": "echo", "value": 2})
    length = 20 if codec == "json" else len(pickle.dumps(request, 4))
    for cut in range(1, length, 5):
        with served(codec=codec) as worker:
            whole = worker.bytes_of(request)
            worker.send_bytes(whole + whole[:cut])
            assert as_json(worker.receive()) == [[1, 2], None, None]
            status, output, errors = worker.end()

        assert (status, output) == (1, "")
        assert "standard input ended inside a message" in errors


def test_an_end_inside_an_object_that_cannot_be_made_ends_the_worker() -> None:
    """The second reading meets the end of input, too. [SHUT-6]"""
    with served() as worker:
        worker.send_bytes(b"\x80\x02K\x05clost\nPoint\n)")
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "standard input ended inside a message" in errors


def test_a_master_that_does_not_read_ends_the_worker_quietly() -> None:
    """A broken pipe is no traceback."""
    with served() as worker:
        assert worker.ask(1, {"op": "echo", "value": 0}) == ((1, 0), None, None)
        worker.close_stdout()
        worker.send((2, {"op": "echo", "value": 0}))
        status, _, errors = worker.end()

    assert status == 1
    assert "Traceback" not in errors
    assert "Broken" not in errors


def test_what_a_program_prints_after_serve_is_shutdown_text(tmp_path: Path) -> None:
    """From the end of input on, standard output is the master's pipe again. [SHUT-7]"""
    text = """
        from spreadjobs.worker import claim, serve
        claim()
        import subprocess
        print("early")
        serve(lambda payload: payload)
        print("goodbye")
        subprocess.run(["echo", "from a child"])
    """
    with program(tmp_path, text) as worker:
        assert worker.ask(1, "x") == ((1, "x"), None, None)
        status, output, errors = worker.end()

    assert status == 0
    # The program's own buffer is emptied at its end, after the child's.
    assert sorted(output.splitlines()) == ["from a child", "goodbye"]
    assert errors == "early\n"


def test_a_program_may_fork_after_serve(tmp_path: Path) -> None:
    """The pipes are closed only once."""
    text = """
        import os
        from spreadjobs.worker import serve
        serve(lambda payload: payload)
        pid = os.fork()
        print("parent" if pid else "child")
        if pid:
            os.waitpid(pid, 0)
    """
    with program(tmp_path, text) as worker:
        status, output, errors = worker.end()

    assert (status, sorted(output.split()), errors) == (0, ["child", "parent"], "")


def test_a_worker_may_leave_after_so_many_tasks() -> None:
    """It has written nothing but responses, and exits with status 0. [RUN-13]"""
    with served("--max-tasks", "2") as worker:
        worker.send(*((task_id, {"op": "echo", "value": 0}) for task_id in range(3)))

        assert worker.receive() == ((0, 0), None, None)
        assert worker.receive() == ((1, 0), None, None)
        worker.receive_end()
        assert worker.end()[:2] == (0, "")


@pytest.mark.parametrize("busy", [True, False])
def test_an_interrupt_ends_the_worker_quietly(tmp_path: Path, *, busy: bool) -> None:
    """SIGINT in a task or between tasks: status 130, no traceback, no answer."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with served() as worker:
        if busy:
            worker.send((1, {"do": "announce", "fifo": str(fifo)}))
            assert fifo.read_text(encoding="utf-8") == "at work\n"
        else:
            assert worker.ask(1, {"op": "echo", "value": 0}) == ((1, 0), None, None)
        os.kill(worker.process.pid, signal.SIGINT)
        worker.receive_end()
        status, output, errors = worker.end()

    assert (status, output) == (130, "")
    assert "Traceback" not in errors


@pytest.mark.parametrize("name", ["give_up", "give_interrupt"])
def test_an_interrupt_raised_by_code_ends_the_worker(name: str) -> None:
    """KeyboardInterrupt is never a task's failure; what the task had printed is not lost."""
    with served() as worker:
        worker.send((1, {"do": name}))
        worker.receive_end()
        status, output, errors = worker.end()

    assert (status, output) == (130, "")
    assert ("before the end\n" in errors) is (name == "give_up")


def test_an_interrupt_while_a_request_is_read_ends_the_worker() -> None:
    """A constructor of a payload's class is code, too."""
    with served() as worker:
        worker.send_bytes(b"\x80\x02K\x01cserved\ngive_up\n}\x85R\x86.")
        worker.receive_end()

        assert worker.end()[:2] == (130, "")
