"""The codec pickle: framing however the bytes are cut, what real picklers write, and what encoding says."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import json
import pickle
import shutil
import struct
import subprocess
import uuid
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadjobs.errors import CannotEncode
from spreadjobs.messages import LegacyRemoteException, LegacyTooBusy, Undecodable
from spreadjobs.pickle_codec import PickleDecoder, PickleEncoder
from spreadjobs.settings import ANYTHING, Settings

DATA = Path(__file__).parent / "data"
RESPONSE = ((7, None), None, None)


def refused(data: bytes, settings: Settings | None = None) -> Undecodable:
    decoder = PickleDecoder(settings or Settings())
    with pytest.raises(Undecodable) as caught:
        decoder.feed(data)
    return caught.value


def read(data: bytes, settings: Settings | None = None) -> object:
    decoder = PickleDecoder(settings or Settings())
    (message,) = decoder.feed(data)
    assert decoder.buffered() == 0
    return message


def feed_bytes(decoder: PickleDecoder, stream: bytes) -> None:
    for index in range(len(stream)):
        decoder.feed(stream[index : index + 1])


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


@given(messages, st.integers(0, 5))
def test_byte_by_byte_nothing_comes_early(message: object, protocol: int) -> None:
    """A message comes with its last byte, and not before. [WIRE-6]"""
    stream = pickle.dumps(message, protocol)
    decoder = PickleDecoder(Settings())
    for index in range(len(stream) - 1):
        assert decoder.feed(stream[index : index + 1]) == []
        assert decoder.buffered() == index + 1
    assert decoder.feed(stream[-1:]) == [message]


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x80", b"(", b"]", b"\x80\x02", b"\x80\x04\x95"]))
def test_arbitrary_bytes_raise_nothing_but_undecodable(noise: bytes, head: bytes) -> None:
    """Whatever bytes come, the decoder gives messages or raises Undecodable. [VIO-1]"""
    decoder = PickleDecoder(Settings())
    try:
        decoder.feed(head + noise)
    except Undecodable as error:
        assert error.quote in head + noise  # noqa: PT017 - not raising is right too
        assert error.reason  # noqa: PT017


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


@pytest.mark.parametrize("protocol", range(6))
def test_large_messages_in_pieces_cost_time_linear_in_their_size(protocol: int) -> None:
    """Pieces of 64 KiB of bytes, full stops and numbers take time in proportion to the size. [SEC-2]"""

    def seconds(scale: int) -> float:
        message = ([b"." * 100_000 * scale, ".\n" * 50_000 * scale], list(range(5000 * scale)))
        stream = pickle.dumps(message, protocol)
        started = process_time()
        decoder = PickleDecoder(Settings())
        got: list[object] = []
        for start in range(0, len(stream), 16384):
            got += decoder.feed(stream[start : start + 16384])
        assert got == [message]
        return process_time() - started

    seconds(1)
    assert seconds(16) < 16 * 6 * max(seconds(1), 0.002)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_message_byte_by_byte_costs_time_linear_in_its_size(protocol: int) -> None:
    """Single bytes of one long text or of many small values cost the same each. [SEC-2]"""
    stream = pickle.dumps((["." * 60_000], list(range(6000))), protocol)
    decoder = PickleDecoder(Settings())
    started = process_time()
    for index in range(len(stream) - 1):
        decoder.feed(stream[index : index + 1])
    assert len(decoder.feed(stream[-1:])) == 1
    assert process_time() - started < 60e-6 * len(stream)


@pytest.mark.slow
def test_half_a_gibibyte_in_pieces() -> None:
    """A bytes object of 512 MiB in pieces of 64 KiB is read in a few seconds. [SEC-2]"""
    size = 512 * 1024**2
    decoder = PickleDecoder(Settings())
    started = process_time()
    decoder.feed(b"\x80\x04\x8e" + struct.pack("<Q", size))
    piece = b"." * 65536
    for _ in range(size // len(piece)):
        assert decoder.feed(piece) == []
    ((got,),) = [message for message in decoder.feed(b"\x85.") if isinstance(message, tuple)]
    assert isinstance(got, bytes)
    assert len(got) == size
    assert process_time() - started < 20


@pytest.mark.parametrize("head", [b"\x8e" + b"\xff" * 8, b"\x8d" + struct.pack("<Q", 2**40), b"B\xff\xff\xff\xff"])
def test_an_announced_length_beyond_the_limit_is_refused_at_once(head: bytes) -> None:
    """A length beyond max_message_bytes is refused before any of its bytes came. [SEC-2]"""
    assert "announces" in refused(b"\x80\x04" + head).reason


@pytest.mark.parametrize("message", [("x" * 300,), (1, 2, "y" * 100), [0] * 200, ({1}, b"z" * 150)])
def test_max_message_bytes_is_the_exact_limit_in_every_way(message: object) -> None:
    """A message of max_message_bytes is read, one of a byte more is refused, in one piece and in many. [SEC-2]"""
    for protocol in range(6):
        stream = pickle.dumps(message, protocol)
        assert read(stream + b"\n", Settings(max_message_bytes=len(stream))) == message
        decoder = PickleDecoder(Settings(max_message_bytes=len(stream) - 1))
        assert "max_message_bytes" in refused(stream, Settings(max_message_bytes=len(stream) - 1)).reason
        with pytest.raises(Undecodable, match="max_message_bytes"):
            feed_bytes(decoder, stream)


EXPECTED: dict[str, object] = {
    "plain": [None, True, False, 0, -1, 255, 65536, 2**31, -(2**63), 2**100, 1.5, "text € \U0001f600", [], {}, ()],
    "shared": [(1, "two"), (1, "two"), [(1, "two")], "x" * 300],
    "bytes": [bytearray(b""), bytearray(b"a\xff\n.")],
    "sets": [{1}, frozenset([2]), set(), frozenset()],
    "complex": [1 + 2j, complex(0, -1.5)],
    "moments": [
        datetime.datetime(2020, 1, 2, 3, 4, 5, 678901),  # noqa: DTZ001 - a moment without a zone is the case
        datetime.datetime(1, 1, 1),  # noqa: DTZ001 - the same
        datetime.date(9999, 12, 31),
        datetime.time(23, 59, 59, 999999),
        datetime.timedelta(-1, 2, 3),
    ],
    "numbers": [decimal.Decimal("1.50"), decimal.Decimal("-Infinity"), fractions.Fraction(-1, 3)],
    "uuid": [uuid.UUID(int=5), uuid.UUID(int=2**128 - 1)],
    "collections": [
        collections.OrderedDict([("b", 1), ("a", 2)]),
        collections.deque([1, 2], 5),
        collections.deque([]),
        collections.Counter(["a", "a", "b"]),
    ],
    "zones": [
        datetime.UTC,
        datetime.timezone(datetime.timedelta(hours=1), "here"),
        datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC),
        datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=1), "here")),
        datetime.time(1, tzinfo=datetime.timezone(datetime.timedelta(hours=1), "here")),
    ],
    "python 3 bytes": [b"", b"a\xff\n."],
    "python 2 str": ["plain", "café", "\udcff", "x" * 300],
}


def check_pickles(lines: list[str]) -> None:
    for line in lines:
        protocol, name, digits = json.loads(line)
        value = read(bytes.fromhex(digits))
        assert repr(value) == repr((EXPECTED[name], None)), (protocol, name)


def test_recorded_pickles_of_real_interpreters() -> None:
    """What Python 2.7, 3.8, 3.12 and 3.13 wrote in each protocol is read equal and of the same type. [PKL-10]"""
    check_pickles((DATA / "pickles.jsonl").read_text().splitlines())


def interpreters() -> list[str]:
    found = [path for name in ("python2.7", "python3") if (path := shutil.which(name)) and "shims" not in path]
    found += map(str, sorted((Path.home() / ".pyenv" / "versions").glob("*/bin/python")))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "python", interpreters() or [pytest.param("", marks=pytest.mark.skip("no interpreters found"))]
)
def test_fresh_pickles_of_installed_interpreters(python: str) -> None:
    """Each interpreter that is installed here writes what the master reads. [PKL-10]"""
    done = subprocess.run(
        [python, str(DATA / "make_pickles.txt")], capture_output=True, text=True, timeout=60, check=True
    )
    check_pickles(done.stdout.splitlines())


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("latin1", ("Ã©", "ÿ")), ("bytes", (b"\xc3\xa9", b"\xff")), ("surrogateescape", ("é", "\udcff"))],
)
def test_strings_of_python_2(mode: str, expected: object) -> None:
    """py2_strings says what STRING, BINSTRING and SHORT_BINSTRING become, on every way in. [PKL-11]"""
    settings = {
        "latin1": Settings(py2_strings="latin1"),
        "bytes": Settings(py2_strings="bytes"),
        "surrogateescape": Settings(),
    }[mode]
    for data in (
        b"(S'\\xc3\\xa9'\nS'\\xff'\nt.",
        b"\x80\x02U\x02\xc3\xa9U\x01\xff\x86.",
        b"\x80\x02T\x02\0\0\0\xc3\xa9T\x01\0\0\0\xff\x86.",
        b"\x80\x02c__builtin__\nset\n0U\x02\xc3\xa9U\x01\xff\x86.",
    ):
        assert read(data, settings) == expected


def test_moments_of_python_2_in_each_reading_of_its_strings() -> None:
    """A datetime of Python 2 is read whatever its byte strings become. [PKL-11]"""
    data = b"\x80\x02cdatetime\ndatetime\nU\x0a\x07\xe4\x01\x02\x03\x04\x05\x0a\x5b\xf5\x85R\x85."
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001 - it has no zone
    for settings in (Settings(), Settings(py2_strings="latin1"), Settings(py2_strings="bytes")):
        assert read(data, settings) == (moment,)


class Result:
    def __init__(self, value: object) -> None:
        self.value = value


class TooBusy:
    """A class of the ancestor's name."""

    def __init__(self, delay: float, comment: str | None = None) -> None:
        self.delay = delay
        self.comment = comment


