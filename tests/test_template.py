"""The template ``workers/python/worker.py`` in real processes, under every Python that it promises to run on."""

from __future__ import annotations

import ast
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Final

import pytest
from conversation import Codec, Conversation, Instance, interpreter
from live_workers import CODECS, as_json, failure_of

TEMPLATE: Final = Path(__file__).parents[1] / "workers" / "python" / "worker.py"
VERSIONS: Final = ("this", "3.8", "3.12", "3.13")

MARK: Final = "# ---- your part: "
END: Final = '\nif __name__ == "__main__":\n    main()\n'


@pytest.fixture(name="python", params=VERSIONS)
def every_python(request: pytest.FixtureRequest) -> str:
    """An interpreter of each version; one that is not on this machine is skipped, and said so."""
    version = str(request.param)
    found = sys.executable if version == "this" else interpreter(version)
    if found is None:
        pytest.skip(f"no python{version} on PATH")
    return found


def template(
    *options: str, python: str = sys.executable, program: Path = TEMPLATE, codec: Codec = "pickle", protocol: int = 4
) -> Conversation:
    """The template, or a copy of it."""
    return Conversation([python, str(program), "--codec", codec, *options], codec=codec, protocol=protocol)


@pytest.fixture(name="copy")
def copy_with_another_part(tmp_path: Path) -> Path:
    """A copy of the template as a user makes it, whose functions do what careless functions do."""
    before, mark, rest = TEMPLATE.read_text(encoding="utf-8").partition(MARK)
    line = rest.partition("\n")[0]
    assert rest.endswith(END)
    part = """
        import subprocess

        print("printed while it was imported")
        os.write(1, b"written while it was imported\\n")

        class Odd(Exception):
            def __str__(self):
                raise ValueError

        def prepare(items):
            print("prepared with", next(items))

        def task(payload):
            if payload == "children":
                subprocess.run(["echo", "from a child"], check=True)
                os.write(1, b"from a descriptor\\n")
                return subprocess.run(["cat"], stdout=subprocess.PIPE).stdout.decode()
            if payload == "descriptors":
                listed = subprocess.run(["ls", "/proc/self/fd"], stdout=subprocess.PIPE, close_fds=False)
                return listed.stdout.decode().split()
            if payload == "close":
                print("before")
                sys.stdout.close()
            if payload == "lambda":
                return lambda: 0
            if payload == "odd":
                raise Odd
            if payload == "surrogate":
                print("caf\\udce9")
                raise ValueError("caf\\udce9")
            if payload == "late":
                raise TooBusy(-1)
            if payload == "big":
                return {"a": [2**53]}
            if payload == "nan":
                return float("nan")
            if payload == "key":
                return [{1: 2}]
            if payload == "lone":
                return "\\udc80"
            return payload
    """
    path = tmp_path / "copy.py"
    path.write_text(before + mark + line + "\n" + textwrap.dedent(part) + END, encoding="utf-8")
    return path


# --- as shipped


def test_it_imports_nothing_but_the_standard_library() -> None:
    """It is copied to machines that have nothing else."""
    modules = {
        name.name
        for node in ast.walk(ast.parse(TEMPLATE.read_text(encoding="utf-8"), feature_version=(3, 8)))
        if isinstance(node, ast.Import)
        for name in node.names
    }

    assert modules
    assert modules <= sys.stdlib_module_names


def test_a_copy_can_be_imported_as_a_module() -> None:
    """So that its task function can be tested without a master: nothing is read, written or moved."""
    script = f"import sys; sys.path.insert(0, {str(TEMPLATE.parent)!r}); import worker; print(worker.task)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert found.stdout.startswith("<function task at")


@pytest.mark.parametrize("protocol", range(6))
def test_an_answer_in_pickle_is_equal_and_of_the_same_type(python: str, protocol: int) -> None:
    """Values of the data model come back as they were. [DATA-1]"""
    value: list[object] = [
        None,
        True,
        0,
        -1,
        2**63,
        -0.0,
        3.141592653589793,
        "",
        " lead\t\n\0\u2028\U0001f600",
        b"\0\n",
    ]
    value += [(1, [2]), {"a": {1: 2}}, {1, 2}, frozenset({3}), bytearray(b"x"), 1j, "\udc80"]

    with template(python=python, protocol=protocol) as worker:
        worker.send(None, (10_000, {"op": "echo", "value": value}))

        assert repr(worker.receive()) == repr(((10_000, value), [], []))
        assert worker.end()[:2] == (0, "")


