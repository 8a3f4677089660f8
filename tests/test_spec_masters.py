"""
The conversations of the specification that say what a master takes and refuses, played to codec and state machine.

Each runs in every codec and pickle protocol that it claims, cut into single bytes and in one piece. The state table of
the specification is that of the machine.
"""

import json
import pickle
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from worker_machines import one_by_one

from spreadjobs.codec import Undecodable, make_decoder
from spreadjobs.errors import WorkerViolation
from spreadjobs.events import Answer, TaskId
from spreadjobs.messages import LegacyRemoteException, LegacyTooBusy
from spreadjobs.settings import Settings
from spreadjobs.states import NEXT, Event, State, WorkerMachine

SPEC = Path(__file__).resolve().parent.parent / "spec" / "1.0"
BYTES_BLOCK = re.compile(r"^```bytes\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTANCE = re.compile(r"<(TooBusy|RemoteException) (?:delay|args)=(.+?)>(?=,)")
BLOCK = re.compile(r"^```conversation\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@attrs.frozen
class Conversation:
    """One block that plays a master, in one codec and with one pickle protocol of the worker."""

    name: str
    codec: str
    protocol: int
    lines: list[tuple[str, str]]


def conversations() -> Iterator[Conversation]:
    """Every block of the text with ``plays: master``, in everything that it claims."""
    for number, block in enumerate(BLOCK.findall((SPEC / "conversations.md").read_text("utf-8")), 1):
        head, _, body = block.partition("\n\n")
        facts = dict(line.split(": ", 1) for line in head.splitlines())
        if facts.get("plays") != "master":
            continue
        lines = [(who, what) for who, _, what in (line.partition(": ") for line in body.splitlines())]
        for claim in facts["codecs"].split(", "):
            codec, _, protocols = claim.partition(" ")
            first, _, last = protocols.partition("-")
            for protocol in range(int(first or 0), int(last or first or 0) + 1):
                yield Conversation(f"{number}-{codec}{protocol}", codec, protocol, lines)


class Master:
    """The codec and the state machine for one worker, with the few lines of the loop that join them."""

    def __init__(self, conversation: Conversation) -> None:
        settings = Settings(codec="json" if conversation.codec == "json" else "pickle")
        self.conversation = conversation
        self.decoder = make_decoder(settings)
        self.machine = WorkerMachine(number_ids=conversation.codec == "json")
        self.machine.happen(Event.STARTED)
        self.values: list[object] = []

    def encode(self, value: object) -> bytes:
        """A message of the worker."""
        if self.conversation.codec == "json":
            return json.dumps(value).encode() + b"\n"
        return pickle.dumps(value, self.conversation.protocol)

    def read(self, data: bytes) -> None:
        """Take bytes from the worker; WorkerViolation if they break the protocol."""
        machine = self.machine
        if machine.state is State.PREPARATION:
            raise WorkerViolation("bytes came before the first request (spec PREP-3)", data)
        limit = len(machine.outstanding) if machine.state is State.SHUTDOWN else None
        try:
            messages, fault = self.decoder.feed(data, limit=limit), None
        except Undecodable as error:
            messages, fault = error.messages, error
        responses, _, violation = machine.receive(messages)
        self.values += [response.value for response in one_by_one(responses) if isinstance(response, Answer)]
        if violation is not None:
            raise violation
        if fault is not None:
            raise WorkerViolation(fault.reason, fault.quote, fault.cure)
        if machine.state is State.RUNNING and not machine.outstanding and self.decoder.buffered():
            raise WorkerViolation("bytes came when no request was unanswered (spec VIO-1)")

    def play(self, what: str) -> None:
        """One line of the master."""
        if what == "close":
            self.machine.happen(Event.STDIN_CLOSED)
        elif what.startswith("takes text "):
            text = self.decoder.rest().decode("utf-8", "surrogateescape")
            assert text == eval(what.removeprefix("takes text "))  # noqa: S307 - the specification's own text
        elif what.startswith("takes "):
            assert self.values.pop(0) == eval(what.removeprefix("takes "))  # noqa: S307 - as above
        elif not what.startswith("prepare "):
            match = re.match(r"\((\d+), ", what)
            assert match, what
            self.machine.requests_sent([TaskId(int(match[1]))])


def data_of(master: Master, what: str) -> bytes:
    """The bytes of one line of the worker; none for its exit."""
    if what.startswith("exits"):
        return b""
    if what.startswith("bytes "):
        return bytes.fromhex(what.removeprefix("bytes "))
    return master.encode(eval(what))  # noqa: S307 - the specification's own text


@pytest.mark.parametrize("piece_bytes", [1, 1 << 20], ids=["bytewise", "whole"])
@pytest.mark.parametrize("conversation", list(conversations()), ids=lambda conversation: conversation.name)
def test_the_master_takes_and_refuses_what_the_text_says(conversation: Conversation, piece_bytes: int) -> None:
    """Answers before a violation count, the violation is found, and its text cites a requirement. [VIO-1, VIO-2]"""
    master = Master(conversation)
    violation: WorkerViolation | None = None
    refused = None
    for who, what in conversation.lines:
        if what.startswith("refuses "):
            refused = what.removeprefix("refuses ")
        elif who == "master":
            master.play(what)
        else:
            data = data_of(master, what)
            try:
                for at in range(0, len(data), piece_bytes):
                    master.read(data[at : at + piece_bytes])
            except WorkerViolation as error:
                violation = error
    if refused is None:
        assert violation is None, str(violation)
    else:
        assert violation is not None, f"{refused} was broken and nothing was said"
        assert re.search(r"\b[A-Z]+-\d+\b", str(violation)), str(violation)
    assert master.values == []


def test_there_are_conversations_for_masters() -> None:
    """At least eighteen different blocks are played here, in both codecs."""
    played = list(conversations())

    assert len({conversation.name.partition("-")[0] for conversation in played}) >= 18
    assert {conversation.codec for conversation in played} == {"pickle", "json"}


def shown(value: object) -> object:
    """A decoded value with the ancestor's instances as plain tuples."""
    match value:
        case LegacyTooBusy():
            return ("TooBusy", value.delay)
        case LegacyRemoteException():
            return ("RemoteException", value.args)
        case tuple() | list():
            return type(value)(shown(item) for item in value)
        case _:
            return value


@pytest.mark.parametrize("block", BYTES_BLOCK.findall((SPEC / "codecs.md").read_text("utf-8")))
def test_the_codec_reads_the_worked_examples(block: str) -> None:
    """The library decodes every worked example, whole and cut into bytes, to the value that it states. [WIRE-6]"""
    head = dict(line.split(": ", 1) for line in block.splitlines() if re.match(r"(codec|value): ", line))
    data = bytes.fromhex("".join(re.findall(r"^((?:[0-9a-f]{2} )*[0-9a-f]{2})  ", block, re.MULTILINE)))
    stated = eval(INSTANCE.sub(r"('\1', \2)", head["value"]))  # noqa: S307 - the specification's own text
    settings = Settings(codec="json" if head["codec"] == "json" else "pickle")

    for piece_bytes in (1, len(data)):
        decoder = make_decoder(settings)
        values: list[object] = []
        for at in range(0, len(data), piece_bytes):
            values += decoder.feed(data[at : at + piece_bytes])
        if head["codec"] == "json":
            assert values == [json.loads(json.dumps(stated))]
        else:
            assert list(map(repr, map(shown, values))) == [repr(stated)]
        assert decoder.buffered() == 0


def test_the_machine_has_the_transitions_of_the_specification() -> None:
    """The table in states.py has the states, events and next states of the specification's. (Section 4.)"""
    document = tomllib.loads((SPEC / "states.toml").read_text("utf-8"))
    specified = {
        (row["state"], row["event"], row["next"]) for row in document["transition"] if row["party"] == "master"
    }
    built = {
        (state.value, event.value, following.value) for state, row in NEXT.items() for event, following in row.items()
    }

    assert built == specified
    assert [state.value for state in State] == document["states"]
