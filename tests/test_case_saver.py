"""Case files of real runs: for which tasks they are written, what is in them, and that they never end a run."""

from __future__ import annotations

import json
import logging
import os
import pickle
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from failed_cases import FAILS, case_of, run_all, saved
from programs import ECHO, program

from spreadjobs import (
    ANYTHING,
    LEGACY,
    NUMPY,
    Answered,
    Arguments,
    Cancelled,
    Connection,
    Failed,
    Master,
    NoResponse,
    PoisonTask,
    Quarantined,
    RemoteException,
    Settings,
    SubprocessConnection,
    Worker,
    WrongAnswer,
    case_saver,
    main,
)
from spreadjobs.case_file import read_case

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def test_nothing_is_written_when_all_goes_well(tmp_path: Path) -> None:
    """Not even the folder is made."""
    assert main([1, 2], [FAILS], cases=tmp_path / "cases").results == [1, 2]
    assert list(tmp_path.iterdir()) == []


def test_the_error_of_a_task_that_raised_ends_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be copied from there, since the path is the one that the caller gave. [ERR-5]"""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RemoteException) as raised:
        main([1, "raise"], [FAILS], cases="my cases/")

    assert str(raised.value).splitlines()[-1] == "spread-jobs replay 'my cases/task-000001.json'"
    case = read_case("my cases/task-000001.json")
    assert (case.task_index, case.failure.kind, case.failure.text) == (1, "raised", "LookupError: as told")
    assert case.failure.traceback_text == "its traceback"
    assert case.failure.stderr == ("was given 1", "was given raise")
    assert case.payload == "'raise'"
    assert pickle.loads(case.request) == (case.task_id, "raise")


def test_only_the_owner_can_read_a_case(tmp_path: Path) -> None:
    """The environment is in it, and with it perhaps secrets."""
    assert saved(tmp_path, FAILS, "raise").stat().st_mode & 0o777 == 0o600


def test_the_error_of_a_poison_task_ends_with_the_command(tmp_path: Path) -> None:
    """The others of the same run are named with their files. [JOB-3]"""
    with pytest.raises(PoisonTask) as raised:
        main([1, "crash", 2, "status", 3], [FAILS], cases=tmp_path)

    lines = str(raised.value).splitlines()
    assert lines[-2].endswith(f"likewise task 3: exit status 7 ({tmp_path}/task-000003.json)")
    assert lines[-1] == f"spread-jobs replay {tmp_path}/task-000001.json"
    case = read_case(tmp_path / "task-000001.json")
    assert (case.failure.kind, case.failure.text) == ("quarantined", "died: killed by SIGSEGV")
    assert case.failure.attempts == raised.value.attempts
    assert case.worker.name == case.failure.attempts[-1].worker == case.worker.env["SPREAD_JOBS_WORKER"]


def test_the_task_of_a_worker_that_never_answered_is_saved(tmp_path: Path) -> None:
    """Nobody can say whether worker or task was at fault, and that is what one wants to look into. [JOB-4]"""
    with pytest.raises(NoResponse) as raised:
        main(["crash", 1], [FAILS], cases=tmp_path, settings=Settings(restarts=1))

    assert str(raised.value).splitlines()[-1] == f"spread-jobs replay {tmp_path}/task-000000.json"
    failure = read_case(tmp_path / "task-000000.json").failure
    assert failure.kind == "no worker left"
    assert [(each.cause, each.signal) for each in failure.attempts] == [("died", "SIGSEGV")]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("answer", [int, lambda value: {}[value]], ids=["type", "converter"])
def test_a_wrong_answer_is_saved(tmp_path: Path, answer: Callable[[object], object]) -> None:
    """The request to which it came is in the case."""
    with pytest.raises(WrongAnswer) as raised:
        main(["text"], [FAILS], cases=tmp_path, answer=answer)

    assert str(raised.value).splitlines()[-1] == f"spread-jobs replay {tmp_path}/task-000000.json"
    case = read_case(tmp_path / "task-000000.json")
    assert case.failure.kind == "wrong answer"
    assert "the answer to task 0, from worker 1.1: " in case.failure.text
    assert case.payload == "'text'"


def test_each_task_that_fails_has_a_case(tmp_path: Path) -> None:
    """Two that raised and one that crashed, in one run that goes on; the good ones have none."""
    first, second, third, *good = run_all(tmp_path, FAILS, ["raise", "raise", "crash", 1])

    assert isinstance(first, Failed)
    assert isinstance(second, Failed)
    assert isinstance(third, Quarantined)
    assert [case_of(each).name for each in (first, second, third)] == [f"task-00000{n}.json" for n in range(3)]
    assert [type(each) for each in good] == [Answered]
    assert len(list(tmp_path.iterdir())) == 3


def test_tasks_that_nobody_began_have_no_case(tmp_path: Path) -> None:
    """Those that end with the run, and those whose payload cannot be encoded: a worker had neither."""
    settings = Settings(restarts=1, codec="json")
    dead, unencodable, later = run_all(tmp_path, ["false"], [1, {2}, 3], settings=settings)

    assert isinstance(dead, Cancelled)
    assert isinstance(unencodable, Cancelled | Failed)
    assert isinstance(later, Cancelled)
    assert [dead.case != "", unencodable.case, later.case] == [True, "", ""]


def test_an_earlier_file_stays_as_it_is(tmp_path: Path) -> None:
    """The same task in later runs has names with a number."""
    paths = [case_of(run_all(tmp_path, FAILS, ["raise"])[0]) for _ in range(3)]

    assert [path.name for path in paths] == ["task-000000.json", "task-000000-2.json", "task-000000-3.json"]
    assert len({read_case(path).task_id for path in paths}) == 3


def test_the_bytes_are_those_that_were_sent(tmp_path: Path) -> None:
    """Not those of a payload that the caller changed meanwhile."""
    payload = ["raise"]

    def todo() -> Iterator[list[str]]:
        yield payload
        payload.append("changed")

    worker = program(
        "while True: task_id, payload = read(); write(('RemoteException', task_id, 'E', str(payload), ''))"
    )
    [outcome] = run_all(tmp_path, worker, todo())

    case = read_case(case_of(outcome))
    assert case.failure.message == "['raise']"
    assert pickle.loads(case.request) == (case.task_id, ["raise"])
    assert payload == ["raise", "changed"]


def test_how_the_worker_was_started_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments, folder, and the whole environment as it was at the start, no UTF-8 included. [EXEC-5]"""
    monkeypatch.setenv("OF_THE_MASTER", "\udcff")
    folder = tmp_path / "folder"
    folder.mkdir()
    case = read_case(saved(tmp_path, Worker(FAILS, env={"OF_THE_SLOT": "1"}, cwd=folder), "raise"))

    assert list(case.worker.arguments) == FAILS
    assert case.worker.cwd == str(folder)
    assert case.worker.started_by == ""
    assert case.worker.env == {
        **os.environ,
        "OF_THE_SLOT": "1",
        "SPREAD_JOBS_PROTOCOL": "1.0",
        "SPREAD_JOBS_CODEC": "pickle",
        "SPREAD_JOBS_WORKER": "1.1",
    }


