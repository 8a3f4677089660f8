"""What may come out of a pickle: the classes that a user admits, and what stays inert or refused."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import pickle
from pathlib import PurePosixPath

import pytest
from admitted_classes import HERE, RAN, Colour, Frozen, Keyed, Leaver, Plain, Restored, Slotted, Words, decode, refusal
from hostile.parts import text

from spreadjobs.pickle_codec import PickleDecoder
from spreadjobs.settings import ANYTHING, Settings


@pytest.mark.parametrize("protocol", range(6))
def test_admitted_classes_come_back_equal(protocol: int) -> None:
    """A class of the user's is admitted by itself or by its dotted name. [SEC-3]"""
    made = Keyed(value=3)
    slotted = Slotted([1])
    value: tuple[object, ...] = (
        Frozen(1),
        Plain([2]),
        Words(["a"]),
        Restored(),
        [Colour.RED],
        collections.defaultdict(list, a=[1]),
    )
    if protocol >= 2:
        value = (*value, slotted)
    if protocol >= 4:
        value = (*value, made)
    data = pickle.dumps(value, protocol)
    names = [f"{HERE}.{name}" for name in ("Frozen", "Plain", "Words", "Restored", "Colour", "Keyed", "Slotted")]
    classes = [Frozen, Plain, Words, Restored, Colour, Keyed, Slotted]
    for allow in ((*names, "collections.defaultdict", "builtins.list"), (*classes, collections.defaultdict, list)):
        got = decode(data, allow)
        assert isinstance(got, tuple)
        assert got[:3] == value[:3]
        assert [type(item) for item in got] == [type(item) for item in value]
        assert vars(got[3]) == {"got": "state"}
        assert got[4] == [Colour.RED]
        assert got[5].default_factory is list
        if protocol >= 2:
            assert got[6].left == [1]
        if protocol >= 4:
            assert got[7].value == 3


@pytest.mark.parametrize("protocol", range(2, 6))
def test_nested_classes_are_admitted_by_their_qualified_name(protocol: int) -> None:
    """A class within a class is admitted without the outer one. [SEC-3]"""
    data = pickle.dumps((Plain.Inner(),), protocol)
    got = decode(data, (f"{HERE}.Plain.Inner",))
    assert isinstance(got, tuple)
    assert isinstance(got[0], Plain.Inner)
    assert 'allow=["' in refusal(data)
    assert f"{HERE}.Plain;" in refusal(pickle.dumps((Plain(1),), protocol), (f"{HERE}.Plain.Inner",))


def test_a_refusal_names_the_class_and_the_setting() -> None:
    """The text says which setting would admit the class. [SEC-3]"""
    reason = refusal(pickle.dumps((PurePosixPath("x"),)))
    name = f"{PurePosixPath.__module__}.PurePosixPath"
    assert reason == f'a worker sent an object of class {name}; admit it with Settings(allow=["{name}"]) (spec SEC-3)'
    assert "allow=[NUMPY]" in refusal(b"(cnumpy\ndtype\n)Rt.")
    assert len(refusal(b"(c" + b"a" * 400 + b"\n" + b"b" * 400 + b"\n)Rt.")) < 600


@pytest.mark.parametrize("name", ["Mine", "Mine.Inner"])
def test_a_class_of_the_workers_script_must_move_to_a_module(name: str) -> None:
    """The master has another ``__main__``, so the text does not offer to admit that name. [SEC-3]"""
    reason = refusal(b"\x80\x04(\x8c\x08__main__\x8c" + bytes([len(name)]) + name.encode() + b"\x93)\x81t.")
    assert reason == (
        f"a worker sent an object of class __main__.{name}, of its own script; move the class to a module that master "
        f'and workers both import, then admit it with Settings(allow=["module.{name}"]) (spec SEC-3)'
    )


def test_what_allow_names_must_be_a_class() -> None:
    """A function cannot be admitted. [SEC-3]"""
    data = b"(c" + HERE.encode() + b"\nrun\n(I1\ntRt."
    assert "which is no class" in refusal(data, (f"{HERE}.run",))
    assert RAN == []


def test_a_pickle_cannot_end_the_master_by_an_admitted_class() -> None:
    """SystemExit of an admitted class is a violation like any exception. [SEC-1]"""
    data = b"\x80\x02c" + HERE.encode() + b"\nLeaver\n)\x81K\x01b\x85."
    assert "SystemExit" in refusal(data, (Leaver,))


@pytest.mark.parametrize("state", [b"K\x05", b"(K\x05Nt", b"(NK\x05t", b"(NNNt"])
def test_a_state_that_is_no_dict(state: bytes) -> None:
    """A state of another shape than pickle documents is refused. [SEC-1]"""
    assert "a state of type" in refusal(b"\x80\x02c" + HERE.encode() + b"\nPlain\n)\x81" + state + b"b\x85.", (Plain,))


def test_reconstructor_keeps_to_the_bases_of_the_class() -> None:
    """_reconstructor makes no list of a class that is none. [SEC-1]"""
    data = b"(ccopy_reg\n_reconstructor\n(c" + HERE.encode() + b"\nPlain\nc__builtin__\nlist\n(ltRt."
    assert "is no builtins.list" in refusal(data, (Plain,))


