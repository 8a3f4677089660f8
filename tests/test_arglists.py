"""Argument lists are checked before anything is started, with errors that name the thing and the cure."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator, MutableMapping
from enum import Enum
from pathlib import Path

import attrs
import pytest

from spreadjobs.arglists import Slot, Worker, argument_text, read_arglists


class Colour(str, Enum):
    """Not a StrEnum: str() of this one is "Colour.RED"."""

    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (Colour.RED, "red"),
        ("", ""),
        (b"caf\xe9", "caf\udce9"),
        (Path("/bin/cat"), "/bin/cat"),
        (0.01, "0.01"),
        (None, "None"),
        (True, "True"),
        (10**30, "1" + "0" * 30),
    ],
)
def test_argument_becomes_the_text_that_the_program_gets(value: object, text: str) -> None:
    """A str stays, bytes and paths are decoded as the file system's, anything else goes through str(). [EXEC-1]"""
    result = argument_text(value)

    assert (text, str) == (result, type(result))


def test_path_of_bytes_is_decoded() -> None:
    """An os.PathLike may give bytes; they are decoded like bytes. [EXEC-1]"""

    class BytesPath:
        def __fspath__(self) -> bytes:
            return b"/srv/caf\xe9"

    assert argument_text(BytesPath()) == "/srv/caf\udce9"


def test_slots_are_in_order_and_numbered() -> None:
    """One slot a list or tuple, in the order given. [EXEC-1]"""
    slots = read_arglists([["python", Path("w.py"), 3], ("/usr/bin/cat",)])

    assert slots == (
        Slot(index=0, group=0, arguments=("python", "w.py", "3")),
        Slot(index=1, group=1, arguments=("/usr/bin/cat",)),
    )


def test_count_makes_slots_of_one_group() -> None:
    """Worker(count=3) gives three slots with the same group, and the next element the next group."""
    slots = read_arglists([["a"], Worker(["b"], 3), ["c"]])

    assert [(slot.index, slot.group, slot.arguments[0]) for slot in slots] == [
        (0, 0, "a"),
        (1, 1, "b"),
        (2, 1, "b"),
        (3, 1, "b"),
        (4, 2, "c"),
    ]


def test_worker_hands_its_surroundings_to_its_slot() -> None:
    """Environment, folder and name of a Worker reach the slot; so does its name."""
    (slot,) = read_arglists([Worker(["/bin/cat", b"-u"], env={"LANG": "C", "EMPTY": ""}, cwd=Path("/tmp"), name="h1")])  # noqa: S108 - a path that is only read back

    assert (slot.arguments, slot.env, slot.cwd, slot.name) == (
        ("/bin/cat", "-u"),
        {"LANG": "C", "EMPTY": ""},
        "/tmp",  # noqa: S108 - as above
        "h1",
    )


def test_any_iterable_is_read_once() -> None:
    """A generator of argument lists is taken, and read once."""
    reads: list[str] = []

    def lists() -> Iterator[list[str]]:
        for name in ("a", "b"):
            reads.append(name)
            yield [name]

    assert [slot.arguments for slot in read_arglists(lists())] == [("a",), ("b",)]
    assert reads == ["a", "b"]


def test_exception_of_the_iterable_reaches_the_caller() -> None:
    """What the caller's own generator raises is not dressed up."""

    def lists() -> Iterator[list[str]]:
        yield ["a"]
        raise LookupError("no such host")

    with pytest.raises(LookupError, match="no such host"):
        read_arglists(lists())


def test_worker_is_a_value() -> None:
    """Workers compare, hash and resist change; a later change of the caller's list or dict does not reach them."""
    arguments, env = ["cat"], {"A": "1"}
    worker = Worker(arguments, env=env)
    arguments.append("-u")
    env["A"] = "2"

    assert worker == Worker(("cat",), env={"A": "1"})
    assert hash(worker) == hash(Worker(["cat"], env={"A": "1"}))
    assert copy.copy(worker) == worker
    assert not isinstance(worker.env, MutableMapping)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        worker.count = 2  # type: ignore[misc] # the point of the test
    assert hash(read_arglists([worker])[0]) == hash(read_arglists([worker])[0])


@pytest.mark.parametrize(
    ("list_of_args", "message"),
    [
        (
            ["python", "w.py"],
            "list_of_args[0] is the str 'python': a list of arguments is due; did you mean [['python', 'w.py']]?",
        ),
        (["cat"], "did you mean [['cat']]?"),
        (["python w.py", "cat"], "did you mean [['python', 'w.py'], ['cat']]?"),
        (["two words ' open"], 'did you mean [["two words \' open"]]?'),
        (["x"] * 9, "did you mean [['x', 'x', 'x', 'x', 'x', 'x', 'x', 'x']]? (and so on, 9 strings)"),
        ([["cat"], "cat -u"], "list_of_args[1] is the str 'cat -u': a list of arguments is due; did you mean ['cat'"),
        ([["cat"], b"cat"], "list_of_args[1] is the bytes b'cat': a list of arguments is due; did you mean ['cat']?"),
        ([Path("/bin/cat")], "did you mean ['/bin/cat']?"),
        ("python w.py", "list_of_args is the str 'python w.py'"),
        ("python w.py", "did you mean [['python', 'w.py']]?"),
        ("", "did you mean [['']]?"),
        (b"cat", "list_of_args is the bytes b'cat': a list of lists of arguments is due; did you mean [['cat']]?"),
        (Path("cat"), "did you mean [['cat']]?"),
        (Worker(["cat"]), "list_of_args is a Worker: a list is due; put it in brackets, [Worker(...)]"),
        (None, "list_of_args is None, of type NoneType: a list of lists of arguments is due, such as [['cat']]"),
        (3, "list_of_args is 3, of type int"),
        ([3], "list_of_args[0] is 3, of type int: a list or tuple of arguments is due, or a Worker"),
        ([{"cat"}], "of type set: a list or tuple of arguments is due, or a Worker; write list(...) round it"),
        ([[["cat"]]], "list_of_args[0][0] is ['cat']: a program's name is due; is there a bracket too many?"),
        ([[Worker(["cat"])]], "a program's name is due; is there a bracket too many?"),
    ],
)
def test_wrong_type_is_refused_with_the_cure(list_of_args: object, message: str) -> None:
    """What is no list of argument lists is a TypeError that says what was meant, perhaps."""
    with pytest.raises(TypeError, match=re.escape(message)):
        read_arglists(list_of_args)


