"""``spreadjobs.worker`` in real processes: what serve() puts on the wire, whatever the task function does."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Final

import pytest
from conversation import Codec, Conversation, Instance, interpreter, serving

from spreadjobs.worker import UNTIL_NONE, Until, alive, serve

HERE: Final = Path(__file__).parent
CODECS: Final[tuple[Codec, ...]] = ("pickle", "json")


def served(*options: str, codec: Codec = "pickle", protocol: int = 4) -> Conversation:
    """A worker that serves ``served.do``."""
    command = serving("served:do", "--codec", codec, *options)
    return Conversation(command, codec=codec, protocol=protocol, path=HERE)


def program(folder: Path, text: str) -> Conversation:
    """A worker with a main program of its own."""
    (folder / "program.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return Conversation([sys.executable, str(folder / "program.py")], path=HERE)


def failure_of(response: object) -> tuple[str, str, str]:
    """Type name, message and traceback of a failure; anything else is an error of the test."""
    assert isinstance(response, tuple | list)
    first, _, _ = response
    word, _task_id, type_name, message, traceback_text = first
    assert word == "RemoteException"
    return type_name, message, traceback_text


def as_json(value: object) -> object:
    """The value after a journey through JSON."""
    journeyed: object = json.loads(json.dumps(value))
    return journeyed


# --- the wire


@pytest.mark.parametrize("protocol", range(6))
def test_an_answer_in_pickle_is_equal_and_of_the_same_type(protocol: int) -> None:
    """Values of the data model come back as they were, in any protocol both ways. [DATA-1]"""
    value: list[object] = [
        None,
        True,
        0,
        -1,
        2**63,
        -0.0,
        3.141592653589793,
        "",
        " lead\t\n\0\u2028\U0001f600",
        b"\0\n",
        (1, [2]),
    ]
    value += [{"a": {1: 2}}, {1, 2}, frozenset({3}), bytearray(b"x"), 1j, "\udc80"]

    with served("--pickle-protocol", str(protocol), protocol=protocol) as worker:
        response = worker.ask(10_000, {"op": "echo", "value": value})

        assert repr(response) == repr(((10_000, value), None, None))
        assert worker.end()[:2] == (0, "")


def test_an_answer_in_json_is_equal() -> None:
    """JSON values come back as they were, one compact line each. [JSON-1]"""
    value: list[object] = [
        None,
        True,
        0,
        -1,
        2**53 - 1,
        -0.0,
        1e-300,
        "",
        " lead\t\n\0\u2028\U0001f600é",
        {"a": {"b": []}},
    ]

    with served(codec="json") as worker:
        assert repr(worker.ask(10_000, {"op": "echo", "value": value})) == repr([[10_000, value], None, None])
        assert worker.end()[:2] == (0, "")


@pytest.mark.parametrize("written", ["100000.0", "1e5", "100000"])
def test_a_task_id_may_come_as_any_equal_number(written: str) -> None:
    """A JSON number that equals the id comes back as an int. [JSON-3]"""
    with served(codec="json") as worker:
        worker.send_bytes(b'\t[ %s , {"op":"echo","value":"\\u00e9"} ]\r\n' % written.encode())

        assert repr(worker.receive()) == "[[100000, 'é'], None, None]"


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_a_request_may_be_cut_anywhere(codec: Codec) -> None:
    """Requests are read right when cut at each byte in turn. [WIRE-2]"""
    with served(codec=codec) as worker:
        whole = worker.bytes_of((10_000, {"op": "echo", "value": [1, "two", None]}))
        for cut in range(1, len(whole)):
            worker.send_bytes(whole[:cut])
            worker.send_bytes(whole[cut:])

            assert as_json(worker.receive()) == [[10_000, [1, "two", None]], None, None]
        for byte in whole:
            worker.send_bytes(bytes([byte]))
        assert as_json(worker.receive()) == [[10_000, [1, "two", None]], None, None]


@pytest.mark.parametrize("codec", CODECS)
def test_many_requests_in_one_piece_are_answered_in_order(codec: Codec) -> None:
    """Requests that arrive together are answered one by one, in their order. [RUN-6]"""
    ids = range(10_000, 10_500)
    with served(codec=codec) as worker:
        worker.send(*((task_id, {"op": "echo", "value": task_id}) for task_id in ids))

        for task_id in ids:
            assert as_json(worker.receive()) == [[task_id, task_id], None, None]


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_sixteen_mebibytes_travel_both_ways(codec: Codec) -> None:
    """Large payloads and answers come through, and the next request is read right. [WIRE-5]"""
    text = "0123456789abcde\n" * 2**20
    value: object = text if codec == "json" else text.encode()
    with served(codec=codec) as worker:
        assert as_json(worker.ask(1, {"op": "echo", "value": value}) == worker.ask(1, {"op": "echo", "value": value}))
        response = worker.ask(1, {"op": "echo", "value": value})
        assert isinstance(response, tuple | list)
        assert response[0][1] == value
        assert worker.end()[0] == 0


def test_a_message_refers_to_nothing_before_it() -> None:
    """The memo of one request does not serve the next one. [PKL-8]"""
    with served() as worker:
        assert worker.ask(10_000, {"op": "echo", "value": "first"}) == ((10_000, "first"), None, None)
        # MARK, id, {"do": ..., reference 0}: a pickle that uses a memo it never filled
        worker.send_bytes(b"\x80\x02K\x01}h\x00K\x02s\x86.")
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "Memo value not found" in errors


@pytest.mark.slow
def test_a_signal_does_not_cut_an_answer() -> None:
    """A handler of the user's interrupts a write to a full pipe; the rest of the answer follows. [WIRE-3]"""
    with served() as worker:
        worker.send((1, {"do": "tick_while_writing", "value": bytes(2**20)}))
        worker.wait_for_error("interrupted\n")

        assert worker.receive() == ((1, bytes(2**20)), None, None)
        assert worker.ask(2, {"op": "echo", "value": 3}) == ((2, 3), None, None)


