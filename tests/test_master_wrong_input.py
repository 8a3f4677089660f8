"""``main()`` with arguments, tasks, answers and programs that are wrong: each is named, with its cure."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import ECHO, TEMPLATE, echo, program

from spreadjobs import (
    Arguments,
    CannotCreateConnection,
    CannotEncode,
    Master,
    NoResponse,
    PoisonTask,
    Settings,
    SubprocessConnection,
    UnencodableTask,
    Worker,
    main,
    notComputed,
)

pytestmark = pytest.mark.usefixtures("nothing_is_left")


# --- arguments


def test_settings_that_are_none_are_refused_with_the_cure() -> None:
    """A dict by mistake. [JOB-4]"""
    with pytest.raises(TypeError, match=r"settings is of type dict: Settings\("):
        main([1], [["true"]], settings={"codec": "json"})  # type: ignore[call-overload]


def test_todo_that_cannot_be_iterated_is_refused_before_anything_is_started() -> None:
    """The error names the cure. [JOB-4]"""
    with pytest.raises(TypeError, match=r"todo is of type int: .* write \[payload\]"):
        main(5, [["/nowhere"]])  # type: ignore[call-overload]
    with Master([["/nowhere"]]) as master, pytest.raises(TypeError, match="todo is of type int"):
        master.run(5)  # type: ignore[arg-type]


def test_list_of_args_is_checked_before_anything_is_started() -> None:
    """A list of strings by mistake is named, with the cure. [JOB-4]"""
    with pytest.raises(TypeError, match=r"did you mean \[\['cat'\]\]"):
        main([1], ["cat"])
    with pytest.raises(ValueError, match="list_of_args"):
        main([1], [])


@pytest.mark.parametrize("stdin", ["text", b"bytes", 5])
def test_preparation_is_a_list_of_items(stdin: object) -> None:
    """A string by mistake would be sent letter by letter. [PREP-1]"""
    with pytest.raises(TypeError, match="a list of preparation items is due"):
        main([1], [["/nowhere"]], stdin=stdin)  # type: ignore[call-overload]


def test_a_preparation_item_that_cannot_be_encoded_is_named() -> None:
    """Before anything is started. [PREP-1]"""
    with pytest.raises(CannotEncode, match="preparation item 1, of type function"):
        main([1], [["/nowhere"]], stdin=[1, lambda: None])


# --- tasks and answers


def test_a_killer_task_that_comes_first_does_not_cost_the_others() -> None:
    """Another task is tried before a slot that never answered is given up. [JOB-2, JOB-3]"""
    die = {"op": "exit", "status": 3}
    for workers, todo in ((1, [die, echo(1), echo(2)]), (2, [die, die, echo(2), echo(3)])):
        with pytest.raises(PoisonTask, match="task 0") as caught:
            main(todo, [TEMPLATE] * workers, stdin=[None])
        assert list(caught.value.partial) == [notComputed if item == die else item["value"] for item in todo]


def test_a_payload_that_cannot_be_encoded_is_named_and_the_others_are_done() -> None:
    """Index, type and reason; nothing else is lost. [JOB-1, JSON-5]"""
    todo: list[object] = [1, lambda: None, 2, {3}, 4]

    with pytest.raises(UnencodableTask, match="task 1: ") as caught:
        main(todo, [program(ECHO)])
    assert list(caught.value.partial) == [1, notComputed, 2, {3}, 4]
    assert (caught.value.task_index, list(caught.value.reasons)) == (1, [1])
    assert "function" in caught.value.reasons[1]

    json = [*TEMPLATE, "--codec", "json"]
    with pytest.raises(UnencodableTask, match=r"task 1: (?s:.)*task 3: ") as caught:
        main(map(echo, todo), [json], stdin=[None], settings=Settings(codec="json"))
    assert list(caught.value.partial) == [1, notComputed, 2, notComputed, 4]


def test_an_answer_of_a_class_that_is_not_allowed_names_the_setting() -> None:
    """The refusal says which setting admits it. [SEC-3]"""
    sends = program("import fractions, pathlib; i = read()[0]; write((i, pathlib.PurePosixPath('x')))")

    with pytest.raises(NoResponse, match=r"pathlib(?s:.)*allow="):
        main([1], [sends])


def test_a_todo_that_raises_ends_the_workers_and_is_raised() -> None:
    """The generator's exception comes as it is. [JOB-1]"""

    def todo() -> Iterator[int]:
        yield 1
        raise KeyError("in todo")

    with pytest.raises(KeyError, match="in todo"):
        main(todo(), [program(ECHO)])