class RemoteException(Exception):
    """A class of the ancestor's name."""


MODULES = ["spreadjobs", "gmisclib.spread_jobs", "spread_jobs", "__main__", "spreadjobs.errors"]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(
    "form",
    [
        b"(i%s\nTooBusy\n(dS'delay'\nF1.5\nsS'comment'\nS'why'\nsb",
        b"(c%s\nTooBusy\no}(U\x05delayG\x3f\xf8\0\0\0\0\0\0U\x07commentU\x03whyub",
        b"ccopy_reg\n_reconstructor\n(c%s\nTooBusy\nc__builtin__\nobject\nNtR(dS'delay'\nF1.5\nsS'comment'\nS'why'\nsb",
        b"c%s\nTooBusy\n)\x81}(U\x05delayG\x3f\xf8\0\0\0\0\0\0U\x07commentU\x03whyub",
        b"c%s\nTooBusy\nG\x3f\xf8\0\0\0\0\0\0U\x03why\x86R",
        b"(G\x3f\xf8\0\0\0\0\0\0U\x03whyi%s\nTooBusy\n",
    ],
)
def test_instances_of_too_busy(module: str, form: bytes) -> None:
    """An instance of a class TooBusy of the ancestor's modules is found, however Python 2 or 3 wrote it. [INST-1]"""
    message = b"(" + form.replace(b"%s", module.encode()) + b"NNt."
    for settings in (Settings(), Settings(py2_strings="latin1"), Settings(allow=ANYTHING)):
        assert read(message, settings) == (LegacyTooBusy(1.5, "why"), None, None)