@pytest.mark.parametrize("codec", CODECS)
def test_nested_values_travel(codec: Codec) -> None:
    """Values nested 100 deep come back. [DATA-2]"""
    value: object = "core"
    for _ in range(100):
        value = [value]
    with served(codec=codec) as worker:
        assert as_json(worker.ask(1, {"op": "echo", "value": value})) == [[1, value], None, None]


# --- outcomes


@pytest.mark.parametrize("codec", CODECS)
def test_an_exception_becomes_text(codec: Codec) -> None:
    """A failure has the type's name, the message and a traceback that begins in the task function. [ERR-1]"""
    with served(codec=codec) as worker:
        response = worker.ask(77, {"op": "raise", "type": "Boom", "message": "it's é"})
        assert isinstance(response, tuple | list)
        assert response[0][1] == 77
        type_name, message, text = failure_of(response)

        assert (type_name, message) == ("Boom", "it's é")
        assert text.startswith('Traceback (most recent call last):\n  File "')
        assert "in op_raise" in text
        assert text.splitlines()[1].endswith(", in do")
        assert as_json(worker.ask(78, {"op": "echo", "value": 1})) == [[78, 1], None, None]


@pytest.mark.parametrize(
    ("name", "type_name", "message"),
    [
        ("exit_politely", "SystemExit", "enough of it"),
        ("raise_unruly", "Unruly", "not even an Exception"),
        ("raise_odd", "Odd", "<its __str__ raised ValueError>"),
        ("raise_with_a_traceback_that_fails", "SyntaxError", "fine (line 1)"),
    ],
)
def test_whatever_a_task_raises_fails_the_task_alone(name: str, type_name: str, message: str) -> None:
    """SystemExit, odd exceptions and exceptions without text are failures, and the worker goes on. [ERR-4]"""
    with served() as worker:
        assert failure_of(worker.ask(1, {"do": name}))[:2] == (type_name, message)
        assert worker.ask(2, {"op": "echo", "value": 3}) == ((2, 3), None, None)


