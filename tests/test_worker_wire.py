"""Pickles of every make and cut, as a worker on ``serve()`` reads them."""

from __future__ import annotations

import array as array_module
import pickle
import struct
from pathlib import Path

import pytest
from conversation import Conversation
from live_workers import failure_of, program, served

from spreadjobs.worker_wire import PickleWire

ECHO = """
    from spreadjobs.worker import serve
    serve(lambda payload: payload)
"""

FRAME = 11
"""Length of PROTO, FRAME and the frame's length."""


def silent(_buffer: object) -> int:
    """Input that has ended."""
    return 0


def echoed(worker: Conversation, messages: bytes, *requests: tuple[int, object]) -> None:
    """All in one piece; each comes back."""
    worker.send_bytes(messages)
    for task_id, payload in requests:
        assert worker.receive() == ((task_id, payload), None, None)


@pytest.mark.parametrize("protocol", range(6))
def test_requests_of_all_lengths_are_read_one_after_another(tmp_path: Path, protocol: int) -> None:
    """Small and large ones in turn, many in a piece, whatever the protocol. [WIRE-2]"""
    lengths = [0, 1, 10, 46, 255, 256, 5_000, 65_000, 65_536, 200_000, 3]
    requests = [(task_id, "." * length) for task_id, length in enumerate(lengths * 3)]
    with program(tmp_path, ECHO) as worker:
        echoed(worker, b"".join(pickle.dumps(request, protocol) for request in requests), *requests)
        assert worker.end()[:2] == (0, "")


def test_a_frame_may_be_longer_than_its_message(tmp_path: Path) -> None:
    """Its length is a hint: where STOP is, the next message begins. [PKL-2]"""
    first, second = (pickle.dumps((task_id, "a payload"), 4) for task_id in (1, 2))
    lie = first[:3] + struct.pack("<Q", len(first) - FRAME + len(second)) + first[FRAME:]
    with program(tmp_path, ECHO) as worker:
        echoed(worker, lie + second + first, (1, "a payload"), (2, "a payload"), (1, "a payload"))


@pytest.mark.parametrize("payload", [[1000, 2000, 46, b"x" * 70_000], [1000, 2000, 46, "x" * 70_000, 1]])
def test_a_frame_that_ends_as_a_message_need_not_be_its_end(tmp_path: Path, payload: object) -> None:
    """The number 46 is the byte of STOP, and a large object stands outside of frames. [PKL-2]"""
    whole = pickle.dumps((7, payload), 4)
    (length,) = struct.unpack_from("<Q", whole, 3)
    assert whole[FRAME + length - 1 : FRAME + length] == b"."
    assert FRAME + length < len(whole)
    with program(tmp_path, ECHO) as worker:
        echoed(worker, whole * 3, *[(7, payload)] * 3)


def test_a_request_without_a_frame_follows_one_with(tmp_path: Path) -> None:
    """As small writers in other languages make them. [PKL-2]"""
    framed, bare = pickle.dumps((300, [1]), 4), b"\x80\x04M\x2d\x01]K\x01a\x86."
    with program(tmp_path, ECHO) as worker:
        echoed(worker, framed + bare + bare + framed, (300, [1]), (301, [1]), (301, [1]), (300, [1]))


COUNTS = """
    import sys, types
    module = types.ModuleType("places")
    class Place:
        made = 0
        def __init__(self, name):
            Place.made += 1
            if name.startswith("No"):
                raise LookupError(name)
    module.Place = Place
    sys.modules["places"] = module
    from spreadjobs.worker import serve
    serve(lambda payload: Place.made)
"""


def placed(task_id: int, name: str) -> bytes:
    """A framed request whose payload is made by a constructor of the worker's."""
    text = name.encode()
    body = b"K" + bytes([task_id]) + b"cplaces\nPlace\n\x8c" + bytes([len(text)]) + text + b"\x85R\x86."
    return b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body


