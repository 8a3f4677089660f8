"""Tests of ``fuzz_wire``, ``fuzz_pickle``, ``fuzz_values``: bytes say what they should, in forms that are allowed."""

from __future__ import annotations

import hashlib
import json
import math
import pickle
import pickletools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from fuzzing import JSON, PICKLE, WAYS, script
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.fuzz_pickle import free_pickle
from spreadjobs_conform.fuzz_play import play_of
from spreadjobs_conform.fuzz_script import Form, Message
from spreadjobs_conform.fuzz_values import MOST_LEVELS, ValueMaker, depth, is_rare
from spreadjobs_conform.fuzz_wire import encoded
from spreadjobs_conform.values import difference, show

COUNT = 150
FORBIDDEN = {"PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER"}
FORBIDDEN |= {"STRING", "BINSTRING", "SHORT_BINSTRING", "INST", "OBJ", "NEWOBJ", "BUILD"}


def chance(seed: int | str) -> Random:
    return Random(seed)  # noqa: S311 - it is for tests


def values(codec: str, count: int = COUNT) -> list[object]:
    maker = ValueMaker(chance(f"values of {codec}"), codec, 1 << 12)
    return [maker.value() for _ in range(count)]


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_says_the_value_in_opcodes_of_its_protocol(protocol: int, form: Form) -> None:
    """Python reads the same value; each opcode is of that protocol or an older one, and is allowed. [PKL-1]"""
    candidate = WAYS[f"pickle{protocol}"]

    for number, value in enumerate(values("pickle")):
        data = encoded(Message(value=value, is_item=True, form=form, seed=number), candidate)
        opcodes = list(pickletools.genops(data))
        assert difference(value, pickle.loads(data), by_number=False) is None
        assert max(opcode.proto for opcode, _, _ in opcodes) <= protocol
        assert {opcode.name for opcode, _, _ in opcodes}.isdisjoint(FORBIDDEN)
        assert data[:2] == b"\x80" + bytes((protocol,)) or protocol < 2


def test_frames_hold_whole_opcodes_of_one_message() -> None:
    """A frame begins behind the one before, ends where an opcode does, and not beyond STOP."""
    framed = 0
    for number, value in enumerate(values("pickle")):
        data = free_pickle(value, 4, chance(number))
        places = {place for _, _, place in pickletools.genops(data)} | {len(data)}
        end = 0
        for opcode, size, place in pickletools.genops(data):
            if opcode.name == "FRAME" and place is not None and size is not None:
                assert place >= end
                end = place + 9 + int(size)
                assert end in places
                framed += 1

    assert framed > COUNT // 2


def test_free_pickles_use_opcodes_that_python_does_not_write() -> None:
    """A reader that knows Python's pickler alone meets others: texts of protocol 0, MARK and TUPLE, 8-byte lengths."""
    names = {
        opcode.name
        for number, value in enumerate(values("pickle", 4 * COUNT))
        for opcode, _, _ in pickletools.genops(free_pickle(value, 4, chance(number)))
    }

    assert {"INT", "LONG", "UNICODE", "PUT", "GET", "BINPUT", "LONG_BINPUT", "MEMOIZE", "BINUNICODE8", "LONG4"} <= names
    assert {"TUPLE", "LIST", "DICT", "APPEND", "SETITEM", "FRAME", "ADDITEMS", "FROZENSET", "STACK_GLOBAL"} <= names


def test_a_value_that_is_none_of_the_data_model_is_refused() -> None:
    """Nothing is written for it."""
    with pytest.raises(TypeError, match="object is no value"):
        free_pickle(object(), 4, chance(0))
    with pytest.raises(TypeError, match="does not travel"):
        encoded(Message(value=object(), is_item=True, form=Form.FREE), JSON)