@pytest.mark.parametrize(("codec", "message"), [("pickle", "caf\udce9"), ("json", "caf?")])
def test_the_text_of_a_failure_can_always_travel(codec: Codec, message: str) -> None:
    """A lone surrogate in a message is replaced in JSON, and a str of the user's own type is made a str. [ERR-3]"""
    with served(codec=codec) as worker:
        type_name, text, traceback_text = failure_of(worker.ask(1, {"do": "raise_surrogate"}))

        assert (type_name, text, type(text)) == ("ValueError", message, str)
        assert traceback_text.endswith(f"ValueError: {message}\n")


@pytest.mark.parametrize("codec", CODECS)
def test_a_task_function_may_refuse(codec: Codec) -> None:
    """TooBusy is a refusal with its delay; its comment goes to the error stream; then the task is taken. [BUSY-1]"""
    payload = {"op": "busy", "key": "k", "delay_s": 2, "times": 2}
    with served(codec=codec) as worker:
        commented = {**payload, "comment": "first come, first served"}
        assert as_json(worker.ask(4, commented)) == [["TooBusy", 4, 2.0], None, None]
        assert as_json(worker.ask(5, payload)) == [["TooBusy", 5, 2.0], None, None]
        assert as_json(worker.ask(6, payload)) == [[6, "done"], None, None]
        assert "spreadjobs.worker: too busy: first come, first served\n" in worker.end()[2]


@pytest.mark.parametrize("delay_s", [-1, float("nan"), float("inf"), "soon", None, 10**400])
def test_a_delay_that_is_none_fails_the_task(delay_s: object) -> None:
    """A delay must be a finite number of 0 or more; another one is the task's error. [BUSY-1]"""
    with served() as worker:
        type_name, _, _ = failure_of(worker.ask(5, {"op": "busy", "key": 1, "delay_s": delay_s, "times": 1}))

        assert type_name in {"ValueError", "TypeError", "OverflowError"}


@pytest.mark.parametrize(
    ("codec", "payload", "part"),
    [
        ("pickle", {"do": "give_generator"}, "of type generator, cannot be sent: TypeError: cannot pickle 'generator'"),
        ("pickle", {"do": "give_talkative"}, "of type list, cannot be sent: Unruly: cannot be reduced"),
        ("pickle", {"do": "give_deep", "depth": 100_000}, "of type list, cannot be sent: RecursionError"),
        ("json", {"do": "give_generator"}, "it is of type generator, which JSON cannot carry (spec JSON-4)"),
        ("json", {"do": "give_set"}, "['deep'][1] is of type set, which JSON cannot carry (spec JSON-4)"),
        ("json", {"do": "give_numbers"}, "['a'][1] is an integer beyond 2**53-1"),
        ("json", {"do": "give_nan"}, "[0] is nan"),
        ("json", {"do": "give_number_key"}, "[0] has a key of type int"),
        ("json", {"do": "give_surrogate"}, "['é'] holds a lone surrogate"),
        ("json", {"do": "give_deep", "depth": 100_000}, "of type list, cannot be sent: RecursionError"),
    ],
)
def test_an_answer_that_cannot_travel_fails_the_task(codec: Codec, payload: object, part: str) -> None:
    """Nothing of it gets onto the wire, the failure names the value, and the worker goes on. [ERR-4] [JSON-4]"""
    with served(codec=codec) as worker:
        type_name, message, _ = failure_of(worker.ask(1, payload))

        assert type_name == "CannotEncode"
        assert part in message
        assert as_json(worker.ask(2, {"op": "echo", "value": 3})) == [[2, 3], None, None]


# --- requests that cannot be made into values


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


