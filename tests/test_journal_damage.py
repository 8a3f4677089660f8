"""What a journal may be found to be: damaged, of a stranger's, in use."""

from __future__ import annotations

import os
import pickle
from contextlib import closing
from fractions import Fraction
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from journals import NOBODY, Log, results

from spreadjobs import (
    Journal,
    JournalError,
    Master,
    Settings,
    journal_file,
    main,
)
from spreadjobs.journal_records import HEAD_BYTES, RECORD_BYTES, Content, Piece, pieces, record
from spreadjobs.keeper import Keeper

pytestmark = pytest.mark.usefixtures("nothing_is_left")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """What workers have done."""
    return Log(tmp_path / "log")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "run.journal"


# --- damage


def records(data: bytes) -> list[Piece]:
    """What a journal has."""
    return list(pieces(Content(len(data), lambda start, size: data[start : start + size])))


def damaged(path: Path, start: int, size_bytes: int) -> None:
    """Write zeros over a part of a journal."""
    with path.open("r+b") as raw:
        raw.seek(start)
        raw.write(bytes(size_bytes))


def test_zeros_over_the_middle_are_reported_and_done_again(
    log: Log, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The run with it is complete and right, and does only what stood there."""
    todo = list(range(300))
    first = results(todo, log.worker(), path)
    log.done()
    size = path.stat().st_size
    damaged(path, size // 3, size // 3)

    assert results(todo, log.worker(), path) == first
    redone = len(log.done())
    assert 90 < redone < 110
    assert [text for text in caplog.messages if f"{path} was damaged (bytes " in text and "are done again" in text]
    assert results(todo, NOBODY, path) == first


def test_a_record_cut_at_every_byte_is_reported_and_done_again(
    log: Log, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As a master leaves it that was killed while it wrote: the last task is done again, and no other."""
    first = results([1, 2], log.worker(), path)
    whole = path.read_bytes()
    *_, last = records(whole)
    for size in range(last.start - RECORD_BYTES, len(whole)):
        path.write_bytes(whole[:size])
        log.done()
        caplog.clear()

        assert results([1, 2], log.worker(), path) == first
        assert log.done() == ["2"]
        assert bool([text for text in caplog.messages if "was damaged" in text]) == (size > last.start - RECORD_BYTES)
        assert path.read_bytes()[HEAD_BYTES:] == whole[HEAD_BYTES:]


def test_what_is_damaged_while_it_is_open_is_done_again(log: Log, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What the disk gives is checked once more when an answer is taken."""
    results([1, 2], log.worker(), path)
    log.done()
    first, *_ = records(path.read_bytes())
    with Master([log.worker()], journal=path) as master:
        damaged(path, first.start + 1, 4)
        assert master.run([1, 2]) == [("done", 1), ("done", 2)]

    assert log.done() == ["1"]
    assert [text for text in caplog.messages if "task 0 is done again" in text and "is damaged" in text]


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.mkdir, (str(self.path), 0o700)


@pytest.mark.parametrize(
    "content",
    [b"junk", pickle.dumps("no tuple"), pickle.dumps((1, 2)), 2 * pickle.dumps((1,)), pickle.dumps((1,)) + b"(", b""],
)
def test_a_record_that_holds_no_answer_is_done_again(
    content: bytes, log: Log, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """However whole it is."""
    results([1], log.worker(), path)
    overwrite(path, content)

    assert results([1], log.worker("'again'"), path) == ["again"]
    assert [text for text in caplog.messages if "task 0 is done again" in text]


def test_reading_a_journal_runs_no_code(log: Log, path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is decoded as a worker's answer is: a record of a stranger's can do no more. [SEC-1]"""
    results([1], log.worker(), path)
    overwrite(path, pickle.dumps((Hostile(tmp_path / "made"),)))

    assert results([1], log.worker("'again'"), path) == ["again"]
    assert not (tmp_path / "made").exists()
    assert [text for text in caplog.messages if "task 0 is done again" in text and "mkdir" in text]


def overwrite(path: Path, content: bytes) -> None:
    """Put something else into the only record of a journal, and seal it."""
    data = path.read_bytes()
    (piece,) = records(data)
    body = data[piece.start : piece.start + 17] + content
    path.write_bytes(data[:HEAD_BYTES] + record(HEAD_BYTES, body) + body)


def test_what_is_not_admitted_any_more_is_done_again(log: Log, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """``allow=`` rules what comes out of a journal as what comes from a worker; the reason names the class."""
    answer = "__import__('ipaddress').IPv4Address('10.0.0.1')"
    assert results([1], log.worker(answer), path, allow=[IPv4Address]) == [IPv4Address("10.0.0.1")]
    assert results([1], NOBODY, path, allow=[IPv4Address]) == [IPv4Address("10.0.0.1")]

    assert results([1], log.worker("5"), path) == [5]
    assert [text for text in caplog.messages if "task 0 is done again" in text and "IPv4Address" in text]


def test_answers_of_every_type_come_back(log: Log, path: Path) -> None:
    """What a worker may answer is what a journal may hold."""
    todo = [
        None,
        True,
        2**70,
        -0.5,
        1j,
        "\ud800",
        b"b",
        bytearray(b"a"),
        (1, [2]),
        {1: {2}},
        frozenset({3}),
        Fraction(1, 3),
    ]
    first = results(todo, log.worker("payload"), path)

    again = results(todo, NOBODY, path)
    assert [(type(answer), answer) for answer in again] == [(type(answer), answer) for answer in first]


# --- who has it


def test_a_run_with_a_file_of_another_sort_starts_nothing(path: Path) -> None:
    """The error comes first, and the file is as it was, for whoever opens it next."""
    path.write_text("a,b\n1,2\n", encoding="ascii")
    for _ in range(2):
        with pytest.raises(JournalError, match="is no journal"):
            main([1], [NOBODY], journal=path)

    assert path.read_text(encoding="ascii") == "a,b\n1,2\n"


def test_many_damaged_places_are_counted(log: Log, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The first ones are named, and the head is."""
    first = results(range(10), log.worker(), path)
    damaged(path, 0, 10)
    for piece in records(path.read_bytes())[::2]:
        damaged(path, piece.start, 1)

    assert results(range(10), log.worker(), path) == first
    (said,) = [text for text in caplog.messages if "was damaged" in text]
    assert said.startswith(f"the journal {path} was damaged (its head, bytes ")
    assert ", 2 more places)" in said


def test_what_cannot_be_synchronised_at_the_end_is_said_with_the_results(
    log: Log, path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has all answers is not to lose them by that."""

    def fails(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(journal_file, "_sync", fails)

    assert results([1], log.worker(), Journal(path, sync_s=60)) == [("done", 1)]
    assert [text for text in caplog.messages if "cannot be synchronised: [Errno 5]" in text]


def test_what_ends_a_run_is_raised_though_the_journal_cannot_be_written(
    log: Log, path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the last answers were not kept is said beside it."""

    class Stop(Exception):
        """Stands for Ctrl-C, or what the caller raises."""

    def fails(_keeper: Keeper, _outcomes: object) -> None:
        raise JournalError("cannot be written")

    def run() -> None:
        with Master([log.worker()], journal=path) as master, closing(master.stream(range(100))) as stream:
            next(stream)
            monkeypatch.setattr(Keeper, "record", fails)
            raise Stop

    with pytest.raises(Stop):
        run()
    assert "cannot be written" in caplog.messages


def test_two_masters_cannot_have_one_journal(log: Log, path: Path) -> None:
    """The second gets a clear error before it starts anything, and the first goes on."""
    with Master([log.worker()], journal=path) as first:
        first.run([1])
        with pytest.raises(JournalError, match=rf"{path} is in use, opened by process {os.getpid()} "):
            main([2], [NOBODY], journal=path)
        assert first.run([3]) == [("done", 3)]

    assert results([1, 3], NOBODY, path) == [("done", 1), ("done", 3)]


def test_a_forked_child_does_not_keep_the_journal(log: Log, path: Path) -> None:
    """Processes that the caller forks, as multiprocessing does, may outlast the master: they hold no lock."""
    leave, let = os.pipe()
    # The child has the master's end of the worker's pipe, so that the worker does not see the end of its input.
    settings = Settings(shutdown_timeout_s=0.1)
    with Master([log.worker()], journal=Journal(path, sync_s=60), settings=settings) as master:
        master.run([1])
        child = os.fork()
        if not child:
            os.close(let)
            os.read(leave, 1)
            os._exit(0)

    try:
        assert results([1], NOBODY, path) == [("done", 1)]
    finally:
        os.close(leave)
        os.close(let)
        assert os.waitpid(child, 0)[1] == 0