def test_an_answer_in_json_is_equal(python: str) -> None:
    """JSON values come back as they were, and an id as any equal number. [JSON-1] [JSON-3]"""
    value: list[object] = [None, True, 0, -1, 2**53 - 1, -0.0, 1e-300, "", " lead\t\n\0\u2028\U0001f600é", {"a": []}]

    with template(python=python, codec="json") as worker:
        worker.send(None, (1e4, {"op": "echo", "value": value}))

        assert repr(worker.receive()) == repr([[10_000, value], [], []])
        assert worker.end()[:2] == (0, "")


@pytest.mark.parametrize("codec", CODECS)
def test_the_conformance_payloads_are_served(python: str, codec: Codec) -> None:
    """Each op does what the specification says. [OPS-2] [OPS-3] [OPS-4] [OPS-5] [OPS-7]"""
    busy = {"op": "busy", "key": "k", "delay_s": 0.5, "times": 2}
    lines = ["one\n", "\n", "two\r\x0b\u2028é\n", "no end"]
    with template(python=python, codec=codec) as worker:
        worker.send({"a": 1}, "b", None)
        assert as_json(worker.ask(1, {"op": "prepared"})) == [[1, [{"a": 1}, "b"]], [], []]
        assert as_json(worker.ask(2, busy)) == [["TooBusy", 2, 0.5], [], []]
        assert as_json(worker.ask(3, {**busy, "key": "other"})) == [["TooBusy", 3, 0.5], [], []]
        assert as_json(worker.ask(4, busy)) == [["TooBusy", 4, 0.5], [], []]
        assert as_json(worker.ask(5, busy)) == [[5, "done"], [], []]
        assert as_json(worker.ask(6, {"op": "print", "out": lines, "err": ["e\n"]})) == [[6, None], lines, ["e\n"]]
        assert as_json(worker.ask(7, {"op": "sleep", "seconds": 0})) == [[7, None], [], []]
        type_name, message, text = failure_of(worker.ask(8, {"op": "raise", "type": "Boom", "message": "é"}))
        assert (type_name, message) == ("Boom", "é")
        assert text.startswith("Traceback (most recent call last):\n")
        assert failure_of(worker.ask(9, {"op": "juggle"}))[:2] == ("KeyError", "'juggle'")
        assert failure_of(worker.ask(10, 5))[0] == "AttributeError"
        assert as_json(worker.ask(11, "the task as shipped")) == [[11, 4], [], []]
        worker.send((12, {"op": "exit", "status": 3}))
        worker.receive_end()

        assert worker.end()[:2] == (3, "")


def test_the_untagged_dialect_speaks_bare_values(python: str) -> None:
    """Bare payloads, bare values, instances of classes of its main program. [UNT-4] [UNT-5] [INST-1]"""
    with template("--dialect", "untagged", python=python, protocol=2) as worker:
        worker.send(None, {"op": "echo", "value": ("TooBusy", 1, 2)})
        assert worker.receive() == (("TooBusy", 1, 2), [], [])
        worker.send({"op": "busy", "key": 1, "delay_s": 0.5, "times": 1})
        response = worker.receive()
        assert isinstance(response, tuple)
        assert (type(response[0]).__name__, type(response[0]).__module__) == ("TooBusy", "__main__")
        assert vars(response[0])["delay"] == 0.5
        worker.send({"op": "raise", "type": "Boom", "message": "é"})
        response = worker.receive()
        assert isinstance(response, tuple)
        assert isinstance(response[0], Instance)
        assert (type(response[0]).__name__, type(response[0]).__module__) == ("RemoteException", "__main__")
        assert response[0].args[:2] == ("Boom", "é")
        assert worker.end()[:2] == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_requests_may_be_cut_and_joined(codec: Codec) -> None:
    """A request cut at each byte, and five hundred in one piece, are answered in order. [WIRE-2] [RUN-6]"""
    with template(codec=codec) as worker:
        worker.send(None)
        whole = worker.bytes_of((10_000, {"op": "echo", "value": [1, "two", None]}))
        for cut in range(1, len(whole)):
            worker.send_bytes(whole[:cut])
            worker.send_bytes(whole[cut:])

            assert as_json(worker.receive()) == [[10_000, [1, "two", None]], [], []]
        worker.send(*((task_id, {"op": "echo", "value": task_id}) for task_id in range(500)))
        for task_id in range(500):
            assert as_json(worker.receive()) == [[task_id, task_id], [], []]


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_sixteen_mebibytes_travel_both_ways(python: str, codec: Codec) -> None:
    """Large payloads and answers come through. [WIRE-5]"""
    text = "0123456789abcde\n" * 2**20
    value: object = text if codec == "json" else text.encode()
    with template(python=python, codec=codec) as worker:
        worker.send(None)
        response = worker.ask(1, {"op": "echo", "value": value})

        assert isinstance(response, tuple | list)
        assert response[0][1] == value
        assert as_json(worker.ask(2, {"op": "echo", "value": 0})) == [[2, 0], [], []]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("items", [[], ["a"], ["a", None]])