# --- preparation


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("options", "items", "received"),
    [
        (("--items", "2"), [None, "b"], [None, "b"]),
        (("--until-none",), ["a", None], ["a"]),
        (("--until-none",), [None], []),
    ],
)
def test_preparation_items_come_to_the_function(
    codec: Codec, options: tuple[str, ...], items: list[object], received: list[object]
) -> None:
    """As many as announced, or all before a None. [PREP-4]"""
    with served("--prepare", "served:prepare", *options, codec=codec) as worker:
        worker.send(*items, (1, {"op": "prepared"}))

        assert as_json(worker.receive()) == [[1, received], None, None]


def test_any_value_may_end_the_preparation(tmp_path: Path) -> None:
    """An equal value of the same type is the terminator: True is not 1. [PREP-4]"""
    text = """
        from spreadjobs.worker import Until, serve
        items = []
        serve(lambda payload: items, prepare=items.extend, preparation_items=Until(1))
    """
    with program(tmp_path, text) as worker:
        items: list[object] = [True, 1.0, 1]
        worker.send(*items, (7, None))

        assert repr(worker.receive()) == "((7, [True, 1.0]), None, None)"


def test_a_preparation_that_fails_ends_the_worker_with_its_traceback() -> None:
    """Nothing gets onto the wire; the error stream has the reason. [PREP-3]"""
    with served("--prepare", "served:fail_to_prepare", "--items", "1") as worker:
        worker.send("item")
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "\nRuntimeError: no such model\n" in errors


def test_a_preparation_item_that_cannot_be_read_ends_the_worker_with_its_traceback() -> None:
    """The missing class is named on the error stream. [PREP-3]"""
    with served("--prepare", "served:prepare", "--items", "1") as worker:
        worker.send_bytes(b"\x80\x02c__main__\nModel\n.")
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "Model" in errors
    assert "put it into a module of its own" in errors


# --- the end


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


# --- signs of life


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("every_s", "signs"), [(0, 3), (1000, 1)])
def test_a_task_may_say_that_it_is_at_work(codec: Codec, every_s: int, signs: int) -> None:
    """Alive comes at once, and not more often than asked for. [RUN-11]"""
    with served(codec=codec) as worker:
        worker.send((5, {"do": "signs_of_life", "every_s": every_s}), (6, {"do": "sign_of_a_thread"}))

        for _ in range(signs):
            assert as_json(worker.receive()) == [["Alive", 5], None, None]
        assert as_json(worker.receive()) == [[5, None], None, None]
        if every_s == 0:
            assert as_json(worker.receive()) == [["Alive", 6], None, None]
        assert as_json(worker.receive()) == [[6, None], None, None]


def test_signs_of_life_come_again_after_a_while() -> None:
    """Once the time has passed, the next one is sent. [RUN-11]"""
    with served() as worker:
        worker.send((5, {"do": "signs_of_life", "every_s": 0.001, "pause_s": 0.002}))

        for _ in range(3):
            assert worker.receive() == (("Alive", 5), None, None)
        assert worker.receive() == ((5, None), None, None)


def test_a_sign_of_life_outside_of_a_worker_does_nothing() -> None:
    """A function that calls alive() can be tested where there is no master."""
    alive()


# --- the untagged dialect


def untagged(response: object) -> tuple[str, str, object, object]:
    """Class name, module and contents of an instance in first place, and out."""
    assert isinstance(response, tuple)
    instance, out, _ = response
    assert isinstance(instance, Instance)
    return type(instance).__name__, type(instance).__module__, vars(instance), out


