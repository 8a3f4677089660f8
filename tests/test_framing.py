"""Where messages end in a worker's bytes, and what is seen of them without loading any."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator

import pytest

from spreadjobs.codec import make_decoder
from spreadjobs.framing import HEAD_BYTES, Framing, JsonFraming, PickleFraming, make_framing
from spreadjobs.messages import LegacyTooBusy
from spreadjobs.opcodes import Refused
from spreadjobs.settings import Codec, Settings

PROTOCOLS = range(6)
LARGE = "x" * (1024 * 1024)
VALUES: list[object] = [None, 5, "text", LARGE, [1.5, {"a": b"\n.\n"}], list(range(3000)), {LARGE: LARGE}, 2**80]


class Mine:
    """A class that no master has admitted."""


def pickles() -> Iterator[bytes]:
    for protocol in PROTOCOLS:
        for number, value in enumerate([*VALUES, Mine()]):
            yield pickle.dumps(((number, value), None, ["out\n"]), protocol)


def lines() -> Iterator[bytes]:
    for number, value in enumerate([None, 5, "text", LARGE, [1.5, {"a": "ü\n"}]]):
        yield json.dumps([[number, value], None, ["out\n"]], ensure_ascii=False).encode() + b"\n"
    yield b' \t[["Alive", 5], null,null ]\r\n'


def found_by(framing: Framing, data: bytes, step: int) -> list[bytes]:
    """The messages that it finds if the bytes come in pieces of this size."""
    buffer, messages = bytearray(), []
    for at in range(0, len(data), step):
        buffer += data[at : at + step]
        start = 0
        while start < len(buffer) and (size := framing.size(buffer, start)):
            messages.append(bytes(buffer[start : start + size]))
            start += size
        del buffer[:start]
    assert not buffer
    return messages


@pytest.mark.parametrize("step", [1, 7, 4096, 65536, 1 << 30])
@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_messages_end_where_they_do_however_they_are_cut(codec: Codec, step: int) -> None:
    """Those of every pickle protocol, large ones, and objects of classes that nobody admitted. [WIRE-6]"""
    messages = list(pickles() if codec == "pickle" else lines())
    if step < 4096:
        messages = [message for message in messages if len(message) < 65536]
    assert len(messages) > 4

    assert found_by(make_framing(codec, "tagged"), b"".join(messages), step) == messages


@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_short_messages_end_where_they_do_however_they_are_cut(codec: Codec) -> None:
    """One that begins behind another in the same read, too. [WIRE-6]"""
    messages = [b"[1]\n", b"[22]\n", b"[]\n"] if codec == "json" else [b"]q\x00.", b"(K\x01t.", b"\x80\x04N."]
    for step in range(1, 12):
        assert found_by(make_framing(codec, "tagged"), b"".join(messages * 3), step) == messages * 3


def test_a_newline_after_a_pickle_is_no_part_of_it_here() -> None:
    """It is passed on by itself, wherever the bytes are cut; in JSON it ends the message. [PKL-6, JSON-1]"""
    message = pickle.dumps(((1, 2), None, None), 4)

    assert PickleFraming(tagged=True).size(bytearray(message + b"\n"), 0) == len(message)
    assert (PickleFraming.newline_follows, JsonFraming.newline_follows) == (True, False)


@pytest.mark.parametrize("data", [b"Traceback (most", b"\n", b"\x81", b"(\xff", b"\x80\x09."])
def test_what_is_no_pickle_is_refused(data: bytes) -> None:
    """Text, a second newline, an opcode or a protocol that there is not. [PKL-4]"""
    with pytest.raises(Refused):
        PickleFraming(tagged=True).size(bytearray(data), 0)


@pytest.mark.parametrize("data", [b"Traceback (most", b"\n", b"  }", b"[1,\n", b"[[" * 100_000 + b"\n", b"[\xff]\n"])
def test_what_is_no_json_line_is_refused(data: bytes) -> None:
    """At its first byte, or when the line has come and is no JSON. [JSON-1, JSON-6]"""
    with pytest.raises(Refused):
        JsonFraming().size(bytearray(data), 0)


@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_a_message_without_end_is_refused_in_time(codec: Codec, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds it back would else fill the memory with it. [SEC-2]"""
    monkeypatch.setattr("spreadjobs.framing._MOST_BYTES", 1000)
    begun = b"(" + b"N" * 1000 if codec == "pickle" else b"[" + b" " * 1000
    framing = make_framing(codec, "tagged")

    assert framing.size(bytearray(begun[:500]), 0) == 0
    with pytest.raises(Refused, match="1000"):
        framing.size(bytearray(begun), 0)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_alive_is_known_by_its_name(protocol: int) -> None:
    """In every protocol; a value that says Alive is an answer. [RUN-11]"""
    framing = PickleFraming(tagged=True)
    alive = pickle.dumps((("Alive", 2**53 - 1), None, None), protocol)

    assert len(alive) <= HEAD_BYTES
    assert framing.is_alive(alive)
    assert not framing.is_alive(pickle.dumps(((5, "Alive"), None, None), protocol))
    assert not framing.is_alive(pickle.dumps(((5, ["x" * 200, "Alive"]), None, None), protocol))
    assert not PickleFraming(tagged=False).is_alive(alive)