def test_a_tail_callback_that_raises_is_raised_after_the_workers_ended() -> None:
    """Exit works. [SHUT-10]"""

    def tail(_arguments: list[str], _lines: list[str]) -> None:
        raise KeyError("in tail")

    with pytest.raises(KeyError, match="in tail"):
        main([], [["echo", "x"]], tail_callback=tail)


def test_a_pickled_answer_runs_no_code(tmp_path: Path) -> None:
    """A worker's bytes never become a call in the master. [SEC-1]"""
    victim = tmp_path / "victim"
    evil = pickle.dumps(0)[:2] + f"cos\nsystem\n(S'touch {victim}'\ntR.".encode()

    with pytest.raises(NoResponse):
        main([1], [program(f"read(); stdout.write({evil!r}); stdout.flush(); stdin.read()")])

    assert not victim.exists()


def test_one_answer_that_is_not_admitted_does_not_cost_the_others() -> None:
    """Its task is set aside with the cure; the worker's slot is not given up for it. [SEC-3, JOB-3]"""
    worker = program("import pathlib", ECHO.replace("payload))", "pathlib.PurePath() if payload == 1 else payload))"))

    with pytest.raises(PoisonTask, match=r"task 1(?s:.)*refused answer(?s:.)*allow=") as caught:
        main([0, 1, 2, 3, 4], [worker], settings=Settings(window=1))

    assert list(caught.value.partial) == [0, notComputed, 2, 3, 4]


# --- starting


def test_a_program_that_starts_a_run_when_a_worker_imports_it_is_stopped(tmp_path: Path) -> None:
    """Without the guard each worker would start workers, without end. [JOB-4]"""
    (tmp_path / "unguarded.py").write_text(
        "import sys\n"
        "from spreadjobs import main\n"
        "def double(payload):\n"
        "    return 2 * payload\n"
        "print(main([1, 2], [[sys.executable, '-m', 'spreadjobs.worker', 'unguarded:double']]))\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "unguarded.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "its top level starts workers itself, without end" in done.stderr
    assert "if __name__ == '__main__':" in done.stderr


def test_too_many_workers_for_the_descriptors_is_said_before_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how many there can be. [JOB-4]"""
    with monkeypatch.context() as patched:
        patched.setattr("spreadjobs.descriptors.resource.getrlimit", lambda _: (100, 100))
        with pytest.raises(OSError, match="start 12 at most"):
            main([1], [Worker(["true"], count=1000)])


def test_nothing_can_be_started() -> None:
    """CannotCreateConnection with every reason; it is a NoResponse too. [JOB-4]"""
    with pytest.raises(CannotCreateConnection) as caught:
        main([1, 2], [["/nowhere/a"], ["/nowhere/b"]])

    assert isinstance(caught.value, NoResponse)
    assert list(caught.value.reasons) == ["1", "2"]


def test_a_factory_that_raises_ends_the_run() -> None:
    """An exception that is no OSError is the factory's fault, and is raised. [JOB-1]"""

    def factory(_arguments: Arguments) -> SubprocessConnection:
        raise KeyError("no such host")

    with pytest.raises(KeyError, match="no such host"):
        main([1], [["true"]], factory)
