"""Tests of ``spreadjobs_conform.wire_pickle``, ``pickle_machine`` and ``pickle_objects``."""

from __future__ import annotations

import decimal
import pickle
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.pickle_objects import Instance
from spreadjobs_conform.values import difference
from spreadjobs_conform.wire_pickle import PickleReader, write_pickle

import __main__

SHARED = ["shared", "shared"]
VALUES: list[object] = [
    *(None, True, False, 0, 1, -1, 255, 256, 65_535, 65_536, 2**31, -(2**31) - 1, 2**63, -(2**200), 2**3000),
    *(1.5, -0.0, float("inf"), float("nan"), 1j, complex(-0.0, 2.5)),
    *("", "a", "'", '"', " lead\t\n", "é漢😀", "\ud800", "\\u0041\\", "x" * 300, "y" * 70_000),
    *(b"", b"\x00\xff\n", b"z" * 300, bytearray(), bytearray(b"\xff\x00"), bytearray(b"w" * 300)),
    *([], [1], list(range(2500)), (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    *({}, {"a": 1}, {(1, "x"): None, 5: []}, {str(n): n for n in range(2500)}),
    *(set(), {1, "x"}, frozenset(), frozenset({(1, 2), b"b"})),
    [SHARED, SHARED, {"k": SHARED}],
]


def read(data: bytes, cut: int = 1 << 30) -> list[object]:
    """Everything in the bytes, fed in pieces."""
    reader = PickleReader()
    found: list[object] = []
    for at in range(0, len(data), cut):
        reader.feed(data[at : at + cut])
        while (message := reader.next()) is not None:
            found.append(message.value)
    assert reader.pending() == b""
    assert reader.pending_bytes() == 0
    return found


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("cut", [1, 7, 1 << 30])
def test_reader_reads_what_pickle_writes(protocol: int, cut: int) -> None:
    """Every value of the data model is read in every protocol, however it is cut. [PKL-4]"""
    data = b"".join(write_pickle((value, None, None), protocol) for value in VALUES)

    found = read(data, cut)

    assert len(found) == len(VALUES)
    for due, came in zip(VALUES, found, strict=True):
        assert difference((due, None, None), came, by_number=False) is None


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=PLAIN, protocol=st.integers(0, 5), cuts=st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_any_cut_of_any_plain_value_gives_the_value(value: object, protocol: int, cuts: int) -> None:
    """Two messages in a row come back whatever the value, the protocol and the pieces. [WIRE-6]"""
    data = pickle.dumps((value, None, None), protocol)

    for came in read(data + b"\n" + data, cuts):
        assert difference((value, None, None), came, by_number=False) is None


@given(st.binary(max_size=60).map(lambda tail: b"\x80\x04" + tail) | st.binary(max_size=60))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_give_a_message_a_finding_or_a_wait(data: bytes) -> None:
    """Whatever the bytes, the reader never raises anything but a finding. [SEC-1]"""
    reader = PickleReader()
    reader.feed(data)
    try:
        while reader.next() is not None:
            pass
    except Finding:
        pass


def test_newline_after_a_message_belongs_to_it() -> None:
    """One newline after a message is ignored, though it comes later than the message. [PKL-6]"""
    reader = PickleReader()
    reader.feed(pickle.dumps(((1, 2), None, None)))
    assert reader.next() is not None
    reader.feed(b"\n")
    assert reader.next() is None
    assert reader.pending() == b""
    reader.feed(b"\n")

    with pytest.raises(Finding, match="0x80, 0x28 or 0x5D"):
        reader.next()


@pytest.mark.parametrize("data", [b"hello\n", b"\n", b"N.", b"X", b"[1]"])
def test_first_byte_decides(data: bytes) -> None:
    """Bytes that begin no tuple or list are refused at the first one. [PKL-4]"""
    reader = PickleReader()
    reader.feed(data)

    with pytest.raises(Finding) as caught:
        reader.next()

    assert caught.value.requirement == "PKL-4"
    assert caught.value.also == ("WIRE-4", "WIRE-1")


class Custom:
    """Something a worker might send by mistake."""


class TooBusy:
    """The ancestor's refusal, as a script has it."""

    __module__ = "__main__"

    def __init__(self, delay: float) -> None:
        self.delay = delay


REFUSED = [
    (pickle.dumps((decimal.Decimal(1), None, None)), "PKL-10", "decimal"),
    (pickle.dumps((ValueError("no"), None, None)), "ERR-3", "ValueError"),
    (b"(cos\ngetcwd\n(tR.", "PKL-10", "getcwd"),
    (b"(iposix\nsystem\n.", "PKL-10", "posix.system"),
    (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "PKL-10", "os.system"),
    (b"\x80\x04K\x01K\x02\x93.", "WIRE-1", "a global without a name"),
    (b"\x80\x06N.", "PKL-4", "protocol 6"),
    (b"(Pid\nl.", "PKL-9", "persistent id"),
    (b"\x80\x02\x82\x01.", "PKL-9", "extension"),
    (b"\x80\x04h\x00.", "PKL-7", "memo entry 0"),
    (b"\x80\x04(K\x01.", "WIRE-1", "left over"),
    (b"\x80\x04K\x01K\x02.", "WIRE-1", "left over"),
    (b"\x80\x04.", "WIRE-1", "left over"),
    (b"\x80\x04\xff.", "WIRE-1", "no opcode"),
    (b"\x80\x04t.", "WIRE-1", "IndexError"),
    (b"\x80\x04\x86.", "WIRE-1", "too few"),
    (b"\x80\x04K\x01K\x02a.", "WIRE-1", "appended"),
    (b"\x80\x04K\x01K\x02K\x03s.", "WIRE-1", "set in"),
    (b"\x80\x04}(K\x01u.", "WIRE-1", "without a value"),
    (b"\x80\x04](K\x01\x90.", "WIRE-1", "members"),
    (b"\x80\x04}]K\x01s.", "PKL-10", "key of a dict"),
    (b"\x80\x04T\xff\xff\xff\xff.", "WIRE-1", "negative"),
    (b"\x80\x04Trace.", "WIRE-1", "claims"),
    (b"(S'open\n.", "WIRE-1", "without quotes"),
    (b"(Inot a number\n.", "WIRE-1", "ValueError"),
    (b"(c" + b"x" * 5000, "WIRE-1", "without an end"),
    (b"\x80\x04cbuiltins\nset\nN\x85R.", "PKL-10", "calls builtins.set"),
    (b"\x80\x04cbuiltins\nset\nNR.", "PKL-10", "calls builtins.set"),
    (b"\x80\x04cbuiltins\nobject\n)R.", "PKL-10", "calls builtins.object"),
    (b"\x80\x04N)R.", "PKL-10", "calls None"),
    (b"\x80\x04c_codecs\nencode\nX\x03\x00\x00\x00\xe6\xbc\xa2X\x06\x00\x00\x00latin1\x86R.", "PKL-10", "_codecs"),
    (b"\x80\x04ccopyreg\n_reconstructor\nN\x85R.", "PKL-10", "_reconstructor"),
    (b"\x80\x04cbuiltins\nset\n)}K\x01K\x02s\x92.", "WIRE-1", "keyword"),
    (b"\x80\x04]}b.", "PKL-10", "sets attributes"),
    (b"\x80\x04c__main__\nTooBusy\n)RK\x01b.", "PKL-10", "state"),
]


@pytest.mark.parametrize(("data", "requirement", "named"), REFUSED, ids=[named for _, _, named in REFUSED])
def test_what_may_not_stand_in_a_response_is_refused(data: bytes, requirement: str, named: str) -> None:
    """Objects, code, broken and hostile pickles are findings that name the requirement. [PKL-10]"""
    reader = PickleReader()
    reader.feed(data)

    with pytest.raises(Finding, match=named) as caught:
        reader.next()

    assert caught.value.requirement == requirement


@pytest.mark.parametrize("protocol", range(6))
def test_instances_of_the_ancestor_become_records(protocol: int) -> None:
    """A TooBusy of a script is read as a record, in every protocol. [INST-1]"""
    vars(__main__)["TooBusy"] = TooBusy
    try:
        data = pickle.dumps((TooBusy(0.5), None, None), protocol)
    finally:
        del vars(__main__)["TooBusy"]

    (came,) = read(data)

    assert isinstance(came, tuple)
    assert isinstance(came[0], Instance)
    assert (came[0].class_name, came[0].attributes) == ("TooBusy", {"delay": 0.5})


def test_old_forms_of_python_2_are_read() -> None:
    """Old-style instances, short strings and duplicated values of Python 2 are read. [INST-1]"""
    inst = b"((ispread_jobs\nTooBusy\np0\n(dp1\nS'delay'\nF0.5\nsbS'\\xc3\\xa9'\nNt."
    obj = b"((cgmisclib.spread_jobs\nRemoteException\nU\x01TU\x01moNNt."
    slots = b"\x80\x02(cspreadjobs\nTooBusy\n)\x81N}X\x05\x00\x00\x00delayK\x02s\x86bN2t."

    (first,) = read(inst)
    (second,) = read(obj)
    (third,) = read(slots)

    assert isinstance(first, tuple)
    assert isinstance(first[0], Instance)
    assert (first[0].attributes, first[1]) == ({"delay": 0.5}, "é")
    assert isinstance(second, tuple)
    assert isinstance(second[0], Instance)
    assert second[0].args == ("T", "m")
    assert isinstance(third, tuple)
    assert isinstance(third[0], Instance)
    assert third[0].attributes == {"delay": 2}


def test_rare_opcodes_are_read() -> None:
    """POP, POP_MARK, DICT, LIST, and text forms of bool and long are read. [PKL-4]"""
    assert read(b"(N0(N1(I1\nI2\nd(I01\nI00\nL5L\nlt.") == [({1: 2}, [True, False, 5])]
    assert read(b"\x80\x02](N00K\x01a.") == [[1]]


def test_empty_constructors_are_read() -> None:
    """Constructors without arguments make empty values."""
    data = b"".join(b"(cbuiltins\n" + name + b"\n)Rt." for name in (b"set", b"frozenset", b"bytearray", b"bytes"))

    assert read(data) == [(set(),), (frozenset(),), (bytearray(),), (b"",)]
    latin = b"(c__builtin__\nbytearray\n(X\x02\x00\x00\x00\xc3\xa9X\x07\x00\x00\x00latin-1tRt."
    assert read(latin) == [(bytearray(b"\xe9"),)]


def test_keys_are_hashed_at_a_bounded_cost() -> None:
    """A key that doubles itself sixty times, or is nested without bounds, is refused in no time. [SEC-2]"""
    doubled = b"\x80\x04})" + b"2\x86" * 60 + b"Ns."
    deep = b"\x80\x04})" + b"\x85" * 200_000 + b"Ns."
    began_s = time.monotonic()

    for data in (doubled, deep):
        with pytest.raises(Finding, match="without bounds"):
            read(data)

    assert time.monotonic() - began_s < 30


@pytest.mark.slow
def test_endless_message_is_refused() -> None:
    """A message that goes on and on is refused at a limit. [SEC-2]"""
    reader = PickleReader()
    reader.feed(b"\x80\x04(" + (b"\x8e" + (1 << 26).to_bytes(8, "little") + bytes(1 << 26)) * 4 + b"N")

    with pytest.raises(Finding, match="goes on beyond"):
        reader.next()


@pytest.mark.parametrize("protocol", [0, 4])
def test_time_is_proportional_to_size(protocol: int) -> None:
    """A message of 16 MiB in small pieces takes no more than a few seconds. [WIRE-6]"""
    data = pickle.dumps(("x" * (16 << 20), None, None), protocol)
    began_s = time.monotonic()

    assert len(read(data, 1 << 14)) == 1

    assert time.monotonic() - began_s < 30
