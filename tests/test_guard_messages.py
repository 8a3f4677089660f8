"""``guard_messages.py`` tells from bytes, however they are cut, whether a worker has a task to do."""

from __future__ import annotations

import itertools
import json
import pickle
import pickletools
import tracemalloc
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadjobs import guard_messages
from spreadjobs.guard_lease import CHUNK_BYTES
from spreadjobs.guard_messages import HEAD_BYTES, Exchange, Lines, Pickles

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=300)
    | st.complex_numbers(allow_nan=False),
    lambda inner: st.lists(inner)
    | st.dictionaries(st.text(), inner)
    | st.tuples(inner, inner)
    | st.frozensets(st.text()),
    max_leaves=10,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
SMALL = st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=20) | st.lists(st.integers(0, 300), max_size=5)
IDS = st.integers(0, 300) | st.integers(0, 2**53 - 1)
CUTS = st.lists(st.integers(1, 50), max_size=60)


def pieces(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The bytes, cut; what the sizes do not reach is the last piece."""
    cut = []
    for size in sizes:
        cut.append(data[:size])
        data = data[size:]
    return [piece for piece in (*cut, data) if piece]


@given(st.lists(st.tuples(PLAIN, st.integers(0, 5), st.booleans()), min_size=1, max_size=3), CUTS)
def test_pickles_are_cut_where_they_end(values: list[tuple[object, int, bool]], sizes: list[int]) -> None:
    """Every protocol, any value, with and without a newline; the beginnings are those of the messages. [WIRE-6]"""
    messages = [pickle.dumps(value, protocol) for value, protocol, _ in values]
    stream = b"".join(message + b"\n" * newline for message, (_, _, newline) in zip(messages, values, strict=True))
    cutter = Pickles()

    heads = [head for piece in pieces(stream, sizes) for head in cutter.feed(piece)]

    assert heads == [message[:HEAD_BYTES] for message in messages]
    assert not cutter.partial


@given(PLAIN, st.integers(0, 5), st.data())
def test_a_part_of_a_pickle_is_under_way(value: object, protocol: int, data: st.DataObject) -> None:
    """From its first byte to the last but one. [WIRE-6]"""
    message = pickle.dumps(value, protocol)
    cutter = Pickles()
    cutter.feed(pickle.dumps(None))

    assert cutter.feed(message[: data.draw(st.integers(1, len(message) - 1))]) == []
    assert cutter.partial


@given(st.lists(JSON, min_size=1, max_size=4), CUTS)
def test_lines_are_cut_where_they_end(values: list[object], sizes: list[int]) -> None:
    """At LF, and nowhere else. [JSON-1]"""
    messages = [json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n" for value in values]
    cutter = Lines()
    heads = []
    for piece in pieces(b"".join(messages), sizes):
        heads += cutter.feed(piece)
        assert cutter.partial is not piece.endswith(b"\n")

    assert heads == [message[:-1][:HEAD_BYTES] for message in messages]


def test_every_opcode_of_pickle_is_known() -> None:
    """With the size of its argument as the standard library has it. [PKL-4]"""
    sizes = {1: 1, 2: 2, 4: 4, 8: 8}
    counted = {pickletools.TAKEN_FROM_ARGUMENT1: 1, pickletools.TAKEN_FROM_ARGUMENT4: 4,
               pickletools.TAKEN_FROM_ARGUMENT4U: 4, pickletools.TAKEN_FROM_ARGUMENT8U: 8}  # fmt: skip
    for opcode in pickletools.opcodes:
        argument, op = opcode.arg, opcode.code.encode("latin-1")
        if op == b".":
            continue
        if argument is None:
            assert op in guard_messages._BARE
        elif argument.n in counted:
            assert guard_messages._COUNTED[op] == counted[argument.n]
        elif argument.n == pickletools.UP_TO_NEWLINE:
            assert guard_messages._LINES[op] == (2 if "pair" in argument.name else 1)
        else:
            assert guard_messages._FIXED[op] == sizes[argument.n]


OUTCOMES: list[Callable[[int, object], object]] = [
    lambda task_id, value: ((task_id, value), None, None),
    lambda task_id, value: ([task_id, value], "out", ["err"]),
    lambda task_id, _value: (("TooBusy", task_id, 0.5), None, None),
    lambda task_id, _value: [["TooBusy", task_id, 7], None, None],
    lambda task_id, value: (("RemoteException", task_id, "ValueError", str(value), ""), None, None),
]


Task = tuple[int, object, Callable[[int, object], object]]


def encode(message: object, codec: int | str) -> bytes:
    """Make a message; the codec is a pickle protocol or ``"json"``."""
    return pickle.dumps(message, codec) if isinstance(codec, int) else json.dumps(message).encode() + b"\n"


def ends(messages: Sequence[bytes], start: int = 0) -> list[int]:
    """Where in the stream each of the messages ends."""
    return list(itertools.accumulate(map(len, messages), initial=start))[1:]


@given(
    tasks=st.lists(
        st.tuples(IDS, SMALL, st.sampled_from(OUTCOMES)), min_size=1, max_size=5, unique_by=lambda task: task[0]
    ),
    codecs=st.tuples(st.integers(0, 5), st.integers(0, 5)) | st.just(("json", "json")),
    items=st.lists(SMALL, max_size=2),
    cuts=st.tuples(CUTS, CUTS),
    random=st.randoms(use_true_random=False),
)
def test_no_task_runs_exactly_when_all_are_answered(
    tasks: list[Task],
    codecs: tuple[int | str, int | str],
    items: list[object],
    cuts: tuple[list[int], list[int]],
    random: Random,
) -> None:
    """Preparation, requests ahead of their responses, all in pieces that come in any order that is possible. [RUN-6]"""
    preparation = b"".join(encode(item, codecs[0]) for item in items)
    requests = [encode((task_id, payload), codecs[0]) for task_id, payload, _ in tasks]
    newline = b"" if codecs[1] == "json" else b"\n"
    responses = [encode(form(task_id, payload), codecs[1]) + newline for task_id, payload, form in tasks]
    due, given_back = ends(requests, len(preparation)), ends(responses)
    there, back = pieces(preparation + b"".join(requests), cuts[0]), pieces(b"".join(responses), cuts[1])
    exchange = Exchange("json" if codecs[1] == "json" else "pickle", "tagged")
    sent = written = 0

    while there or back:
        begun = sum(end <= sent for end in due)
        possible = back and written + len(back[0]) <= [0, *given_back][begun]
        if there and (not possible or random.random() < 0.5):
            sent += len(there[0])
            exchange.to_worker(there.pop(0))
        else:
            written += len(back[0])
            exchange.from_worker(back.pop(0))
        answers = [end for end in given_back if end - len(newline) <= written]
        at_end = bool(answers) and written - answers[-1] in {0, -len(newline)}
        # A part of a further request is none yet.
        assert exchange.idle is (at_end and len(answers) == sum(end <= sent for end in due))

    assert exchange.idle


@given(values=st.lists(SMALL, min_size=1, max_size=5), items=st.lists(SMALL, max_size=2), sizes=st.tuples(CUTS, CUTS))
def test_in_lock_step_no_task_runs_when_the_worker_spoke_last(
    values: list[object], items: list[object], sizes: tuple[list[int], list[int]]
) -> None:
    """Without ids, whatever the values are, and not before the first response. [UNT-3]"""
    exchange = Exchange("pickle", "untagged")
    for item in items:
        exchange.to_worker(pickle.dumps(item, 2))
    assert not exchange.idle
    for number, value in enumerate(values):
        *beginning, last = pieces(pickle.dumps(value, 2), sizes[0])
        for piece in beginning:
            exchange.to_worker(piece)
            assert exchange.idle is (number > 0)
        exchange.to_worker(last)
        assert not exchange.idle
        *beginning, last = pieces(pickle.dumps((value, None, None), 2), sizes[1])
        for piece in beginning:
            exchange.from_worker(piece)
            assert not exchange.idle
        exchange.from_worker(last)
        assert exchange.idle


REQUEST = pickle.dumps((10021, "x"), 4)
RESPONSE = pickle.dumps(((10021, "x"), None, None), 4)


@pytest.mark.parametrize(
    "response",
    [
        pickle.dumps((("Alive", 10021), None, None)),
        pickle.dumps(((10020, "x"), None, None)),
        pickle.dumps((("TooBusier", 10021, 0), None, None)),
        pickle.dumps(((True, "x"), None, None), 0),
        pickle.dumps((("TooBusy", "x", 10021), None, None)),
        b"\x80\x02cspreadjobs\nTooBusy\n)\x81(X\x05\0\0\0delayM\x25\x27db" + b"NN\x87.",
        b"10021\n",
        RESPONSE + b"\n\n",
        RESPONSE + b"T\xff\xff\xff\xff",
    ],
    ids=["alive", "other id", "other word", "no id", "id elsewhere", "instance", "text", "a line more", "no length"],
)
def test_what_cannot_be_told_counts_as_a_task(response: bytes) -> None:
    """It may be one. [RUN-11] [INST-1]"""
    exchange = Exchange("pickle", "tagged")
    exchange.to_worker(REQUEST)
    exchange.from_worker(response)

    assert not exchange.idle


@pytest.mark.parametrize(
    "response",
    [b'[["Alive",7],null,null]\n', b"[7,null,null]\n", b"\n", b"[[8,1],null,null]\n", b'[["7",7],null,null]\n'],
)
def test_what_is_no_response_in_json_answers_nothing(response: bytes) -> None:
    """A task goes on until its response comes. [RUN-11]"""
    exchange = Exchange("json", "tagged")
    exchange.to_worker(b"[7, 1]\n")
    exchange.from_worker(response)
    assert not exchange.idle
    exchange.from_worker(b"[[7,1],null,null]\n")
    assert exchange.idle


@pytest.mark.parametrize("number", ["100000", "1e5", "100000.0", "1.0E+5", " \t100000 "])
def test_any_number_that_is_equal_is_the_id_in_json(number: str) -> None:
    """Some languages write great ints so. [JSON-3]"""
    exchange = Exchange("json", "tagged")
    exchange.to_worker(b"[100000,null]\n")
    exchange.from_worker(b" [ [ %b , null ] ,null,null]\n" % number.encode())

    assert exchange.idle


@pytest.mark.parametrize("size", [1 << 20, 1 << 22])
def test_a_long_message_is_not_kept(size: int) -> None:
    """However long, and whatever it is made of: a text, many small values, one long line. [SEC-2]"""
    for message in (
        pickle.dumps((7, "x" * size)),
        pickle.dumps((7, list(range(size // 8)))),
        pickle.dumps((7, "x" * size), 0),
        json.dumps([7, "x" * size]).encode() + b"\n",
    ):
        exchange = Exchange("json" if message.startswith(b"[") else "pickle", "tagged")
        tracemalloc.start()
        for at in range(0, len(message), CHUNK_BYTES):
            exchange.to_worker(message[at : at + CHUNK_BYTES])
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        json_came = message.startswith(b"[")
        exchange.from_worker(b"[[7,1],null,null]\n" if json_came else pickle.dumps(((7, 1), None, None)))

        assert exchange.idle
        assert most < 10 * CHUNK_BYTES