def test_the_untagged_dialect_speaks_bare_values() -> None:
    """Bare payloads, bare values, lists for out and err, instances of gmisclib's classes. [UNT-4] [UNT-5]"""
    with served("--dialect", "untagged", protocol=2) as worker:
        worker.send({"op": "echo", "value": ("TooBusy", 1, 2)})
        assert worker.receive() == (("TooBusy", 1, 2), [], [])
        worker.send({"op": "print", "out": ["a\n"], "err": ["b\n"]})
        assert worker.receive() == (None, ["a\n"], ["b\n"])
        worker.send({"op": "busy", "key": 1, "delay_s": 0.5, "times": 1})
        assert untagged(worker.receive()) == ("TooBusy", "gmisclib.spread_jobs", {"delay": 0.5}, [])
        worker.send({"op": "raise", "type": "Boom", "message": "é"})
        name, module, contents, out = untagged(worker.receive())
        assert isinstance(contents, dict)
        assert (name, module, contents["args"][:2], out) == (
            "RemoteException",
            "gmisclib.spread_jobs",
            ("Boom", "é"),
            [],
        )
        worker.send({"do": "signs_of_life", "every_s": 0})
        assert worker.receive() == (None, [], [])
        worker.send_bytes(b"\x80\x02clost\nPoint\n.")
        assert untagged(worker.receive())[0] == "RemoteException"
        assert worker.end()[:2] == (0, "")


PYTHON_2: Final = interpreter("2.7")


@pytest.mark.skipif(PYTHON_2 is None, reason="no python2.7 here")
def test_the_ancestor_can_read_the_untagged_dialect(tmp_path: Path) -> None:
    """Python 2 makes of it instances of the classes that gmisclib has. [INST-1]"""
    package = tmp_path / "gmisclib"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "spread_jobs.py").write_text(
        "class TooBusy(object):\n    def __init__(self, delay): self.delay = delay\n"
        "class RemoteException(Exception): pass\n",
        encoding="utf-8",
    )
    with served("--dialect", "untagged", protocol=2) as worker:
        worker.send(
            {"op": "busy", "key": 1, "delay_s": 0.5, "times": 1}, {"op": "raise", "type": "Boom", "message": "m"}
        )
        worker.send({"op": "echo", "value": 7})
        status, output, _ = worker.end()
    assert status == 0
    assert PYTHON_2 is not None
    script = """
        import cPickle, sys
        first, out, err = cPickle.load(sys.stdin); sys.stdin.read(1)
        print type(first).__name__, first.delay, out, err
        first, out, err = cPickle.load(sys.stdin); sys.stdin.read(1)
        print type(first).__name__, first.args[0], first.args[1], out, err
        print cPickle.load(sys.stdin)
    """
    read = subprocess.run(
        [PYTHON_2, "-c", textwrap.dedent(script)],
        input=output.encode("utf-8", "surrogateescape"),
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=True,
    )

    assert read.stdout == b"TooBusy 0.5 [] []\nRemoteException Boom m [] []\n(7, [], [])\n"


# --- starting


