"""Keys of one hash: counted before they get into a container."""

from __future__ import annotations

import itertools
import pickle
import struct
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from spreadjobs.codec import make_decoder
from spreadjobs.collisions import Crowds
from spreadjobs.messages import Undecodable
from spreadjobs.opcodes import MAX_SAME_HASH, Walk
from spreadjobs.settings import ANYTHING, Anything, Settings
from spreadjobs.trust_values import NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Callable

MODULUS = 2**61 - 1
MANY = 3000


def same_hash(count: int) -> list[tuple[int, ...]]:
    """Tuples of one hash: CPython gives -1 the hash of -2."""
    return [tuple(-1 if number >> bit & 1 else -2 for bit in range(16)) for number in range(count)]


def tuple_key(number: int) -> bytes:
    items = (b"J" + struct.pack("<i", -1 if number >> bit & 1 else -2) for bit in range(16))
    return b"(" + b"".join(items) + b"t"


def complex_key(number: int) -> bytes:
    real, imaginary = 1e12 - 1000003.0 * number, float(number)
    return b"cbuiltins\ncomplex\n" + b"G" + struct.pack(">d", real) + b"G" + struct.pack(">d", imaginary) + b"\x86R"


def decimal_key(number: int) -> bytes:
    text = str((number + 1) * MODULUS).encode()
    return b"cdecimal\nDecimal\n" + b"\x8c" + bytes([len(text)]) + text + b"\x85R"


def text_key(number: int) -> bytes:
    return b"I%d\n" % ((number + 100) * MODULUS)


def keys(make: Callable[[int], bytes], between: bytes = b"") -> bytes:
    return b"".join(make(number) + between for number in range(MANY))


