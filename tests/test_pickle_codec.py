"""The codec pickle: framing however the bytes are cut, and what encoding says."""

from __future__ import annotations

import pickle
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pickle_reading import RESPONSE, read, refused

from spreadjobs.errors import CannotEncode
from spreadjobs.messages import Undecodable
from spreadjobs.pickle_codec import PickleDecoder, PickleEncoder
from spreadjobs.settings import Settings

# --- framing


atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.text(".h\n(pr", max_size=20)
    | st.decimals(allow_nan=False)
    | st.datetimes()
    | st.uuids()
)


data_model = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.tuples(inner, inner)
        | st.sets(st.integers())
        | st.frozensets(st.text())
    ),
    max_leaves=12,
)


messages = st.tuples(data_model, data_model) | st.lists(data_model)


@settings(deadline=None)  # expressions are compiled when they are first needed
@given(st.lists(st.tuples(messages, st.integers(0, 5), st.booleans()), max_size=5), st.data())
def test_any_cut_gives_the_same_messages(sent: list[tuple[object, int, bool]], data: st.DataObject) -> None:
    """However a stream of pickles of any protocols is cut, the same messages come out, newlines or not. [WIRE-6]"""
    stream = b"".join(pickle.dumps(value, protocol) + b"\n" * newline for value, protocol, newline in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder = PickleDecoder(Settings())
    got: list[object] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += decoder.feed(stream[start:end])
    assert got == [value for value, _, _ in sent]
    assert [type(value) for value in got] == [type(value) for value, _, _ in sent]
    assert decoder.buffered() == 0
    last = bool(sent) and sent[-1][2]
    text = last and not all(newline for _, _, newline in sent[:-1])
    assert decoder.rest() == (b"\n" if text else b"")


@settings(deadline=None)  # expressions are compiled when they are first needed
@given(messages, st.integers(0, 5))
def test_byte_by_byte_nothing_comes_early(message: object, protocol: int) -> None:
    """A message comes with its last byte, and not before. [WIRE-6]"""
    stream = pickle.dumps(message, protocol)
    decoder = PickleDecoder(Settings())
    for index in range(len(stream) - 1):
        assert decoder.feed(stream[index : index + 1]) == []
        assert decoder.buffered() == index + 1
    assert decoder.feed(stream[-1:]) == [message]


@settings(deadline=None)  # expressions are compiled when they are first needed
@given(st.binary(max_size=200), st.sampled_from([b"", b"\x80", b"(", b"]", b"\x80\x02", b"\x80\x04\x95"]))
def test_arbitrary_bytes_raise_nothing_but_undecodable(noise: bytes, head: bytes) -> None:
    """Whatever bytes come, the decoder gives messages or raises Undecodable. [VIO-1]"""
    decoder = PickleDecoder(Settings())
    try:
        decoder.feed(head + noise)
    except Undecodable as error:
        assert error.quote in head + noise  # noqa: PT017 - not raising is right too
        assert error.reason  # noqa: PT017 - as above


@settings(deadline=None)  # expressions are compiled when they are first needed
@given(messages, st.integers(0, 5), st.data())
def test_mutated_pickles_raise_nothing_but_undecodable_however_they_are_cut(
    message: object, protocol: int, data: st.DataObject
) -> None:
    """A pickle with wrong bytes gives the same messages or the same error in one piece and byte by byte. [SEC-1]"""
    stream = bytearray(pickle.dumps(message, protocol) * 2)
    for _ in range(data.draw(st.integers(1, 3))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))

    def outcome(pieces: list[bytes]) -> tuple[list[str], str]:
        decoder = PickleDecoder(Settings())
        got: list[object] = []
        try:
            for piece in pieces:
                got += decoder.feed(piece)
        except Undecodable as error:
            return [repr(value) for value in [*got, *error.messages]], error.reason.partition(":")[0]
        return [repr(value) for value in got], ""

    assert outcome([bytes(stream)]) == outcome([bytes(stream[i : i + 1]) for i in range(len(stream))])