@pytest.mark.parametrize(
    ("list_of_args", "message"),
    [
        ([], "list_of_args is empty: one list of arguments for each worker is due, such as [['cat']]"),
        (iter(()), "list_of_args is empty"),
        ([["cat"], []], "list_of_args[1] is empty: a program's name is due as its first item, such as ['cat']"),
        ([()], "list_of_args[0] is empty"),
        ([[""]], "list_of_args[0][0] is an empty string: a program's name is due"),
        ([["cat", "a\0b"]], r"list_of_args[0][1] is 'a\x00b': it has a NUL byte, which no program can be given"),
        ([["cat", b"a\0b"]], "list_of_args[0][1] is"),
        ([["cat", "\ud800"]], r"list_of_args[0][1] is '\ud800': it cannot be encoded for the operating system"),
    ],
)
def test_wrong_value_is_refused_with_the_cure(list_of_args: object, message: str) -> None:
    """What no operating system could start is a ValueError before anything is started."""
    with pytest.raises(ValueError, match=re.escape(message)):
        read_arglists(list_of_args)


def test_empty_argument_is_passed_on() -> None:
    """Only the program's name must not be empty."""
    assert read_arglists([["printf", ""]])[0].arguments == ("printf", "")


def test_undecodable_bytes_come_back_as_they_were() -> None:
    """Bytes that are no UTF-8 reach the program unchanged. [EXEC-1]"""
    (slot,) = read_arglists([["cat", b"\xff\xfe"]])

    assert os.fsencode(slot.arguments[1]) == b"\xff\xfe"


@pytest.mark.parametrize("args", ["cat", b"cat", Path("cat"), 3, None, {"cat": 1}])
def test_worker_refuses_what_is_no_list(args: object) -> None:
    """A Worker's arguments are a list or a tuple."""
    with pytest.raises(TypeError, match=r"^Worker args is .*: a list"):
        Worker(args)  # type: ignore[arg-type] # the point of the test


def test_worker_refuses_no_arguments() -> None:
    """A Worker needs a program."""
    with pytest.raises(ValueError, match=r"^Worker args is empty: a program's name is due"):
        Worker([])


@pytest.mark.parametrize("count", [True, 2.0, "2", None])
def test_count_is_a_whole_number(count: object) -> None:
    """A count that is no int is refused, True among them."""
    with pytest.raises(TypeError, match=r"^Worker count=.*a whole number of processes is due$"):
        Worker(["cat"], count)  # type: ignore[arg-type] # the point of the test


@pytest.mark.parametrize("count", [0, -1])
def test_count_is_one_at_least(count: int) -> None:
    """A Worker that is to start no process is refused."""
    with pytest.raises(ValueError, match=rf"^Worker count={count}: 1 or more is due"):
        Worker(["cat"], count)


@pytest.mark.parametrize(
    ("env", "error", "message"),
    [
        ({"A": 1}, TypeError, "Worker env['A'] is 1, of type int: a str is due; write str(1)"),
        ({1: "A"}, TypeError, "Worker env has the name 1, of type int: a str is due"),
        ({"A": None}, TypeError, "Worker env['A'] is None"),
        ([("A", "1")], TypeError, "a mapping of str to str is due"),
        ({"": "1"}, ValueError, "Worker env has the name ''"),
        ({"A=B": "1"}, ValueError, "Worker env has the name 'A=B'"),
        ({"A\0": "1"}, ValueError, "a name in Worker env"),
        ({"A": "1\0"}, ValueError, "Worker env['A'] is '1\\x00': it has a NUL byte"),
    ],
)
def test_environment_is_checked(env: object, error: type[Exception], message: str) -> None:
    """An environment that no process could be given is refused."""
    with pytest.raises(error, match=re.escape(message)):
        Worker(["cat"], env=env)  # type: ignore[arg-type] # the point of the test


@pytest.mark.parametrize(
    ("cwd", "error", "message"),
    [
        (3, TypeError, "Worker cwd=3, of type int: a path is due, or None"),
        ("", ValueError, "Worker cwd is an empty string"),
        ("a\0b", ValueError, "Worker cwd is 'a\\x00b': it has a NUL byte"),
    ],
)
def test_folder_is_checked(cwd: object, error: type[Exception], message: str) -> None:
    """A folder that cannot be one is refused."""
    with pytest.raises(error, match=re.escape(message)):
        Worker(["cat"], cwd=cwd)  # type: ignore[arg-type] # the point of the test


@pytest.mark.parametrize(("name", "error"), [(3, TypeError), ("", ValueError), ("a\nb", ValueError)])
def test_name_is_printable(name: object, error: type[Exception]) -> None:
    """A name stands before lines of the log, so it has no line ends."""
    with pytest.raises(error, match=r"^Worker name="):
        Worker(["cat"], name=name)  # type: ignore[arg-type] # the point of the test
