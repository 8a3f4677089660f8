"""
The example conversations of spec/1.0/conversations.md, played to real workers over real pipes.

The master's lines are written as bytes, in each codec and pickle protocol that the example claims; what comes back is
compared with the worker's lines. Nothing here uses the library: a fault of its codec must not agree with itself.
"""

import json
import pickle
import re
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import attrs
import pytest

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "spec" / "1.0"
REFERENCE_WORKER = ROOT / "workers" / "python" / "worker.py"
SMALL_WORKER = SPEC / "examples" / "small_conformance_worker.py"
BLOCK = re.compile(r"^```conversation\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTANCE = re.compile(r"<(TooBusy|RemoteException) (?:delay|args)=(.+?)>(?=,)")
MODULES: Final = {"spreadjobs", "gmisclib.spread_jobs", "spread_jobs", "__main__"}
TIME_LIMIT_S: Final = 30.0
NAMES: Final = {"__builtins__": {}, "set": set, "frozenset": frozenset, "bytearray": bytearray}


@attrs.frozen
class Conversation:
    """One block: what it claims, and its lines as (who, what)."""

    number: int
    facts: dict[str, str]
    lines: list[tuple[str, str]]

    def codecs(self) -> Iterator[tuple[str, int]]:
        """Every codec that the block claims, with each pickle protocol (0 in JSON)."""
        for claim in self.facts["codecs"].split(", "):
            codec, _, protocols = claim.partition(" ")
            first, _, last = protocols.partition("-")
            for protocol in range(int(first or 0), int(last or first or 0) + 1):
                yield codec, protocol

    def commands(self, codec: str) -> Iterator[list[str]]:
        """The worker programs to play it to: its own, or those that serve the conformance payloads."""
        if "program" in self.facts:
            words = shlex.split(self.facts["program"])
            yield [sys.executable if word == "python" else word for word in words]
            return
        if codec == "json":
            yield [sys.executable, str(SMALL_WORKER)]
        options = ["--codec", "json"] if codec == "json" else []
        if self.facts.get("dialect") == "untagged":
            options += ["--dialect", "untagged"]
        yield [sys.executable, str(REFERENCE_WORKER), *options]


def parse(number: int, block: str) -> Conversation:
    """One block as a conversation; a line of another form is a failure."""
    head, _, body = block.partition("\n\n")
    facts = dict(line.split(": ", 1) for line in head.splitlines())
    lines = [(who, what) for who, _, what in (line.partition(": ") for line in body.splitlines())]
    assert set(facts) <= {"codecs", "dialect", "program", "plays"}, facts
    assert {who for who, _ in lines} <= {"master", "worker"}, block
    return Conversation(number, facts, lines)


CONVERSATIONS: Final = [
    parse(number, block)
    for number, block in enumerate(BLOCK.findall((SPEC / "conversations.md").read_text("utf-8")), 1)
]
PLAYED: Final = [
    pytest.param(conversation, codec, protocol, command, id=f"{conversation.number}-{codec}{protocol}-{number}")
    for conversation in CONVERSATIONS
    if "plays" not in conversation.facts
    for codec, protocol in conversation.codecs()
    for number, command in enumerate(conversation.commands(codec), 1)
]


class Instance:
    """What stands for an instance of the ancestor's classes; only its attributes matter."""

    def __init__(self, *args: object) -> None:
        self.args = args


class TooBusy(Instance):
    """A refusal in the ancestor's form."""


class RemoteException(Instance):
    """A failure in the ancestor's form."""


class WireUnpickler(pickle.Unpickler):
    """Loads the data model, and the ancestor's classes as stand-ins."""

    def find_class(self, module: str, name: str) -> object:
        """The constructor that a pickle names."""
        if module in MODULES:
            return {"TooBusy": TooBusy, "RemoteException": RemoteException}[name]
        return super().find_class(module, name)


def value_of(text: str) -> object:
    """A value of the text: a Python literal, an instance in angle brackets, ``...`` for anything."""
    value: object = eval(INSTANCE.sub(r"('\1', \2)", text), dict(NAMES))  # noqa: S307 - the specification's own text
    return value


def same(due: object, came: object, *, codec: str, loose: bool = False) -> bool:
    """
    Whether a value came that is the one due.

    Args:
        due: The value of the text; Ellipsis stands for anything.
        came: The decoded value.
        codec: In JSON tuples are lists and numbers are numbers.
        loose: A list may come for this tuple; for those in it only in JSON.
    """
    if due is ...:
        return True
    if isinstance(due, list | tuple):
        return same_sequence(due, came, codec=codec, loose=loose)
    if isinstance(due, dict) and isinstance(came, dict):
        return keys(due) == keys(came) and all(same(value, came[key], codec=codec) for key, value in due.items())
    if isinstance(due, set | frozenset) and type(due) is type(came):
        return keys(due) == keys(came)
    if codec == "json" and type(due) in (int, float):
        return type(came) in (int, float) and due == came
    return type(due) is type(came) and repr(due) == repr(came)


def keys(values: object) -> list[str]:
    """The keys or members in a form that tells 1 from True and from 1.0."""
    assert isinstance(values, dict | set | frozenset)
    return sorted(map(repr, values))


def same_instance(due: list[object] | tuple[object, ...], came: Instance) -> bool:
    """Whether an instance is ``(name, delay)`` or ``(name, args)``; Ellipsis ends args that may be more."""
    name, facts = due
    if isinstance(came, TooBusy) or not isinstance(facts, tuple):
        return name == type(came).__name__ and bool(facts == vars(came).get("delay"))
    args = facts[:-1] if facts[-1] is ... else facts
    return name == type(came).__name__ and bool(came.args[: len(args)] == args)


def same_sequence(due: list[object] | tuple[object, ...], came: object, *, codec: str, loose: bool) -> bool:
    """Whether a sequence of the same type (or in JSON, or if it may be, any list or tuple) has the same items."""
    if isinstance(came, Instance):
        return same_instance(due, came)
    if not isinstance(came, list | tuple) or (codec == "pickle" and not loose and type(due) is not type(came)):
        return False
    return len(due) == len(came) and all(same(a, b, codec=codec) for a, b in zip(due, came, strict=True))


class Master:
    """Plays the master's lines to one worker, and reads what comes back."""

    def __init__(self, process: subprocess.Popen[bytes], codec: str, protocol: int) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.stdin: IO[bytes] = process.stdin
        self.stdout: IO[bytes] = process.stdout
        self.codec = codec
        self.protocol = protocol
        self.newlines: list[bool] = []
        self.unread_newline = False

    def encode(self, value: object) -> bytes:
        """One message."""
        if self.codec == "json":
            return json.dumps(value).encode() + b"\n"
        return pickle.dumps(value, self.protocol)

    def play(self, what: str) -> None:
        """One line of the master."""
        if what == "close":
            self.stdin.close()
            return
        if what.startswith("bytes "):
            data = bytes.fromhex(what.removeprefix("bytes "))
        else:
            data = self.encode(value_of(what.removeprefix("prepare ")))
        self.stdin.write(data)
        self.stdin.flush()

    def next_message(self) -> object:
        """The next message from the worker; blocks until its last byte is there."""
        if self.codec == "json":
            line = self.stdout.readline()
            assert line.endswith(b"\n"), f"half a message: {line!r}"
            return json.loads(line)
        if self.unread_newline:
            self.newlines.append(self.peek() == b"\n")
            if self.newlines[-1]:
                self.stdout.read(1)
        assert self.peek() in (b"\x80", b"(", b"]"), f"no response begins with {self.peek()!r}"
        self.unread_newline = True
        return WireUnpickler(self.stdout, encoding="utf-8", errors="surrogateescape").load()

    def peek(self) -> bytes:
        """The next byte, left where it is; nothing at the end."""
        peek = getattr(self.stdout, "peek")  # noqa: B009 - IO has no peek, the buffered reader of a pipe has
        return bytes(peek(1)[:1])

    def text(self) -> str:
        """What comes after the last message until the end. [SHUT-8, SHUT-9]"""
        rest = self.stdout.read()
        if self.unread_newline and all(self.newlines):
            rest = rest.removeprefix(b"\n")
        return rest.decode("utf-8", "surrogateescape")


def converse(conversation: Conversation, master: Master) -> None:
    """Play all lines; AssertionError says where the worker did otherwise."""
    text = ""
    for who, what in conversation.lines:
        if who == "master":
            master.play(what)
        elif what.startswith("text "):
            text += str(value_of(what.removeprefix("text ")))
        elif what.startswith("exits"):
            assert master.text() == text
            status = master.process.wait()
            assert what in ("exits", f"exits {status}"), f"{what!r} was due, the status was {status}"
        else:
            came = master.next_message()
            due = value_of(what)
            assert isinstance(came, list | tuple)
            assert isinstance(due, tuple)
            assert len(came) == len(due)
            # A list may stand for the response, its first, out and err; not for a tuple in the value. [RUN-4]
            tagged = conversation.facts.get("dialect") != "untagged"
            assert same(due[0], came[0], codec=master.codec, loose=tagged), f"{due!r} was due, {came!r} came"
            for lines_due, lines in zip(due[1:], came[1:], strict=True):
                # None stands for all the ways to say that nothing was printed. [OUT-1]
                nothing = lines_due in (None, []) and lines in (None, "", [], ())
                assert nothing or same(lines_due, lines, codec=master.codec, loose=True), f"{due!r} due, {came!r} came"


@pytest.mark.parametrize(("conversation", "codec", "protocol", "command"), PLAYED)
def test_a_worker_holds_its_side_of_the_conversation(
    conversation: Conversation, codec: str, protocol: int, command: list[str]
) -> None:
    """The messages, the text and the exit status of the worker are those of the text. [WIRE-1]"""
    with (
        tempfile.TemporaryFile() as stderr,
        subprocess.Popen(command, cwd=SPEC, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr) as process,
    ):
        watchdog = threading.Timer(TIME_LIMIT_S, process.kill)
        watchdog.start()
        try:
            converse(conversation, Master(process, codec, protocol))
        except (AssertionError, EOFError, BrokenPipeError) as error:
            process.kill()
            stderr.seek(0)
            raise AssertionError(f"{error!r}; its stderr: {stderr.read().decode(errors='replace')}") from error
        finally:
            watchdog.cancel()
            watchdog.join()


def test_the_conversations_cover_the_protocol() -> None:
    """There are conversations about each part, for workers and for masters, and each one ends properly."""
    text = (SPEC / "conversations.md").read_text("utf-8")

    assert len(re.findall(r"^```conversation$", text, re.MULTILINE)) == len(CONVERSATIONS)
    assert sum("plays" not in c.facts for c in CONVERSATIONS) >= 18
    assert sum("plays" in c.facts for c in CONVERSATIONS) >= 18
    assert {c.facts["dialect"] for c in CONVERSATIONS if "dialect" in c.facts} == {"untagged"}
    for conversation in CONVERSATIONS:
        who, what = conversation.lines[-1]
        if "plays" in conversation.facts:
            assert conversation.facts["plays"] == "master"
            assert who == "master"
            assert what.startswith(("takes ", "refuses ")), what
        else:
            assert who == "worker"
            assert what.startswith("exits"), what


@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_the_comparison_tells_values_apart(codec: str) -> None:
    """The comparison that these tests rest on finds values of another type, sign, length or content. [DATA-1]"""
    pairs: list[tuple[object, object]] = [
        (1, 2),
        (True, 1),
        (1, True),
        ([1], [1, 2]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ("a", "b"),
        (None, 0),
        ([1], "1"),
    ]
    if codec == "pickle":
        pairs += [
            (1, 1.0),
            (0.0, -0.0),
            ((1,), [1]),
            (b"a", "a"),
            ({1}, frozenset({1})),
            ({1}, {2}),
            ({1: 0}, {True: 0}),
        ]

    for due, came in pairs:
        assert same(due, due, codec=codec)
        assert not same(due, came, codec=codec), (due, came)


def test_ids_in_the_conversations_are_new_for_every_request() -> None:
    """No conversation uses a task id twice in requests. [RUN-2]"""
    for conversation in CONVERSATIONS:
        ids = [match[1] for _, what in conversation.lines if (match := re.match(r"\((\d+), ", what))]
        assert len(ids) == len(set(ids)), conversation.number