def test_a_connection_factory_is_named(tmp_path: Path) -> None:
    """A worker that was started elsewhere is not the one that a replay starts here."""

    def elsewhere(arguments: Arguments) -> Connection:
        return SubprocessConnection(arguments)

    [outcome] = run_all(tmp_path, FAILS, ["raise"], factory=elsewhere)

    assert read_case(case_of(outcome)).worker.started_by.endswith("<locals>.elsewhere")


def test_what_was_sent_is_saved_in_every_codec_and_dialect(tmp_path: Path) -> None:
    """Preparation and request, each as the bytes on the wire. [PREP-1, JSON-1, UNT-2]"""
    # Not before the request is there: one that was never sent has no case.
    reads_three, reads = (
        ["sh", "-c", "read a; read b; read c; kill -SEGV $$"],
        ["sh", "-c", "head -c 1 >/dev/null; kill -SEGV $$"],
    )

    tagged = read_case(saved(tmp_path, reads_three, {"a": [1]}, stdin=[None, "x"], settings=Settings(codec="json")))
    assert [json.loads(item) for item in tagged.preparation] == [None, "x"]
    assert json.loads(tagged.request) == [tagged.task_id, {"a": [1]}]
    untagged = read_case(saved(tmp_path, reads, {"a": [1]}, settings=LEGACY))
    assert pickle.loads(untagged.request) == {"a": [1]}
    assert untagged.settings == LEGACY


def test_what_the_run_admitted_is_saved_as_names(tmp_path: Path) -> None:
    """A reader of the case sees them, and they admit nothing."""
    case = read_case(saved(tmp_path, FAILS, "raise", settings=Settings(allow=[IPv4Address, "mypkg.Result", NUMPY])))

    assert case.allow == ("ipaddress.IPv4Address", "mypkg.Result", "NUMPY")
    assert case.settings.allow == ()
    assert read_case(saved(tmp_path, FAILS, "raise", settings=Settings(allow=ANYTHING))).allow == ("ANYTHING",)


class Unspeakable:
    """A payload whose own text cannot be had."""

    def __repr__(self) -> str:
        raise ValueError("no")