def test_alive_is_known_by_its_name_in_json() -> None:
    """However it is written. [RUN-11, JSON-1]"""
    framing = JsonFraming()

    assert framing.is_alive(b'[["Alive",5],null,null]\n')
    assert framing.is_alive(b' [ [ "Alive" , 5 ] , null , null ]\r\n')
    assert not framing.is_alive(b'[[5,"Alive"],null,null]\n')
    assert not framing.is_alive(b'["Alive",5]\n')
    assert not framing.is_alive(b'["Alive",null,null]\n')


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("task_id", [0, 255, 256, 70_000, 2**31, 2**53 - 1])
def test_a_refusal_bears_the_task_id_of_the_response(task_id: int, protocol: int) -> None:
    """Of an answer of any value, of a failure and of a refusal, as tuples or lists. [BUSY-1]"""
    for first in (
        (task_id, LARGE),
        [task_id, Mine()],
        ("RemoteException", task_id, "a", "b", "c"),
        ("TooBusy", task_id, 9),
    ):
        refusal = PickleFraming(tagged=True).refusal(pickle.dumps((first, None, ["out"]), protocol), 0.5)

        assert refusal is not None
        assert make_decoder(Settings()).feed(refusal) == [(("TooBusy", task_id, 0.5), None, None)]


@pytest.mark.parametrize("task_id", [b"0", b"7", b"9007199254740991", b"1e5"])
def test_a_refusal_bears_the_task_id_of_the_line(task_id: bytes) -> None:
    """As a number of the same value. [BUSY-1, JSON-3]"""
    for line in (b'[[%b,{"a":[1]}],null,null]\n', b'[["RemoteException",%b,"a","b","c"],null,["out"]]\n'):
        refusal = JsonFraming().refusal(line % task_id, 0.5)

        assert refusal is not None
        assert make_decoder(Settings(codec="json")).feed(refusal) == [[["TooBusy", float(task_id), 0.5], None, None]]


@pytest.mark.parametrize("first", [None, 5.5, "text", "t" * 300, (), ("a", "b"), ("a", None), b"5", {5: 6}, Mine()])
def test_a_message_without_a_task_id_has_no_refusal(first: object) -> None:
    """It is no response of this dialect, or an ancestor's instance. [RUN-5, INST-2]"""
    assert PickleFraming(tagged=True).refusal(pickle.dumps((first, None, None), 4), 0.5) is None


@pytest.mark.parametrize(
    "line", [b"[5]", b"[5,6,7]", b"[[true,1],2,3]", b'[["a","b"],2,3]', b"[[[5],6],7,8]", b"[[],1,2]"]
)
def test_a_line_without_a_task_id_has_no_refusal(line: bytes) -> None:
    """It is no response. [RUN-5]"""
    assert JsonFraming().refusal(line, 0.5) is None


def test_a_refusal_of_the_untagged_dialect_is_an_instance() -> None:
    """A tuple would be a value there, and so a wrong answer. [UNT-5, INST-2]"""
    refusal = PickleFraming(tagged=False).refusal(pickle.dumps(((5, 6), None, None), 2), 0.5)

    assert refusal is not None
    [response] = make_decoder(Settings(dialect="untagged")).feed(refusal)
    assert response == (LegacyTooBusy(0.5, None), None, None)
