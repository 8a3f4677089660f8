"""Requests that ``spreadjobs.worker`` cannot make into values: what fails a task, and what ends the worker."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conversation import Codec, Conversation, serving
from live_workers import CODECS, HERE, failure_of, served


def write_lost(folder: Path) -> None:
    """A module whose classes the worker does not know, or whose constructors fail there."""
    (folder / "lost.py").write_text(
        textwrap.dedent(
            """
            import collections, functools

            class Plain:
                def __init__(self): self.state = 1

            class Lists(list): pass
            class Sets(set): pass
            class Dicts(dict): pass

            class Needs(Exception):
                def __init__(self, one, two): super().__init__(one)

            class Exits:
                def __reduce__(self): return exit, (3,)

            class Factory:
                def make(self): return Made()

            class Made:
                def __reduce__(self): return Factory().make, ()

            everything = [Plain(), Made(), Lists([1, 2]), Sets({1}), Dicts(a=1), functools.partial(Plain, 1)]
            """
        ),
        encoding="utf-8",
    )


@pytest.fixture(name="lost")
def payloads_of_unknown_classes(tmp_path: Path) -> dict[str, bytes]:
    """Requests with the task ids 100 on, by name; the classes in them are known to no one else."""
    write_lost(tmp_path)
    script = """
        import pickle, sys, lost
        found = {"raises 4": (100, lost.Needs(1, 2))}
        found["large 4"] = (100, [lost.Plain(), bytes(17 * 2**20)])
        found["late 4"] = (100, [bytes(17 * 2**20), lost.Plain()])
        found["padded 4"] = (100, [lost.Plain(), bytes(15_000), lost.Plain()])
        requests = {name: pickle.dumps(request, 4) for name, request in found.items()}
        for protocol in range(6):
            requests[f"everything {protocol}"] = pickle.dumps((100, lost.everything), protocol)
        sys.stdout.buffer.write(pickle.dumps(requests))
    """
    made = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=tmp_path, capture_output=True, check=True
    )
    requests: dict[str, bytes] = pickle.loads(made.stdout)
    return requests


@pytest.mark.slow
def test_a_payload_of_an_unknown_class_fails_its_task(lost: dict[str, bytes]) -> None:
    """The task fails with its own id and the missing module's name, in every protocol, and the next one is read."""
    with served() as worker:
        for protocol in range(6):
            worker.send_bytes(lost[f"everything {protocol}"] + worker.bytes_of((7, {"op": "echo", "value": 8})))
            response = worker.receive()

            assert isinstance(response, tuple)
            assert response[0][:4] == ("RemoteException", 100, "ModuleNotFoundError", "No module named 'lost'")
            assert worker.receive() == ((7, 8), None, None)


@pytest.mark.slow
def test_payloads_of_unknown_classes_may_come_in_one_piece(lost: dict[str, bytes]) -> None:
    """Each fails its own task, wherever the worker's reads have cut them."""
    with served() as worker:
        echo = worker.bytes_of((7, {"op": "echo", "value": 8}))
        worker.send_bytes(echo * 60 + lost["padded 4"] + lost["everything 4"] * 40 + echo)

        for _ in range(60):
            assert worker.receive() == ((7, 8), None, None)
        for _ in range(41):
            assert failure_of(worker.receive())[:2] == ("ModuleNotFoundError", "No module named 'lost'")
        assert worker.receive() == ((7, 8), None, None)


def test_a_payload_whose_constructor_raises_fails_its_task(lost: dict[str, bytes], tmp_path: Path) -> None:
    """A class that is known here, and cannot be made here, is the task's failure."""
    assert lost
    folders = [str(HERE), str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"PYTHONPATH": os.pathsep.join(folders)}
    with Conversation(serving("served:do"), environment=environment) as worker:
        worker.send_bytes(lost["raises 4"][:40])
        worker.send_bytes(lost["raises 4"][40:] + worker.bytes_of((7, {"op": "echo", "value": 8})))
        type_name, message, _ = failure_of(worker.receive())

        assert type_name == "TypeError"
        assert "missing 1 required positional argument: 'two'" in message
        assert worker.receive() == ((7, 8), None, None)


@pytest.mark.slow
def test_a_large_payload_that_cannot_be_read_ends_the_worker_with_the_reason(lost: dict[str, bytes]) -> None:
    """It fails its task if that is found early; what is too long to be read twice ends the worker, which says why."""
    with served() as worker:
        worker.send_bytes(lost["large 4"])
        assert failure_of(worker.receive())[1] == "No module named 'lost'"
        worker.send_bytes(lost["late 4"])
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "a long message could not be read: ModuleNotFoundError: No module named 'lost'" in errors


def test_a_class_of_the_masters_main_program_gets_a_hint() -> None:
    """The commonest mistake, a payload of a class from __main__, is named with its cure."""
    with served() as worker:
        worker.send_bytes(b"\x80\x02K\x05c__main__\nPoint\n)\x81\x86.")
        _, message, text = failure_of(worker.receive())

        assert "Point" in message
        assert "put it into a module of its own" in text


@pytest.mark.parametrize("codec", CODECS)
def test_a_text_that_is_no_message_ends_the_worker(codec: Codec) -> None:
    """What is no message is said on the error stream; nothing is answered. [WIRE-1]"""
    with served(codec=codec) as worker:
        worker.send_bytes(b"hello\n" * 3)
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert f"what came is no {'pickle' if codec == 'pickle' else 'JSON text'}: " in errors


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'[1, {"a": 1, "a": 2}]\n', "a key is repeated"),
        (b"[1, NaN]\n", "NaN is no JSON"),
        (b'[1, "\xff"]\n', "UnicodeDecodeError"),
        (b"[" * 100_000 + b"]" * 100_000 + b"\n", "RecursionError"),
    ],
)
def test_json_that_would_be_changed_is_refused(line: bytes, reason: str) -> None:
    """Repeated keys, NaN and bytes that are no UTF-8 are no message. [JSON-5]"""
    with served(codec="json") as worker:
        worker.send_bytes(line)
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert reason in errors


@pytest.mark.parametrize("message", [5, (1,), (True, 2), ("1", 2), (-1, 2), (2**53, 2), (1.5, 2), {"a": 1}, None])
def test_a_request_of_another_shape_ends_the_worker(message: object) -> None:
    """It is quoted, with the likely cause. [RUN-1]"""
    with served() as worker:
        worker.send(message)
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert f"{message!r} came where a request (task_id, payload) was due (spec RUN-1)" in errors
    assert "--until-none" in errors