@pytest.mark.parametrize("end", ["", "."])
def test_an_object_of_a_request_is_made_once(tmp_path: Path, end: str) -> None:
    """A constructor may do anything, and raise: then it is not called a second time, and the task fails. [ERR-4]"""
    names = ["here", "Nowhere", "there", "Nothing"]
    with program(tmp_path, COUNTS) as worker:
        worker.send_bytes(b"".join(placed(task_id, name + end) for task_id, name in enumerate(names)))
        assert worker.receive() == ((0, 1), None, None)
        type_name, message, _ = failure_of(worker.receive())
        assert (type_name, message) == ("LookupError", f"Nowhere{end}")
        assert worker.receive() == ((2, 3), None, None)
        assert failure_of(worker.receive())[0] == "LookupError"
        worker.send_bytes(placed(4, f"last{end}"))
        assert worker.receive() == ((4, 5), None, None)


def test_an_object_before_a_large_one_is_made_once_too(tmp_path: Path) -> None:
    """Where a frame does not end as a message, nothing of it is made before all is there. [WIRE-2]"""
    body = b"K\x01cplaces\nPlace\n\x8c\x04here\x85R"
    message = b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body + b"B" + struct.pack("<I", 70_000) + b"x" * 70_000
    with program(tmp_path, COUNTS) as worker:
        worker.send_bytes(message + b"\x86\x86.")

        assert worker.receive() == ((1, 1), None, None)


def test_an_object_that_cannot_be_made_stands_between_others() -> None:
    """Behind it, in the same piece, the next request begins. [WIRE-2]"""
    lost = b"\x80\x04K\x02clost\nPoint\n)R\x86."
    framed = b"\x80\x04\x95" + struct.pack("<Q", len(lost) - 2) + lost[2:]
    echo = pickle.dumps((1, {"op": "echo", "value": 1}), 4)
    with served() as worker:
        worker.send_bytes(echo + lost + echo + framed + echo)

        for expected in (None, "ModuleNotFoundError", None, "ModuleNotFoundError", None):
            response = worker.receive()
            if expected is None:
                assert response == ((1, 1), None, None)
            else:
                assert failure_of(response)[0] == expected


@pytest.mark.parametrize("cut", [1, 5, 11, 14])
def test_an_end_inside_a_frame_is_the_end(tmp_path: Path, cut: int) -> None:
    """The complete request is answered, the other one is not. [SHUT-6]"""
    whole = pickle.dumps((1, "a payload"), 4)
    with program(tmp_path, ECHO) as worker:
        echoed(worker, whole + whole[:cut], (1, "a payload"))
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "standard input ended inside a message" in errors


def test_a_frame_of_no_pickle_is_no_message(tmp_path: Path) -> None:
    """It is not passed over: the worker ends, and says what came."""
    with program(tmp_path, ECHO) as worker:
        worker.send_bytes(b"\x80\x04\x95" + struct.pack("<Q", 4) + b"abc.")
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "what came is no pickle" in errors


def test_the_array_of_a_large_message_is_not_copied() -> None:
    """The message refers to the bytes of what goes out of a buffer, and to large bytes objects themselves. [PKL-5]"""
    array, data = array_module.array("d", range(100_000)), bytes(100_000)
    encoded = PickleWire(silent, 5).encode_large((pickle.PickleBuffer(array), data, bytearray(data)))

    assert isinstance(encoded, list)
    views = [piece for piece in encoded if isinstance(piece, memoryview)]
    assert [view.obj for view in views] == [array]
    assert any(piece is data for piece in encoded)
    loaded = pickle.loads(b"".join(encoded))
    assert loaded == (bytearray(array.tobytes()), data, bytearray(data))
    assert encoded[-1] == b"\n"


@pytest.mark.parametrize("protocol", range(6))
def test_a_small_message_is_in_one_piece(protocol: int) -> None:
    """It is the same as without looking for large parts. [PKL-4]"""
    wire = PickleWire(silent, protocol)
    message = ((7, {"a": [1, 2.5], "b": b"bytes"}), ["line\n"], None)

    assert wire.encode_large(message) == wire.encode(message)
