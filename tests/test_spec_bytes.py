"""The worked examples of spec/1.0/codecs.md: the stated bytes are the stated values."""

import io
import json
import pickle
import pickletools
import re
from pathlib import Path
from typing import Final

import attrs
import pytest

SPEC = Path(__file__).resolve().parent.parent / "spec" / "1.0"
BLOCK = re.compile(r"^```bytes\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BYTES_LINE = re.compile(r"^((?:[0-9a-f]{2} )*[0-9a-f]{2})  +(\S.*)$")
OPCODE_NAMES: Final = {op.name for op in pickletools.opcodes}
INSTANCE = re.compile(r"<(TooBusy|RemoteException) (delay|args)=(.+?)>(?=[,)\]])")
MODULES: Final = {"spreadjobs", "gmisclib.spread_jobs", "spread_jobs", "__main__"}


class Instance:
    """What stands for an instance of the ancestor's classes."""

    def __init__(self, *args: object) -> None:
        self.args = args


class TooBusy(Instance):
    """A refusal in the ancestor's form."""


class RemoteException(Instance):
    """A failure in the ancestor's form."""


STAND_INS: Final = {"TooBusy": TooBusy, "RemoteException": RemoteException}


class ExampleUnpickler(pickle.Unpickler):
    """Loads the data model, and the ancestor's classes as stand-ins."""

    def find_class(self, module: str, name: str) -> object:
        """The constructor that a pickle names."""
        if module in MODULES:
            return STAND_INS[name]
        assert f"{module}.{name}" in {"_codecs.encode", "__builtin__.set", "builtins.complex"}
        return super().find_class(module, name)


@attrs.frozen
class Example:
    """One block of bytes."""

    codec: str
    protocol: int
    value_text: str
    canonical: bool
    lines: list[tuple[bytes, str]]

    @property
    def data(self) -> bytes:
        """All bytes, a newline after the message too."""
        return b"".join(data for data, _ in self.lines)

    @property
    def message(self) -> bytes:
        """The bytes of the message; in JSON its LF is one of them."""
        if self.codec == "json":
            return self.data
        stream = io.BytesIO(self.data)
        for _ in pickletools.genops(stream):
            pass  # It leaves the stream behind STOP.
        return self.data[: stream.tell()]


def parse(block: str) -> Example:
    """One block of the text as an example; anything unexpected in it is a failure."""
    facts: dict[str, str] = {}
    lines: list[tuple[bytes, str]] = []
    for line in block.splitlines():
        match = BYTES_LINE.match(line)
        if match:
            lines.append((bytes.fromhex(match[1]), match[2]))
        else:
            key, _, value = line.partition(": ")
            assert not lines, line
            facts[key] = value
    assert set(facts) in ({"codec", "value"}, {"codec", "value", "canonical"}), facts
    codec, _, protocol = facts["codec"].partition(" ")
    return Example(codec, int(protocol or 0), facts["value"], facts.get("canonical") == "yes", lines)


EXAMPLES = [parse(block) for block in BLOCK.findall((SPEC / "codecs.md").read_text("utf-8"))]
IDS = [f"{example.codec}{example.protocol}-{example.value_text}" for example in EXAMPLES]


def stated(example: Example) -> object:
    """The value as the text states it: a Python literal, or an instance in angle brackets."""
    text = INSTANCE.sub(r"('\1', '\2', \3)", example.value_text)
    value: object = eval(text, {"__builtins__": {}})  # noqa: S307 - the text is the specification's own
    return value


def shown(value: object) -> object:
    """A decoded value with instances in the form that ``stated`` gives them."""
    match value:
        case TooBusy():
            return ("TooBusy", "delay", vars(value)["delay"])
        case RemoteException():
            return ("RemoteException", "args", value.args)
        case tuple() | list():
            return type(value)(shown(item) for item in value)
        case _:
            return value


def as_lists(value: object) -> object:
    """The value with every tuple a list, as JSON has it."""
    return [as_lists(item) for item in value] if isinstance(value, list | tuple) else value


def test_there_are_examples_for_both_codecs_and_every_kind_of_message() -> None:
    """The text has worked examples in both codecs: request, answer, refusal, failure, Alive, instance."""
    for codec in ("pickle", "json"):
        texts = " ".join(example.value_text for example in EXAMPLES if example.codec == codec)
        for part in ('(7, "x")', '((7, "x"), None, None)', '"TooBusy", 7', '("RemoteException"', '("Alive"'):
            assert part in texts, (codec, part)
    assert {example.protocol for example in EXAMPLES if example.codec == "pickle"} == {0, 1, 2, 4}
    assert sum(example.canonical for example in EXAMPLES) >= 9


@pytest.mark.parametrize("example", EXAMPLES, ids=IDS)
def test_the_bytes_are_the_value(example: Example) -> None:
    """The bytes of an example decode to the value that it states, types and all. [WIRE-1]"""
    if example.codec == "json":
        assert example.data.endswith(b"\n")
        assert example.data.count(b"\n") == 1
        assert json.loads(example.data) == as_lists(stated(example))
    else:
        value = shown(ExampleUnpickler(io.BytesIO(example.message), encoding="utf-8").load())
        assert repr(value) == repr(stated(example))
        assert example.data[len(example.message) :] in (b"", b"\n")


@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if e.canonical], ids=[e.value_text for e in EXAMPLES if e.canonical]
)
def test_canonical_bytes_are_those_of_python(example: Example) -> None:
    """Where an example says so, ``pickle.dumps`` gives exactly its bytes. [PKL-1]"""
    assert pickle.dumps(stated(example), example.protocol) == example.message


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.codec == "pickle"], ids=lambda e: e.value_text)
def test_pickles_keep_to_their_protocol_and_their_comments_are_right(example: Example) -> None:
    """An example uses opcodes of its protocol alone; its comments name opcodes that begin in their lines. [PKL-1]"""
    begins = {position or 0: op for op, _, position in pickletools.genops(example.message)}
    offset = 0
    for data, comment in example.lines:
        here = {begins[at].name for at in range(offset, offset + len(data)) if at in begins}
        named = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", comment)) & OPCODE_NAMES
        assert named <= here, comment
        offset += len(data)
    assert max(op.proto for op in begins.values()) <= example.protocol
    assert "PROTO" not in {op.name for op in begins.values()} or example.message[1] == example.protocol


@pytest.mark.parametrize("example", [e for e in EXAMPLES if "None, None)" in e.value_text], ids=lambda e: e.value_text)
def test_pickled_responses_begin_as_they_must(example: Example) -> None:
    """The responses among the examples begin with one of the three bytes, in JSON with a bracket. [PKL-4]"""
    assert example.data[0] in ((0x5B,) if example.codec == "json" else (0x80, 0x28, 0x5D))