@pytest.mark.parametrize("form", Form)
def test_json_says_the_value_on_one_line(form: Form) -> None:
    """Any reader of RFC 8259 finds the value; one LF ends it, and no int is written that may not travel. [JSON-5]"""
    for number, value in enumerate(values("json")):
        data = encoded(Message(value=value, is_item=True, form=form, seed=number), JSON)
        assert data.count(b"\n") == 1
        assert data.endswith(b"\n")
        assert difference(value, json.loads(data, parse_int=_small), by_number=True) is None


def _small(text: str) -> int:
    assert abs(int(text)) < 2**53
    return int(text)


def test_ids_and_counts_are_ints_in_json_whatever_the_form() -> None:
    """The task id, times and status have neither fraction nor exponent. [RUN-2]"""
    payload = {"op": "busy", "key": "k", "delay_s": 2, "times": 3}

    for seed in range(COUNT):
        data = encoded(Message(value=payload, task_id=20_000, form=Form.FREE, seed=seed), JSON)
        task_id, read = json.loads(data)
        assert (type(task_id), type(read["times"])) == (int, int)
        assert (task_id, read) == (20_000, payload)


def leaves_of(value: object) -> Iterator[object]:
    """What is no container in a value."""
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if not isinstance(value, list | tuple | set | frozenset):
        yield value
        return
    for item in value:
        yield from leaves_of(item)


@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_values_go_to_the_edges_and_stay_in_the_data_model(codec: str) -> None:
    """Lengths and ints around powers of two, deep nesting, never deeper than 100 levels. [DATA-2] [JSON-5]"""
    drawn = values(codec, 2000)
    leaves = list(leaves_of(drawn))
    ints = {leaf for leaf in leaves if type(leaf) is int}
    lengths = {len(leaf) for leaf in leaves if isinstance(leaf, str)}

    assert max(map(depth, drawn)) == MOST_LEVELS
    assert {0, 1, -1, 2**31, 2**53 - 1} <= ints
    assert {0, 1, 255, 256, 257} <= lengths
    assert codec == "pickle" or all(abs(each) < 2**53 for each in ints)
    assert codec == "pickle" or not any("\ud800" <= each <= "\udfff" for leaf in leaves for each in str(leaf))


@pytest.mark.parametrize(
    ("value", "by_number", "rare"),
    [
        (2**63 - 1, False, False),
        (2**63, False, True),
        ([{"k": -(2**63) - 1}], False, True),
        (math.nan, False, True),
        ("\ud800", False, True),
        (b"", False, True),
        ({1: 2}, False, True),
        ((True, None, 1.5, "x"), False, False),
        (1e17, False, False),
        (1e17, True, True),
        (2.0**53 - 1, True, False),
        (1.5e300, True, True),
        ({1}, False, True),
        (1j, False, True),
    ],
)
def test_what_a_language_may_lack_is_known(value: object, by_number: bool, rare: bool) -> None:  # noqa: FBT001 - the table
    """A failure is right in place of such a value, and of no other one. [JSON-4]"""
    assert is_rare(value, by_number=by_number) == rare, show(value)


def digest(candidate: Candidate) -> str:
    """Of the bytes of many conversations."""
    scripts = (script(number, candidate) for number in range(COUNT))
    return hashlib.sha256(b"".join(play_of(each, candidate).data for each in scripts)).hexdigest()


def test_the_bytes_are_the_same_in_every_process() -> None:
    """The order of a set, which is another one in each process, changes nothing."""
    code = "import test_conform_fuzz_wire as t; print(t.digest(t.PICKLE))"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); {code}"]
    digests = {
        subprocess.run(
            command, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True, timeout=100
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert digests == {digest(PICKLE)}


def test_a_message_that_is_cut_has_all_its_bytes() -> None:
    """The writes of a conversation together are its bytes, in order, whatever the cuts. [WIRE-2]"""
    for number in range(COUNT):
        play = play_of(script(number), PICKLE)
        sizes = [move.size_bytes for move in play.moves if hasattr(move, "size_bytes")]
        assert sum(sizes) == len(play.data)
        assert min(sizes, default=1) > 0
