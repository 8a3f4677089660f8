"""The codec pickle reads what real picklers write: all Pythons from 2.7 on, and the ancestor's instances."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import json
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from pickle_reading import read

from spreadjobs.messages import LegacyRemoteException, LegacyTooBusy
from spreadjobs.settings import ANYTHING, Settings

DATA = Path(__file__).parent / "data"


# --- values of every Python


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


# --- the ancestor's instances


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