class array:  # noqa: N801 - the name is what misleads
    """A payload that ``reprlib`` takes for another class, by its name."""


def test_a_payload_is_shown_whatever_it_is() -> None:
    """Shortened, and never with an exception."""
    assert case_saver.shown(Unspeakable()).startswith("<Unspeakable instance at ")
    assert case_saver.shown(array()) == "<array whose repr raised AttributeError>"
    assert len(case_saver.shown([["x" * 1000] * 50] * 50)) == case_saver.SHOWN_PAYLOAD


def test_so_many_files_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A run with a million failures does not fill the disk; it says once that there are more."""
    monkeypatch.setattr(case_saver, "MOST_FILES", 2)

    outcomes = run_all(tmp_path, FAILS, ["raise"] * 5)

    assert [isinstance(each, Failed) and each.case != "" for each in outcomes] == [True, True, False, False, False]
    assert len(list(tmp_path.iterdir())) == 2
    said = [record.getMessage() for record in caplog.records]
    assert said == [f"not all case files are written into {tmp_path}: 2 were enough"]


def test_so_many_bytes_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A preparation of gigabytes is not written a hundred times."""
    monkeypatch.setattr(case_saver, "MOST_BYTES", 100_000)

    outcomes = run_all(tmp_path, program("read()", ECHO.replace("write(", "sys.exit(")), [1], stdin=["x" * 100_000])

    assert [isinstance(each, Quarantined | Cancelled) and each.case for each in outcomes] == [""]
    assert "with this one, 100000 bytes would be enough" in caplog.records[-1].getMessage()
    assert not list(tmp_path.iterdir())


def test_a_case_has_room_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In a text, bytes are longer by a third, and there is more in it; a smaller case may still have room."""
    monkeypatch.setattr(case_saver, "MOST_BYTES", 100_000)
    fails = program("while True:\n  i, _ = read()\n  write(('RemoteException', i, 'Boom', '', ''))")

    outcomes = run_all(tmp_path, fails, ["x" * 90_000, "y"])

    assert [isinstance(each, Failed) and each.case != "" for each in outcomes] == [False, True]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 100_000
    assert len([record for record in caplog.records if "100000 bytes would be enough" in record.getMessage()]) == 1


def test_a_folder_that_cannot_be_made_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The run goes on without case files, and its errors name none."""
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING), pytest.raises(RemoteException) as raised:
        main(["raise"], [FAILS], cases=tmp_path / "file" / "folder")

    assert raised.value.replay == ""
    assert str(raised.value).endswith("Master.outcomes() goes on past failures.")
    assert "the case file of task 0 was not written: " in caplog.text


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can be longer than a few bytes; Python ignores the signal, so that writing fails."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Half a case is none: the file is taken away again, and the run goes on."""
    with Master([FAILS], cases=tmp_path) as master:
        master.run([1])  # The worker is started without the limit.
        with full_disk():
            failed, answered = master.outcomes(["raise", 1])

    assert isinstance(failed, Failed)
    assert (failed.case, type(answered)) == ("", Answered)
    assert "the case file of task 0 was not written: " in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker can be started in a folder that was removed, and its case is written elsewhere."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    with Master([FAILS], cases=tmp_path) as master:
        [outcome] = master.outcomes(["raise"])

    assert read_case(case_of(outcome)).worker.cwd == "."


def test_a_source_tree_has_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said instead."""

    def nothing_installed(_name: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr(case_saver, "version", nothing_installed)

    assert read_case(saved(tmp_path, FAILS, "raise")).version == "not installed"


@pytest.mark.parametrize("cases", [3, b"cases", True])
def test_what_is_no_path_is_refused(cases: str) -> None:
    """Before anything is started."""
    with pytest.raises(TypeError, match="the path of a folder is due, such as 'failed/', or None"):
        Master([FAILS], cases=cases)


@pytest.mark.parametrize("cases", ["", "a\0b"])
def test_what_can_be_no_folder_is_refused(cases: str) -> None:
    """Before anything is started."""
    with pytest.raises(ValueError, match="the path of a folder is due, such as 'failed/'"):
        Master([FAILS], cases=cases)


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    """Before anything is started."""
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is a file: a folder is due"):
        Master([FAILS], cases=tmp_path / "file")


def test_a_relative_folder_is_that_of_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that changes its folder finds its cases in one place."""
    monkeypatch.chdir(tmp_path)
    with Master([FAILS], cases="cases") as master:
        (tmp_path / "elsewhere").mkdir()
        os.chdir(tmp_path / "elsewhere")
        list(master.outcomes(["raise"]))

    assert [path.name for path in (tmp_path / "cases").iterdir()] == ["task-000000.json"]