def test_a_worker_imports_the_standard_library_alone() -> None:
    """Starting a worker must not cost the import of attrs."""
    script = """
        import sys
        import spreadjobs.worker_command
        tops = {name.partition(".")[0] for name in sys.modules}
        print(sorted(name for name in tops - sys.stdlib_module_names if not name.startswith(("_", "coverage", "a1_"))))
        print(sorted(name for name in sys.modules if name.startswith("spreadjobs.") and "worker" not in name))
    """
    found = subprocess.run(
        # -S: what site-packages put into every process is not ours
        [sys.executable, "-S", "-c", textwrap.dedent(script)],
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout == "['spreadjobs']\n['spreadjobs.errors', 'spreadjobs.nesting']\n"


@pytest.mark.parametrize("closing", ["2>&-", ""])
def test_a_worker_can_do_without_an_error_stream(closing: str) -> None:
    """A closed error stream harms nothing."""
    command = ["sh", "-c", f'exec "$@" {closing}', "sh", *serving("served:do")]
    with Conversation(command, path=HERE, environment={"PYTHONUNBUFFERED": "1"}) as worker:
        expected = ["python 1\n", "C 2\n", "descriptor 3\n", "child 4\n"]

        assert worker.ask(1, {"do": "print_in_c"}) == ((1, None), expected, ["child 5\n"])
        assert worker.end()[:2] == (0, "")


@pytest.mark.parametrize("closing", ["<&-", ">&-"])
def test_a_worker_without_its_pipes_says_so(closing: str) -> None:
    """A closed standard input or output is an error with its reason. [EXEC-2]"""
    command = ["sh", "-c", f'exec "$@" {closing}', "sh", *serving("served:do")]
    with Conversation(command, path=HERE) as worker:
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "standard input and output are a worker's pipes and must be open (spec EXEC-2)" in errors


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["served"], "package.module:function is due"),
        ([":do"], "package.module:function is due"),
        (["no_such_module:do"], "cannot import 'no_such_module' (No module named 'no_such_module'); looked in "),
        (["served.inner:do"], "'served' is not a package"),
        (["served:no_such_function"], "has no attribute 'no_such_function'"),
        (["served:not_callable"], "is of type int; a function is due"),
        (["served:do", "--codec", "xml"], "invalid choice: 'xml'"),
        (["served:do", "--codec", "json", "--dialect", "untagged"], "goes with codec='pickle' only (spec UNT-1)"),
        (["served:do", "--prepare", "served:prepare"], "prepare= and preparation_items= go together"),
        (["served:do", "--items", "-1"], "preparation_items=-1"),
    ],
)
def test_a_wrong_command_line_is_explained(arguments: list[str], reason: str) -> None:
    """Status 2, the reason on the error stream, nothing on standard output."""
    with Conversation(serving("", *arguments)[:3] + arguments, path=HERE) as worker:
        status, output, errors = worker.end()

    assert (status, output) == (2, "")
    assert reason in errors


def test_a_module_that_misses_another_one_shows_its_traceback(tmp_path: Path) -> None:
    """Not the module is missing but what it imports."""
    (tmp_path / "needy.py").write_text("import no_such_library\n", encoding="utf-8")
    with Conversation(serving("needy:do"), path=tmp_path) as worker:
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert 'needy.py", line 1' in errors
    assert "No module named 'no_such_library'" in errors


def test_help_is_printed_on_standard_output() -> None:
    """It can be read in a pager: the pipes are moved only after the command line was understood."""
    with Conversation(serving("--help")) as worker:
        status, output, _ = worker.end()

    assert status == 0
    assert "package.module:function" in output


def test_options_that_cannot_be_are_refused() -> None:
    """Each is named, with what is due, before the pipes are touched."""
    with pytest.raises(ValueError, match=r"codec='xml': one of 'pickle', 'json' is due"):
        serve(len, codec="xml")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"dialect='old'"):
        serve(len, dialect="old")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"capture=True: one of 'both', 'out', 'none' is due"):
        serve(len, capture=True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"pickle_protocol=6"):
        serve(len, pickle_protocol=6)
    with pytest.raises(ValueError, match=r"goes with codec='pickle' only"):
        serve(len, codec="json", dialect="untagged")
    with pytest.raises(ValueError, match=r"preparation_items=True"):
        serve(len, prepare=len, preparation_items=True)
    with pytest.raises(ValueError, match=r"go together"):
        serve(len, preparation_items=UNTIL_NONE)
    with pytest.raises(ValueError, match=r"max_tasks=0"):
        serve(len, max_tasks=0)
    assert repr(Until(3)) == "Until(3)"


def test_serving_twice_or_serving_no_function_is_refused(tmp_path: Path) -> None:
    """Standard input is used up by the first call; a task function must be one."""
    text = """
        from spreadjobs.worker import serve
        try:
            serve(3)
        except TypeError as error:
            print(error)
        serve(lambda payload: payload)
        try:
            serve(len)
        except RuntimeError as error:
            print(error)
    """
    with program(tmp_path, text) as worker:
        status, output, errors = worker.end()

    assert status == 0
    assert output == "serve() can be called once in a process: it uses up standard input\n"
    assert errors == "serve() got 3; a function of one argument, the payload, is due\n"