@pytest.mark.parametrize(
    "form",
    [
        b"c%s\nRemoteException\n(S'a'\nI1\ntR",
        b"c%s\nRemoteException\n(S'a'\nI1\ntR(dS'index'\nS'x'\nsb",
        b"c%s\nRemoteException\n)R}U\x04args(S'a'\nI1\ntsb",
        b"(i%s\nRemoteException\n(dS'args'\n(lS'a'\naI1\nasb",
    ],
)
def test_instances_of_remote_exception(form: bytes) -> None:
    """An instance of a class RemoteException is found with its args. [INST-1]"""
    message = b"(" + form.replace(b"%s", b"gmisclib.spread_jobs") + b"NNt."
    for settings in (Settings(), Settings(allow=ANYTHING)):
        assert read(message, settings) == (LegacyRemoteException(("a", 1)), None, None)


def test_an_instance_that_is_referred_to_twice_is_the_same_everywhere() -> None:
    """The memo follows an instance that its state completes. [INST-1]"""
    message = b"(cspread_jobs\nTooBusy\n)\x81q\x01}U\x05delayK\x05sbh\x01t."
    assert read(message) == (LegacyTooBusy(5, None), LegacyTooBusy(5, None))


def test_attribute_names_of_an_instance_may_be_bytes() -> None:
    """py2_strings='bytes' does not hide the attribute delay. [INST-1]"""
    message = b"(cspread_jobs\nTooBusy\n)\x81}U\x05delayK\x05sbt."
    assert read(message, Settings(py2_strings="bytes")) == (LegacyTooBusy(5, None),)


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