def test_the_end_of_input_ends_it(codec: Codec, items: list[object]) -> None:
    """Before, in and after preparation: status 0, and not a byte written. [PREP-5] [SHUT-2]"""
    with template(codec=codec) as worker:
        worker.send(*items)

        assert worker.end()[:2] == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_an_end_inside_a_message_ends_it(codec: Codec) -> None:
    """The complete request is answered, the half one is not, wherever it ends. [SHUT-6]"""
    request = (1, {"op": "echo", "value": 2})
    for cut in range(1, len(pickle.dumps(request, 4)) - 1, 7):
        with template(codec=codec) as worker:
            whole = worker.bytes_of(request)
            worker.send_bytes(worker.bytes_of(None) + whole + whole[: min(cut, len(whole) - 1)])
            assert as_json(worker.receive()) == [[1, 2], [], []]

            assert worker.end()[1] == ""


def test_untagged_json_is_refused() -> None:
    """The command line says why. [UNT-1]"""
    with template("--dialect", "untagged", codec="json") as worker:
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "worker.py --codec json --dialect untagged: --codec and --dialect may be " in errors


# --- as a user's copy


def test_no_print_and_no_child_of_a_copy_harms_the_conversation(python: str, copy: Path) -> None:
    """Prints of imports, of preparation, of children and of closed streams stay off the wire. [WIRE-4] [SHUT-4]"""
    with template(python=python, program=copy) as worker:
        worker.send("an item", (1, "children"), (2, "descriptors"), (3, "close"), (4, "on we go"))

        assert worker.receive() == ((1, ""), [], [])
        assert worker.receive() == ((2, ["0", "1", "2", "3"]), [], [])
        assert worker.receive() == ((3, "close"), ["<no text: ValueError>"], [])
        assert worker.receive() == ((4, "on we go"), [], [])
        status, output, errors = worker.end()

    assert (status, output) == (0, "")
    for text in ("printed while", "written while", "prepared with an item", "from a child", "from a descriptor"):
        assert text in errors


@pytest.mark.parametrize(
    ("codec", "payload", "type_name", "message"),
    [
        ("pickle", "lambda", None, "local object"),
        ("pickle", "odd", "Odd", "<no text: ValueError>"),
        ("pickle", "late", "ValueError", "TooBusy(-1): a finite number of seconds, 0 or more, is due"),
        ("pickle", "surrogate", "ValueError", "caf?"),
        ("json", "surrogate", "ValueError", "caf?"),
        ("json", "lambda", "TypeError", "not JSON serializable"),
        ("json", "big", "ValueError", "beyond 2**53-1"),
        ("json", "nan", "ValueError", "not JSON compliant"),
        ("json", "key", "TypeError", "a key that is no str: JSON has no such keys"),
        ("json", "lone", "UnicodeEncodeError", "surrogates not allowed"),
    ],
)
def test_what_cannot_travel_fails_the_task_alone(
    copy: Path, codec: Codec, payload: str, type_name: str | None, message: str
) -> None:
    """Nothing half done gets onto the wire, and the worker goes on. [ERR-4] [JSON-4]"""
    with template(program=copy, codec=codec) as worker:
        worker.send("an item", (1, payload))
        found, text, _ = failure_of(worker.receive())

        assert message in text
        assert type_name in {None, found}
        assert as_json(worker.ask(2, "on we go")) == [[2, "on we go"], [], []]
