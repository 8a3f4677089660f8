"""What befalls which response, byte by byte; no thread, no process."""

from __future__ import annotations

import json
import pickle
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadjobs.codec import make_decoder
from spreadjobs.framing import make_framing
from spreadjobs.messages import Undecodable
from spreadjobs.misbehaviour import GARBAGE, Deed, Incident, Misbehaviour, Misdeed, Odds
from spreadjobs.settings import Codec, Settings

NEVER = Odds(kill=0, stall=0, garbage=0, busy=0, truncate=0)
CODECS: list[Codec] = ["pickle", "json"]
FATAL: list[Misdeed] = ["kill", "stall", "garbage", "truncate"]


def always(misdeed: Misdeed) -> Odds:
    """Each response is struck so."""
    return Odds(**{**dict.fromkeys(("kill", "stall", "garbage", "busy", "truncate"), 0.0), misdeed: 1.0})


def make(odds: Odds, seed: int = 7, name: str = "1.1", codec: Codec = "pickle") -> Misbehaviour:
    """One worker's, with a list of its own for what it does."""
    return Misbehaviour(odds, seed, name, make_framing(codec, "tagged"), [], busy_delay_s=0.5)


def message(first: object, codec: Codec = "pickle") -> bytes:
    """A whole response, its newline included."""
    if codec == "json":
        return json.dumps([first, None, None]).encode() + b"\n"
    return pickle.dumps((first, None, None), 4) + b"\n"


def seen(misbehaviour: Misbehaviour, *pieces: bytes) -> tuple[bytes, int]:
    """The bytes that go on, and how often it kills."""
    steps = [step for piece in pieces for step in misbehaviour.feed(piece)]
    return b"".join(step for step in steps if isinstance(step, bytes)), steps.count(Deed.KILL)


def stream(count: int, codec: Codec = "pickle") -> bytes:
    """So many answers, with an Alive before each fifth."""
    return b"".join(
        (message(["Alive", number], codec) if number % 5 == 0 else b"") + message([number, "v" * (number % 40)], codec)
        for number in range(count)
    )


def decoded(data: bytes, codec: Codec) -> list[object]:
    """As the master sees it."""
    return make_decoder(Settings(codec=codec)).feed(data)


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_killed_gives_no_response(codec: Codec) -> None:
    """kill: neither the response nor anything after it goes on; what came before does."""
    misbehaviour = make(always("kill"), codec=codec)
    alive = message(["Alive", 1], codec)

    assert seen(misbehaviour, alive + stream(3, codec)[len(message(["Alive", 0], codec)) :]) == (alive, 1)
    assert seen(misbehaviour, b"anything") == (b"", 0)
    assert misbehaviour.release() == b""
    assert misbehaviour._incidents == [Incident("1.1", 1, "kill")]


@pytest.mark.parametrize("codec", CODECS)
def test_what_stalls_says_nothing_any_more(codec: Codec) -> None:
    """stall: as kill, but that nobody is killed; also at the end of the output."""
    misbehaviour = make(always("stall"), codec=codec)

    assert seen(misbehaviour, message([1, 2], codec), message([2, 3], codec)) == (b"", 0)
    assert misbehaviour.release() == b""
    assert seen(misbehaviour, message([3, 4], codec)) == (b"", 0)
    assert misbehaviour._incidents == [Incident("1.1", 1, "stall")]


@pytest.mark.parametrize("codec", CODECS)
def test_garbage_comes_before_the_response(codec: Codec) -> None:
    """garbage: no decoder takes it; all that follows passes untouched, as the master ends the worker. [VIO-1]"""
    misbehaviour = make(always("garbage"), codec=codec)
    data = stream(3, codec)[len(message(["Alive", 0], codec)) :]

    assert seen(misbehaviour, data, b"text") == (GARBAGE + data + b"text", 0)
    assert misbehaviour._incidents == [Incident("1.1", 1, "garbage")]
    with pytest.raises(Undecodable, match="chaos: these bytes are no message"):
        decoded(GARBAGE, codec)


@pytest.mark.parametrize("codec", CODECS)
def test_busy_takes_the_place_of_each_response(codec: Codec) -> None:
    """busy: a TooBusy for the same task, and the worker goes on; its newlines stay where they were. [BUSY-1, PKL-6]"""
    misbehaviour = make(always("busy"), codec=codec)
    data, kills = seen(misbehaviour, message([5, "v"], codec), message(["Alive", 6], codec), message([6, "w"], codec))

    wanted: list[object] = [(("TooBusy", 5, 0.5), None, None), (("Alive", 6), None, None)]
    wanted.append((("TooBusy", 6, 0.5), None, None))
    assert json.loads(json.dumps(decoded(data, codec))) == json.loads(json.dumps(wanted))
    assert (data.count(b"\n"), kills) == (3, 0)
    assert [incident.response for incident in misbehaviour._incidents] == [1, 2]


def test_busy_leaves_alone_what_names_no_task() -> None:
    """Such a message is the worker's own affair; nothing is said to have been done."""
    misbehaviour = make(always("busy"))

    assert seen(misbehaviour, message("what") + message([2, 3]))[0].startswith(message("what"))
    assert misbehaviour._incidents == [Incident("1.1", 2, "busy")]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("seed", range(100))