CONTAINERS: dict[str, Callable[[Callable[[int], bytes]], bytes]] = {
    "SETITEMS": lambda make: b"}(" + keys(make, b"N") + b"u",
    "SETITEM": lambda make: b"}" + keys(make, b"Ns"),
    "DICT": lambda make: b"(" + keys(make, b"N") + b"d",
    "ADDITEMS": lambda make: b"\x8f(" + keys(make) + b"\x90",
    "FROZENSET": lambda make: b"(" + keys(make) + b"\x91",
    "set": lambda make: b"cbuiltins\nset\n(" + keys(make) + b"l\x85R",
    "OrderedDict": lambda make: b"ccollections\nOrderedDict\n(" + keys(make, b"N\x86") + b"l\x85R",
    "set made by NEWOBJ": lambda make: b"cbuiltins\nset\n(" + keys(make) + b"l\x85\x81",
    "set made by OBJ": lambda make: b"(cbuiltins\nset\n(" + keys(make) + b"lo",
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("make", [tuple_key, complex_key, decimal_key, text_key])
def test_a_message_of_colliding_keys_is_refused(container: str, make: Callable[[int], bytes]) -> None:
    """Whatever the keys are made of and however they get there, a crowd of them costs no more than others. [SEC-2]"""
    data = b"\x80\x04(" + CONTAINERS[container](make) + b"NNt."
    with pytest.raises(Undecodable, match="too long to compare"):
        make_decoder(Settings()).feed(data)


@pytest.mark.parametrize("protocol", range(6))
def test_sound_messages_with_many_composite_keys_arrive(protocol: int) -> None:
    """What a worker may send comes back the same: tuples, Decimals, sets and large integers as keys. [SEC-2]"""
    sound = (
        {(number, -number): number for number in range(MANY)},
        {Decimal(number): complex(number, 1) for number in range(MANY)},
        {frozenset({(number, 1), (number, 2)}) for number in range(MANY)},
        [{(1, 2): number, (2, 3): 0} for number in range(MANY)],
        {number * MODULUS: number for number in range(MAX_SAME_HASH // 2)},
        [number * MODULUS for number in range(MANY)],
    )
    assert make_decoder(Settings()).feed(pickle.dumps(sound, protocol)) == [sound]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("allow", [(), ANYTHING], ids=["data", "ANYTHING"])
def test_honest_keys_that_collide_arrive(protocol: int, allow: tuple[()] | Anything) -> None:
    """A grid around zero has crowds of up to 256 keys of one hash, since -1 has that of -2. [SEC-2]"""
    sound = dict.fromkeys(itertools.product(range(-2, 1), repeat=8), 0)
    crowds = Counter(map(hash, sound))
    assert max(crowds.values()) > MAX_SAME_HASH
    assert make_decoder(Settings(allow=allow)).feed(pickle.dumps((1, sound), protocol)) == [(1, sound)]


@pytest.mark.parametrize("size_bytes", [0, 1_000_000])
def test_the_size_of_the_message_says_how_many_keys_may_collide(size_bytes: int) -> None:
    """However short the message is, as many may as would go unnoticed, and more in a longer one. [SEC-2]"""
    crowds = Crowds(size_bytes)
    held: set[object] = set()

    def add_all() -> None:
        for key in same_hash(MANY):
            crowds.add(held, key)
            held.add(key)

    with pytest.raises(NotAdmitted, match="too long to compare"):
        add_all()
    few, many = (2 * MAX_SAME_HASH, MANY) if size_bytes else (MAX_SAME_HASH, 2 * MAX_SAME_HASH)
    assert few < len(held) < many


def test_looking_for_a_key_among_those_of_its_hash_costs_too() -> None:
    """A key that is already there is found by its identity, which is not free of charge among many. [SEC-2]"""
    crowds = Crowds(0)
    held: set[object] = set()
    several = same_hash(MAX_SAME_HASH)

    def add_all(count: int) -> None:
        for _ in range(count):
            for key in several:
                crowds.add(held, key)

    add_all(2)
    with pytest.raises(NotAdmitted, match="too long to compare"):
        add_all(100)


def test_each_container_is_looked_at_by_itself() -> None:
    """The same keys in many containers collide nowhere. [SEC-2]"""
    crowds = Crowds(0)
    for key in same_hash(MANY):
        crowds.add({}, key)


BIG_INTS = (
    b"](" + b"".join(b"\x8a\x09" + ((number + 5) * MODULUS).to_bytes(9, "little") for number in range(205)) + b"e"
)
LAUGHS = b"})" + b"2\x86" * 40 + b"Ns"
DEEP = b"})" + b"\x85" * 400_000 + b"Ns"


@pytest.mark.timeout(60, method="thread")  # a signal does not get through to a hash that takes for ever
@pytest.mark.parametrize("body", [LAUGHS, DEEP], ids=["shared tuples", "deep tuples"])
@pytest.mark.parametrize("before", [b"N", BIG_INTS], ids=["alone", "behind a crowd"])
def test_a_crowd_of_ints_does_not_hide_what_costs_much_to_hash(before: bytes, body: bytes) -> None:
    """That a message must be loaded with care does not spare it the look at what hashing it takes. [SEC-2]"""
    data = b"\x80\x04(" + before + body + b"t."
    walk = Walk(len(data))
    assert walk.advance(bytearray(data), 0) == len(data)
    assert (walk.crowded, walk.tangled) == (before == BIG_INTS, True)
    with pytest.raises(Undecodable, match=r"\(spec SEC-[12]"):
        make_decoder(Settings()).feed(data)


def test_pairs_that_share_their_first_item_are_no_crowd() -> None:
    """A constructor's argument may be a list of pairs with the same first item, or of things without a hash. [SEC-2]"""
    crowds = Crowds(1000)
    crowds.arguments(([((1, 2), number) for number in range(MANY)], [[number] for number in range(MANY)], [{}], 5))
    crowds.arguments(5)


def chain(levels: int) -> frozenset[object]:
    """A value each level of which refers twice to the one below: comparing it with its equal takes 2**levels steps."""
    value: frozenset[object] = frozenset({1})
    for _ in range(levels):
        value = frozenset({(value, value)})
    return value


NUMBER = 2**100_000


@pytest.mark.parametrize(
    ("first", "twin"),
    [(chain(40), chain(40)), (NUMBER, Decimal(hash(NUMBER))), (Decimal(hash(NUMBER)), NUMBER)],
    ids=["equal chains", "a Decimal and a number", "a number and a Decimal"],
)
def test_keys_that_take_too_long_to_compare_are_not_compared(first: object, twin: object) -> None:
    """One comparison may be one too many; the same key again costs none. [SEC-2]"""
    crowds = Crowds(1000)
    held: set[object] = set()
    crowds.add(held, first)
    for _ in range(MANY):
        crowds.add(held, first)
    with pytest.raises(NotAdmitted, match="too long to compare"):
        crowds.add(held, twin)


def test_long_texts_are_compared_as_often_as_the_message_is_long() -> None:
    """Equal texts cost their length each time, so that many of them are refused. [SEC-2]"""
    crowds = Crowds(1000)
    text = "x" * 100_000
    twin = "".join(["x"] * 100_000)
    held: set[object] = set()

    def add_twins(count: int) -> None:
        for _ in range(count):
            crowds.add(held, twin)

    crowds.add(held, text)
    add_twins(100)
    with pytest.raises(NotAdmitted, match="too long to compare"):
        add_twins(MANY)


def test_equal_keys_that_are_not_the_same_object_are_one_key() -> None:
    """However often a key is written anew, it is one. [SEC-2]"""
    crowds = Crowds(1000)
    held: set[object] = set()
    for number in range(MANY):
        crowds.add(held, (number - number, "a"))