def test_limit_leaves_the_rest_buffered() -> None:
    """With a limit, no more messages are read than that; an empty feed goes on. [WIRE-6]"""
    decoder = PickleDecoder(Settings())
    one = pickle.dumps(RESPONSE)
    assert decoder.feed(one * 3 + b"hello", limit=0) == []
    assert decoder.buffered() == 3 * len(one) + 5
    assert decoder.feed(b"", limit=2) == [RESPONSE] * 2
    assert decoder.feed(b"", limit=1) == [RESPONSE]
    assert decoder.feed(b"", limit=0) == []
    assert decoder.rest() == b"hello"


def test_limit_holds_for_walked_messages_too() -> None:
    """The limit counts messages of every kind. [WIRE-6]"""
    decoder = PickleDecoder(Settings())
    big = ((1, "x" * 70000), None, None)
    stream = pickle.dumps(big) + pickle.dumps(RESPONSE)
    assert decoder.feed(stream, limit=1) == [big]
    assert decoder.feed(b"", limit=1) == [RESPONSE]


@pytest.mark.parametrize(
    ("stream", "rest"),
    [
        (b"\n", b"\n"),
        (b"text", b"text"),
        (pickle.dumps(RESPONSE) + b"\n\ntext", b"\ntext"),
        (pickle.dumps(RESPONSE) + b"\n" + pickle.dumps(RESPONSE) + b"\ntext", b"text"),
        (pickle.dumps(RESPONSE) + pickle.dumps(RESPONSE) + b"\ntext", b"\ntext"),
        (pickle.dumps(RESPONSE) + b"\n" + pickle.dumps(RESPONSE) + b"text", b"text"),
        (pickle.dumps(({1},)) + pickle.dumps(({1},)) + b"\ntext", b"\ntext"),
    ],
)
def test_newline_before_the_text_of_shutdown(stream: bytes, rest: bytes) -> None:
    """The newline after the last message is dropped only if every message had one, however it is cut. [SHUT-9]"""
    count = stream.count(b".", 0, stream.rfind(b".") + 1)
    for size in (1, 7, len(stream)):
        decoder = PickleDecoder(Settings())
        left = count
        for start in range(0, len(stream), size):
            left -= len(decoder.feed(stream[start : start + size], limit=left))
        assert left == 0
        assert decoder.rest() == rest


def test_newline_may_come_later_than_the_message() -> None:
    """A newline after a message is ignored though it arrives alone, and only one is. [PKL-6]"""
    decoder = PickleDecoder(Settings())
    for message in (RESPONSE, ({1}, None)):
        assert decoder.feed(pickle.dumps(message)) == [message]
        assert decoder.feed(b"\n") == []
        assert decoder.buffered() == 0
    with pytest.raises(Undecodable, match="0x0a came"):
        decoder.feed(b"\n")


def test_newline_after_a_plain_message_of_exactly_the_fast_size() -> None:
    """A newline just beyond what the fast way looks at is ignored too. [PKL-6]"""
    for count in range(4090, 4100):
        message = b"]" + b"N0" * count  # of 8192 bytes with its STOP where the count is 4095
        decoder = PickleDecoder(Settings())
        assert decoder.feed(message + b".\n" + message + b".\n") == [[], []]
        assert decoder.rest() == b""


@pytest.mark.parametrize(
    "head", [b"hello\n", b"K\x07.", b"N.", b"I7\n.", b"}.", b"\n", b"\x00", b"[[7, 1], null, null]\n"]
)
def test_first_byte_that_no_message_has(head: bytes) -> None:
    """What begins neither a tuple nor a list is refused at its first byte, in any piece. [PKL-4]"""
    error = refused(head[:1])
    assert error.quote == head[:1]
    assert f"0x{head[0]:02x} came" in error.reason


def test_cures_name_the_likely_cause() -> None:
    """Stray prints, tracebacks and the other codec are recognised. [VIO-3]"""
    assert "prints" in refused(b"Loading model...\n").cure
    assert "traceback" in refused(b"Traceback (most recent call last):\n").cure
    assert "json" in refused(b"[[7, null], null, null]\n").cure