def test_truncate_gives_a_true_beginning_and_kills(codec: Codec, seed: int) -> None:
    """truncate: one byte at least, and never all of them but the newline, which would be a whole pickle. [JSON-6]"""
    misbehaviour = make(always("truncate"), seed=seed, codec=codec)
    whole = message([1, 2], codec)
    data, kills = seen(misbehaviour, whole + message([2, 3], codec))

    assert kills == 1
    assert 1 <= len(data) < len(whole)
    assert whole.startswith(data)
    assert decoded(data, codec) == []
    assert misbehaviour._incidents == [Incident("1.1", 1, "truncate")]


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.data())
def test_the_same_befalls_the_same_response_however_the_bytes_are_cut(codec: Codec, data: st.DataObject) -> None:
    """What goes on, who is killed, and what is noted: all follows from seed, name and the bytes alone. [WIRE-6]"""
    seed = data.draw(st.integers(0, 1000))
    whole = stream(30, codec)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    pieces = [whole[one:two] for one, two in zip([0, *cuts], [*cuts, len(whole)], strict=True) if one < two]
    in_one, in_pieces = (make(Odds(), seed=seed, codec=codec) for _ in range(2))

    assert seen(in_pieces, *pieces) == seen(in_one, whole)
    assert in_pieces._incidents == in_one._incidents


@pytest.mark.parametrize("codec", CODECS)
def test_another_name_or_seed_is_another_fate(codec: Codec) -> None:
    """A worker that was started again has another name: it does not end where the one before it did."""
    fates = set()
    for seed, name in [(7, "1.1"), (7, "1.2"), (7, "2.1"), (8, "1.1")]:
        misbehaviour = make(Odds(), seed=seed, name=name, codec=codec)
        seen(misbehaviour, stream(60, codec))
        fates.add(tuple((incident.response, incident.misdeed) for incident in misbehaviour._incidents))

    assert len(fates) == 4


def test_each_misdeed_is_as_frequent_as_it_is_likely() -> None:
    """Counted over the first responses of many workers; where it ends there is no second one to count."""
    firsts: Counter[str] = Counter()
    for number in range(20_000):
        misbehaviour = make(Odds(), name=f"{number}.1")
        misbehaviour.feed(message([1, 2]))
        firsts.update(incident.misdeed for incident in misbehaviour._incidents)

    for misdeed, chance in Odds().each():
        assert firsts[misdeed] == pytest.approx(20_000 * chance, rel=0.25), misdeed


@pytest.mark.parametrize("codec", CODECS)
def test_nothing_likely_is_nothing_changed_and_nothing_held_back(codec: Codec) -> None:
    """Each byte goes on as it comes, the beginnings of messages too."""
    misbehaviour = make(NEVER, codec=codec)
    whole = stream(10, codec)

    assert [misbehaviour.feed(whole[at : at + 1]) for at in range(len(whole))] == [[bytes([byte])] for byte in whole]
    assert misbehaviour._incidents == []


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_to_be_struck_is_held_back_until_it_is_whole(codec: Codec) -> None:
    """So that nothing of a response goes on that is to be lost; at the end of the output it goes on after all."""
    misbehaviour = make(always("kill"), codec=codec)

    assert seen(misbehaviour, message([1, 2], codec)[:-4]) == (b"", 0)
    assert misbehaviour.release() == message([1, 2], codec)[:-4]
    assert seen(misbehaviour, message([1, 2], codec)[-4:]) == (message([1, 2], codec)[-4:], 0)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("misdeed", [*FATAL, "busy"])
def test_what_is_no_message_passes_untouched_and_all_after_it(codec: Codec, misdeed: Misdeed) -> None:
    """The worker's own violation is the master's to find. [VIO-1]"""
    misbehaviour = make(always(misdeed), codec=codec)
    data = b"Traceback (most recent call last):\n" + message([1, 2], codec)

    assert seen(misbehaviour, data[:3], data[3:]) == (data, 0)
    assert misbehaviour._incidents == []


@pytest.mark.parametrize("codec", CODECS)
def test_once_released_all_passes(codec: Codec) -> None:
    """After the end of the requests what comes is text, also where it looks like a response. [SHUT-7]"""
    misbehaviour = make(always("kill"), codec=codec)

    assert misbehaviour.release() == b""
    assert seen(misbehaviour, stream(3, codec)) == (stream(3, codec), 0)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), True, "0.5", None])
def test_what_is_no_probability_is_refused_by_name(value: object) -> None:
    """What came and what is due."""
    with pytest.raises(ValueError, match=r"^stall=.*: a probability is due, a number from 0 to 1"):
        Odds(stall=value)  # type: ignore[arg-type]  # the mistake is the test


def test_more_than_all_is_refused() -> None:
    """One misdeed at most befalls a response: together they are 1 at most; ten tenths and the like are."""
    with pytest.raises(ValueError, match=r"kill \+ stall \+ garbage \+ busy \+ truncate = 1.1: 1 at most is due"):
        Odds(kill=0.5, stall=0.6, garbage=0, busy=0, truncate=0)
    assert Odds(kill=0.1, stall=0.2, garbage=0.3, busy=0.3, truncate=0.1).befalls(0.999999) == "truncate"