def test_anything_admits_everything_but_opcodes_that_need_a_registry() -> None:
    """allow=ANYTHING runs what a worker sends; this is what its name says. [SEC-3]"""
    RAN.clear()
    assert decode(b"(c" + HERE.encode() + b"\nrun\n(I1\ntRt.", ANYTHING) == ("ran",)
    assert RAN == [(1,)]
    RAN.clear()
    value = (PurePosixPath("x"), Plain(1), Colour.RED)
    for protocol in range(6):
        assert decode(pickle.dumps(value, protocol), ANYTHING) == value
    assert "extension code" in refusal(b"\x80\x02\x82\x01\x85.", ANYTHING)


@pytest.mark.parametrize("protocol", range(6))
def test_anything_with_the_names_of_the_ancestor_in_the_message(protocol: int) -> None:
    """The careful way gives with ANYTHING what the fast way gives. [INST-1]"""
    value = (Plain("TooBusy"), Words(["RemoteException"]), Keyed(value=1) if protocol >= 4 else 0)
    got = decode(pickle.dumps(value, protocol), ANYTHING)
    assert isinstance(got, tuple)
    assert got[:2] == value[:2]
    data = (
        b"((S'TooBusy'\ni"
        + HERE.encode()
        + b"\nrun\nc"
        + HERE.encode()
        + b"\nRestored\n)\x81(i"
        + HERE.encode()
        + b"\nRestored\nt."
    )
    found = decode(data, ANYTHING)
    assert isinstance(found, tuple)
    assert found[0] == "ran"
    assert [type(item) for item in found[1:]] == [Restored, Restored]


def test_the_name_of_a_class_alone_is_inert() -> None:
    """A class that is named but not called is a constructor that nobody can change. [SEC-1]"""
    message = decode(b"(cbuiltins\nset\nt.")
    assert isinstance(message, tuple)
    value = message[0]
    assert repr(value) == "<the class builtins.set, as a worker named it>"
    with pytest.raises(Exception, match="would change the class"):
        value.name = "x"
    with pytest.raises(Exception, match="would change the class"):
        del value.name


def test_a_thousand_levels_and_shared_values_are_read() -> None:
    """The limits leave room for honest messages: depth, references to shared values, many tuples. [DATA-2]"""
    nested: object = 1
    for _ in range(9000):
        nested = (nested,)
    zone = datetime.timezone(datetime.timedelta(hours=1))
    shared = (1, "x", zone)
    value = (
        [datetime.datetime(2020, 1, 1, i % 24, tzinfo=zone) for i in range(500)],
        [shared] * 5000,
        {(i, j): shared for i in range(50) for j in range(50)},
        {"key": [{"name": i, "shared": shared} for i in range(500)]},
    )
    for protocol in range(6):
        assert decode(pickle.dumps(value, protocol)) == value
    data = b"\x80\x02" + b"K\x01" + b"\x85" * 9000 + b"."
    level = decode(data)
    for _ in range(9000):
        assert isinstance(level, tuple)
        (level,) = level
    assert level == 1


def test_names_below_protocol_2_of_new_objects() -> None:
    """copyreg.__newobj__ makes a new object as NEWOBJ does; a class that holds an admitted one makes none. [SEC-3]"""
    name = HERE.encode()
    made = decode(b"(ccopyreg\n__newobj__\n(c" + name + b"\nPlain\ntRt.", (Plain,))
    assert isinstance(made, tuple)
    assert isinstance(made[0], Plain)
    assert "admit it with" in refusal(b"(c" + name + b"\nPlain\n)Rt.", (f"{HERE}.Plain.Inner",))


def test_numbers_of_python_2_as_bytes() -> None:
    """py2_strings='bytes' does not stand in the way of Decimal and Fraction. [PKL-11]"""
    data = b"(cdecimal\nDecimal\n(S'1.5'\ntRcfractions\nFraction\n(S'1/3'\ntRt."
    assert PickleDecoder(Settings(py2_strings="bytes")).feed(data) == [
        (decimal.Decimal("1.5"), fractions.Fraction(1, 3))
    ]


def test_an_empty_bytes_of_protocol_2_and_an_empty_counter() -> None:
    """Constructors without arguments make empty values. [PKL-10]"""
    assert decode(b"(c__builtin__\nbytes\n)Rccollections\nCounter\n)Rt.") == (b"", collections.Counter())


def test_members_of_an_admitted_enum_by_name() -> None:
    """A getattr gives the members of an admitted Enum, and nothing else of it. [SEC-3]"""
    name = HERE.encode()
    assert decode(b"(cbuiltins\ngetattr\n(c" + name + b"\nColour\nS'RED'\ntRt.", (Colour,)) == (Colour.RED,)
    assert refusal(b"(cbuiltins\ngetattr\n(c" + name + b"\nColour\nS'mro'\ntRt.", (Colour,))


def test_arguments_that_come_again_have_a_limit_a_message() -> None:
    """A constructor may be called again with small arguments, and with a large one some times. [SEC-2]"""

    def encoded(size: int, times: int) -> bytes:
        head = b"(c_codecs\nencode\nq\x00(" + text("x" * size) + text("latin1") + b"tq\x010"
        return head + b"0" + b"h\x00h\x01R" * times + b"t."

    decoder = PickleDecoder(Settings())
    for _ in range(3):
        assert decoder.feed(encoded(70_000, 500)) == [(b"x" * 70_000,) * 500]
        assert decoder.feed(encoded(1, 5000)) == [(b"x",) * 5000]
    assert "come again so often" in refusal(encoded(70_000, 1000))