def test_messages_before_the_bad_one_are_kept_and_the_decoder_stays_broken() -> None:
    """What was complete before the bad bytes is in the error; after it nothing is read. [VIO-2]"""
    decoder = PickleDecoder(Settings())
    with pytest.raises(Undecodable) as caught:
        decoder.feed(pickle.dumps(RESPONSE) + pickle.dumps(({1},)) + b"oops" * 40)
    assert caught.value.messages == [RESPONSE, ({1},)]
    assert caught.value.quote == b"oops" * 20
    with pytest.raises(Undecodable, match="0x6f came") as again:
        decoder.feed(pickle.dumps(RESPONSE))
    assert again.value.messages == []


def test_a_fresh_memo_for_every_message() -> None:
    """A reference to an earlier message is refused, never resolved. [PKL-7]"""
    decoder = PickleDecoder(Settings())
    with pytest.raises(Undecodable) as caught:
        decoder.feed(pickle.dumps(("secret", 1)) + b"\x80\x04h\x00\x85.")
    assert caught.value.messages == [("secret", 1)]


def test_opcodes_that_find_no_value_are_refused() -> None:
    """What fails in the loader is a violation like any other. [VIO-1]"""
    assert "cannot be loaded" in refused(b"(\x85.").reason
    assert "cannot be loaded" in refused(b"\x80\x04].}]Ns.".replace(b".", b"", 1)).reason


@pytest.mark.parametrize("frame", [0, 1, 5, 1000, 2**31, 2**63, 2**64 - 1])
def test_a_frame_that_lies_hangs_nothing_and_moves_no_boundary(frame: int) -> None:
    """A frame length is a hint: the message ends at its STOP whatever the frame says. [WIRE-6]"""
    body = b"K\x07N\x86NN\x87."
    decoder = PickleDecoder(Settings())
    stream = b"\x80\x04\x95" + struct.pack("<Q", frame) + body
    if frame <= len(body):
        assert decoder.feed(stream * 3) == [RESPONSE] * 3
    else:
        with pytest.raises(Undecodable):
            decoder.feed(stream + pickle.dumps(RESPONSE) * 100)


def test_frames_of_the_pickler_that_end_in_a_full_stop() -> None:
    """A frame that is not the last and ends in a byte like STOP does not end the message. [WIRE-6]"""
    message = (["." * 63, b"." * 70000, ["..." * 5] * 10] * 3, ["x."] * 40000)
    for protocol in range(6):
        assert read(pickle.dumps(message, protocol)) == message


# --- encoding


@pytest.mark.parametrize("protocol", range(6))
def test_the_encoder_writes_the_declared_protocol(protocol: int) -> None:
    """Every message is one pickle of the declared protocol. [PKL-1]"""
    data = PickleEncoder(Settings(pickle_protocol=protocol)).encode((1, {"x": b"y"}))
    assert pickle.loads(data) == (1, {"x": b"y"})
    assert data[:2] == bytes([0x80, protocol]) if protocol >= 2 else data[:1] == b"("


class Unwilling:
    def __reduce__(self) -> str:
        raise ZeroDivisionError("no pickle for you")

    def __hash__(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (Unwilling(), "value is of type Unwilling"),
        ((7, {"k": [1, Unwilling()]}), r"value\[1\]\['k'\]\[1\] is of type Unwilling"),
        ({Unwilling(): 1}, r"value has the key Unwilling\(\), which is of type Unwilling"),
        ([{Unwilling()}], r"value\[0\] has an item, which is of type Unwilling"),
        ((3, lambda: None), r"value\[1\] is of type function"),
    ],
)
def test_what_has_no_pickle_is_named_with_its_place(value: object, path: str) -> None:
    """A value that cannot be pickled gives CannotEncode with its path, its type and the reason. [PKL-1]"""
    with pytest.raises(CannotEncode, match=path):
        PickleEncoder(Settings()).encode(value)


def test_a_value_nested_too_deep_cannot_be_encoded() -> None:
    """Nesting beyond the pickler's reach is CannotEncode too. [PKL-1]"""
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(CannotEncode, match="RecursionError"):
        PickleEncoder(Settings()).encode(value)
