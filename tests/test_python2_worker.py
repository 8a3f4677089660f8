"""The reference worker ``workers/python2/worker.py`` under a real Python 2.7: what the kit cannot ask of it."""

from __future__ import annotations

import io
import pickletools
import textwrap
from pathlib import Path
from typing import Final

import pytest
from conversation import Conversation, interpreter
from live_workers import failure_of

WORKER: Final = Path(__file__).parents[1] / "workers" / "python2" / "worker.py"
PYTHON_2: Final = interpreter("2.7")
MARK: Final = "# ---- your part: "
END: Final = '\nif __name__ == "__main__":\n    main()\n'

pytestmark = pytest.mark.skipif(PYTHON_2 is None, reason="no python2.7 on PATH")


def worker(program: Path, *options: str) -> Conversation:
    """The worker, or a copy of it."""
    assert PYTHON_2 is not None
    return Conversation([PYTHON_2, "-B", str(program), *options], protocol=2)


@pytest.fixture(name="copy")
def copy_with_another_part(tmp_path: Path) -> Path:
    """A copy as a user makes it, whose functions do what careless functions do."""
    before, mark, rest = WORKER.read_text(encoding="utf-8").partition(MARK)
    assert rest.endswith(END)
    part = r"""
        import subprocess

        print "printed while it was imported"
        os.write(1, "written while it was imported\n")

        class OldStyle:
            pass

        class Odd(Exception):
            def __str__(self):
                raise ValueError

        class Says(Exception):
            def __str__(self):
                return self.args[0]

        def prepare(items):
            print "prepared with", next(items)

        def task(payload):
            if payload == "children":
                subprocess.call(["sh", "-c", "echo from a child; cat"])
            if payload == "descriptors":
                listed = subprocess.Popen(["ls", "-l", "/proc/self/fd"], stdout=subprocess.PIPE).communicate()[0]
                return [line.split()[-1] for line in listed.splitlines() if " -> pipe:" in line]
            if payload == "close":
                print "before"
                sys.stdout.close()
                print u"after \xe9"
            if payload == "prints":
                print "caf\xe9"
                print u"caf\xe9", 1
                sys.stderr.writelines(["a", u"\xe9\n"])
            if payload == "types":
                return ["a", u"\xe9", "\xff", Bytes("\xff"), bytearray("\xff"), 2**40, 1L]
            if payload == "old style":
                raise OldStyle
            if payload == "odd":
                raise Odd
            if payload == "says":
                raise Says(Bytes("caf\xe9"))
            if payload == "lambda":
                return lambda: 0
            if payload == "late":
                raise TooBusy(-1)
            if isinstance(payload, Bytes):
                return {payload: [payload, payload[:1]]}
            return payload
    """
    path = tmp_path / "copy.py"
    path.write_text(before + mark + "\n" + textwrap.dedent(part) + END, encoding="utf-8")
    return path


def test_bytes_text_and_strings_are_kept_apart(copy: Path) -> None:
    """Bytes of the master go back as bytes, texts as texts; a plain str of Python 2 is text. [DATA-1] [PKL-11]"""
    with worker(copy) as conversation:
        conversation.send("an item")
        came = conversation.ask(1, b"a\xff")
        assert isinstance(came, tuple)
        assert came[0] == (1, {b"a\xff": [b"a\xff", "a"]})
        assert conversation.ask(2, "\xe9") == ((2, "\xe9"), [], [])
        typed = ["a", "\xe9", "\udcff", b"\xff", bytearray(b"\xff"), 2**40, 1]
        assert repr(conversation.ask(3, "types")) == repr(((3, typed), [], []))
        assert conversation.ask(4, "prints") == ((4, "prints"), ["caf\udce9\n", "caf\xe9 1\n"], ["a\xe9\n"])


def test_no_print_and_no_child_harms_the_conversation(copy: Path) -> None:
    """Children inherit neither pipe, and prints of every sort go with the answer or to the error stream. [WIRE-4]"""
    with worker(copy) as conversation:
        conversation.send("an item", (1, "children"), (2, "descriptors"), (3, "close"))

        assert conversation.receive() == ((1, "children"), [], [])
        came = conversation.receive()
        assert isinstance(came, tuple)
        assert len(came[0][1]) == 2  # what ls writes to, and the error stream
        assert conversation.receive() == ((3, "close"), ["before\n", "after \xe9\n"], [])
        status, output, errors = conversation.end()
    assert (status, output) == (0, "")
    for line in ("printed while it was imported", "written while it was imported", "prepared with an item", "a child"):
        assert line in errors


@pytest.mark.parametrize(
    ("payload", "type_name", "message"),
    [
        ("old style", "OldStyle", "<__main__.OldStyle instance at "),
        ("odd", "Odd", "<no text>"),
        ("says", "Says", "caf\udce9"),
        ("lambda", "PicklingError", "Can't pickle "),
        ("late", "ValueError", "TooBusy(-1): a finite number of seconds"),
    ],
)
def test_whatever_is_raised_fails_the_task_alone(copy: Path, payload: str, type_name: str, message: str) -> None:
    """Classes of the oldest style, exceptions without a text and answers that cannot travel are failures. [ERR-4]"""
    with worker(copy) as conversation:
        conversation.send("an item")
        found, text, trace = failure_of(conversation.ask(1, payload))

        assert (found, text[: len(message)]) == (type_name, message)
        assert trace.startswith("Traceback (most recent call last):\n")
        assert conversation.ask(2, "on we go") == ((2, "on we go"), [], [])


def test_the_untagged_dialect_is_what_gmisclib_can_read(tmp_path: Path) -> None:
    """Instances of the classes of gmisclib where it can be imported, and no newline, which ends its master. [UNT-5]"""
    package = tmp_path / "gmisclib"
    package.mkdir()
    (package / "__init__.py").touch()
    classes = "class TooBusy(object):\n    def __init__(self, delay):\n        self.delay = delay\n"
    (package / "spread_jobs.py").write_text(f"{classes}class RemoteException(Exception): pass\n", encoding="utf-8")
    busy = {"op": "busy", "key": "k", "delay_s": 0.5, "times": 1}
    assert PYTHON_2 is not None
    command = [PYTHON_2, "-B", str(WORKER), "--dialect", "untagged"]
    with Conversation(command, protocol=2, path=tmp_path) as conversation:
        conversation.send(None, "two words", busy, {"op": "raise", "type": "T", "message": "\xe9"})
        status, output, _ = conversation.end()

    assert status == 0
    data = io.BytesIO(output.encode("utf-8", "surrogateescape"))
    for due in (None, "gmisclib.spread_jobs TooBusy", "gmisclib.spread_jobs RemoteException"):
        names = [argument for opcode, argument, _ in pickletools.genops(data) if opcode.name == "GLOBAL"]
        assert names == ([due] if due else [])
    assert data.read() == b""
