"""``main(journal=...)``: what was answered is not done again, and what is kept."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from contextlib import closing
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from journals import NOBODY, Log, results
from processes import BOUND_S, ENVIRONMENT
from programs import TEMPLATE, echo, program

from spreadjobs import (
    ANYTHING,
    Answered,
    Journal,
    JournalError,
    Master,
    PoisonTask,
    RemoteException,
    Settings,
    WrongAnswer,
    main,
)
from spreadjobs.intake import SHORTEST_PAUSE_S

pytestmark = pytest.mark.usefixtures("nothing_is_left")

ADDRESS = IPv4Address("10.0.0.1")
"""Of a class that is neither plain data nor admitted."""


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """What workers have done."""
    return Log(tmp_path / "log")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "run.journal"


# --- what is not done again


def test_what_was_answered_is_not_done_again(log: Log, path: Path) -> None:
    """A run with the same todo gives the same answers, in the same order, and starts no worker."""
    todo = [1, "a", (2.5, None)]
    first = results(todo, log.worker(), path)

    assert results(todo, NOBODY, path) == first == [("done", payload) for payload in todo]
    assert log.done() == ["1", "'a'", "(2.5, None)"]


def test_a_path_may_be_a_text(log: Log, path: Path) -> None:
    """``journal="run.journal"`` is the short way."""
    main([1], [log.worker()], journal=str(path))

    assert main([1], [NOBODY], journal=os.fspath(path)).outputs == [[]]


def test_what_was_recalled_says_so(log: Log, path: Path) -> None:
    """In place of the worker's name stands ``journal``."""
    results([1], log.worker(), path)
    with Master([log.worker()], journal=path) as master:
        outcomes = list(master.outcomes([1, 2]))

    assert outcomes == [Answered(0, ("done", 1), "journal"), Answered(1, ("done", 2), "1.1")]


def test_only_what_is_missing_is_done(log: Log, path: Path) -> None:
    """A todo that was changed, cut, and put into another order is safe: answers belong to payloads, not to places."""
    results([1, 2, 3, 4], log.worker(), path)
    log.done()

    assert results([5, 4, 2, 6], log.worker(), path) == [("done", payload) for payload in (5, 4, 2, 6)]
    assert log.done() == ["5", "6"]


def test_each_of_several_equal_tasks_is_done_once(log: Log, path: Path) -> None:
    """Three equal tasks have three answers, which a further run has in the same order; the fourth one is done."""
    worker = log.worker("nth()")
    first = results(["x", "x", "y", "x"], worker, path)

    assert sorted(map(str, first)) == ["1", "2", "3", "4"]
    assert results(["x", "y", "x", "x", "x"], worker, path) == [first[0], first[2], first[1], first[3], 5]


def test_runs_of_one_master_go_on_counting(log: Log, path: Path) -> None:
    """A task in the second run that equals one of the first is another task; the same program finds both answers."""
    for worker in (log.worker("nth()"), NOBODY):
        with Master([worker], journal=path) as master:
            assert (master.run(["x"]), master.run(["x", "x"])) == ([1], [2, 3])


def test_a_run_that_was_left_counts_what_its_caller_had(log: Log, path: Path) -> None:
    """How far todo was taken depends on moments; the same program finds its answers, in its second run too."""
    todo = range(300)
    for life in range(3):
        with Master([log.worker("payload")], journal=path) as master:
            with closing(master.stream(todo)) as stream:
                first = list(itertools.islice(stream, 20))
            second = master.run(todo)

        assert (first, second) == (list(todo)[:20], list(todo))
        done = log.done()
        # The 20 that were had are further tasks in the second run; what was only begun is the same one.
        assert len(done) >= 320 if not life else not done


def test_an_answer_is_used_once_though_its_run_was_left(log: Log, path: Path) -> None:
    """Of two equal tasks the caller had the second answer: a further one that is equal is the first of them."""
    worker = log.worker("('first', 'second')[nth() - 1]")
    assert results(["a", "a"], worker, path, window=1) == ["first", "second"]
    path.write_bytes(path.read_bytes().replace(b"first", b"-----"))
    gate = path.with_name("gate")
    waits = log.worker(f"([time.sleep(0.01) for _ in iter(lambda: os.path.exists({str(gate)!r}), True)], 'third')[1]")

    with Master([waits], journal=path, settings=Settings(window=2)) as master:
        with closing(master.stream(["a", "a"], ordered=False)) as stream:
            assert next(stream) == "second"
        gate.touch()
        assert master.run(["a"]) == ["third"]


def test_a_run_that_failed_is_gone_on_with(log: Log, path: Path) -> None:
    """In the same block: what was answered is not done again, in this life or in another one."""
    worker = log.worker("payload if payload != 50 or nth() > 51 else 1 / 0")
    with Master([worker], journal=path, settings=Settings(window=1)) as master:
        with pytest.raises(RemoteException):
            master.run(range(100))
        assert master.run(range(100)) == list(range(100))

    assert 101 <= len(log.done()) <= 102  # One may have been at the worker when the run was stopped.
    assert results(range(100), NOBODY, path) == list(range(100))


def test_equal_payloads_are_found_whatever_their_history(log: Log, path: Path) -> None:
    """Their pickles differ: by the order of keys, and by what is shared."""
    text = "".join(["ab", "cd"])
    results([{"k": [text, text], "l": {1, 2}}], log.worker("'kept'"), path)

    assert results([{"l": {2, 1}, "k": ["abcd", "".join(["abc", "d"])]}], NOBODY, path) == ["kept"]


@pytest.mark.parametrize("other", [1.0, True, "1", (1,), [1], b"1"])
def test_what_only_looks_equal_is_done(other: object, log: Log, path: Path) -> None:
    """1, 1.0, True and "1" are four payloads."""
    results([1], log.worker(), path)

    assert results([other], log.worker(), path) == [("done", other)]


def test_another_version_does_all_again(log: Log, path: Path) -> None:
    """A changed worker must not reuse old answers; those of the first version are still there for it."""
    results([1], log.worker("'old'"), Journal(path, version="1"))

    assert results([1], log.worker("'new'"), Journal(path, version="2")) == ["new"]
    assert results([1], NOBODY, Journal(path, version="1")) == ["old"]
    assert results([1], NOBODY, Journal(path, version="2")) == ["new"]


def test_another_preparation_does_all_again(log: Log, path: Path) -> None:
    """It is a part of what a task is."""
    worker = log.worker("(items, payload)", preparation=1)
    first = main([1], [worker], stdin=[{"model": "a"}], journal=path)
    second = main([1], [worker], stdin=[{"model": "b"}], journal=path)

    assert (first.results, second.results) == ([([{"model": "a"}], 1)], [([{"model": "b"}], 1)])
    assert main([1], [NOBODY], stdin=iter([{"model": "a"}]), journal=path).results == first.results


def test_another_codec_does_all_again(path: Path) -> None:
    """In JSON a tuple comes back as a list: an answer of the other codec would be of another type."""
    todo = [echo([1])]
    main(todo, [TEMPLATE], stdin=[None], journal=path)

    with pytest.raises(Exception, match="cannot start"):
        main(todo, [NOBODY], stdin=[None], journal=path, settings=Settings(codec="json"))


# --- what is kept


def test_a_task_that_raised_is_done_again(log: Log, path: Path) -> None:
    """Only answers are kept; those before it are, though the run was stopped."""
    worker = log.worker("payload if payload != 3 or nth() > 3 else 1 / 0")
    with pytest.raises(RemoteException):
        results([1, 2, 3], worker, path, window=1)

    assert results([1, 2, 3], worker, path) == [1, 2, 3]
    assert log.done() == ["1", "2", "3", "3"]


def test_a_poison_task_costs_no_other_answer(log: Log, path: Path) -> None:
    """All others were done, and are kept."""
    with pytest.raises(PoisonTask):
        results([1, "end", 2], log.worker("payload if payload != 'end' else os._exit(3)"), path)

    assert results([2, 1], NOBODY, path) == [2, 1]


def test_the_answer_is_kept_as_the_worker_gave_it(log: Log, path: Path) -> None:
    """A converter that was wrong can be mended without doing the tasks again."""

    def wrong(value: object) -> str:
        raise ValueError(value)

    with pytest.raises(WrongAnswer):
        main([1], [log.worker("'4'")], journal=path, answer=wrong)

    assert main([1], [NOBODY], journal=path, answer=lambda value: int(str(value))).results == [4]
    with pytest.raises(WrongAnswer, match=r"from worker journal.* give the Journal another version"):
        main([1], [NOBODY], journal=path, answer=list)


FILLS = """
import resource, signal, sys
from spreadjobs import JournalError, main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
path, *worker = sys.argv[1:]
try:
    main(range(1000), [worker], journal=path)
except JournalError as error:
    print(error)
"""


def test_a_run_on_a_full_disk_ends_and_its_answers_are_kept(log: Log, path: Path) -> None:
    """The error says so; where there is room again, the next run does what is missing."""
    command = [sys.executable, "-c", FILLS, str(path), *log.worker("payload")]
    run = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=BOUND_S, check=True)
    log.done()

    assert "cannot be written: [Errno 27] File too large; what it has is not lost" in run.stdout
    assert results(range(1000), log.worker("payload"), path) == list(range(1000))
    assert 900 < len(log.done()) < 1000


def test_many_answers_that_cannot_be_read_are_not_all_named(
    log: Log, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as when ``allow=`` was forgotten: a few lines say it."""
    answer = "__import__('ipaddress').IPv4Address('10.0.0.1')"
    results(range(100), log.worker(answer), path, allow=[IPv4Address])
    assert results(range(100), log.worker("payload"), path) == list(range(100))

    assert len([text for text in caplog.messages if "is done again" in text]) == 3


def test_what_had_come_when_a_stream_was_left_is_kept(log: Log, path: Path) -> None:
    """Also what the master had read while its caller was at an earlier answer, and had not given yet."""
    gate = path.with_name("gate")
    os.mkfifo(gate)
    hoards = program(f"""
        answers = [pickle.dumps((read(), None, None)) for _ in range(20)]
        os.write(1, b"".join(answers[:10]))
        with open({str(gate)!r}) as gate:
            os.write(1, b"".join(answers[10:]))
            open({str(log.path)!r}, "w").close()
            sys.stdin.read()
    """)
    with (
        Master([hoards], journal=path, settings=Settings(window=20)) as master,
        closing(master.stream(range(100), ordered=False)) as stream,
    ):
        next(stream)
        with gate.open("w"):  # Which waits until the worker has opened it.
            time.sleep(2 * SHORTEST_PAUSE_S)  # So long that the master looks after its workers when it is asked again.
            until_s = time.monotonic() + BOUND_S
            while not log.path.exists():
                assert time.monotonic() < until_s
        next(stream)

    assert results(range(20), NOBODY, path) == list(range(20))


def test_what_cannot_be_pickled_is_said_and_not_kept(log: Log, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A worker's object that the user admitted may be of any sort; the run goes on."""
    answer = "type('Lock', (), {'__reduce__': lambda _: (__import__('_thread').allocate_lock, ())})()"
    for _ in range(2):
        assert len(results([1, 2], log.worker(answer), path, allow=ANYTHING)) == 2

    assert len(log.done()) == 4
    assert [text for text in caplog.messages if "the answer to task 0, and others perhaps, are not kept" in text]


# --- what cannot be told


def test_payloads_of_a_class_need_a_key(log: Log, path: Path) -> None:
    """Nobody can tell what makes them equal; the error names the task, the class and the cure, and nothing is lost."""
    todo = [1, ADDRESS]
    worker = log.worker("str(payload)")
    with pytest.raises(JournalError, match=r"task 1: .* payload: a value of type ipaddress.IPv4Address .* key="):
        results(todo, worker, path)

    journal = Journal(
        path, key=lambda payload: ("address", int(payload)) if isinstance(payload, IPv4Address) else payload
    )
    assert results(todo, worker, journal) == ["1", "10.0.0.1"]
    assert results(todo, NOBODY, journal) == ["1", "10.0.0.1"]
    with pytest.raises(JournalError, match=r"task 0: key= raised ZeroDivisionError: integer division"):
        results([0], NOBODY, Journal(path, key=lambda _: 1 // 0))
    with pytest.raises(JournalError, match=r"task 0: .* what key= gave: a value of type ipaddress.IPv4Address"):
        results([1], NOBODY, Journal(path, key=lambda _: ADDRESS))


def test_a_preparation_of_a_class_needs_something_that_stands_for_it(log: Log, path: Path) -> None:
    """The error comes before anything is started."""
    worker = log.worker("(str(items[0]), payload)", preparation=1)
    with pytest.raises(JournalError, match=r"preparation is: a value of type ipaddress.IPv4Address .* preparation="):
        main([1], [NOBODY], stdin=[ADDRESS], journal=path)

    for stands_for in ("OK", 5):
        journal = Journal(path, preparation=stands_for)
        assert main([1], [worker], stdin=[ADDRESS], journal=journal).results == [("10.0.0.1", 1)]
    assert len(log.done()) == 2


def test_fields_of_a_journal_are_checked(path: Path) -> None:
    """The error names the field and what is due."""
    with pytest.raises(TypeError, match="path of a journal is of type int"):
        Journal(5)
    with pytest.raises(TypeError, match="version=2: a str is due"):
        Journal(path, version=2)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="key='id': a function"):
        Journal(path, key="id")  # type: ignore[arg-type]
    for sync_s in (-1, float("nan"), "1", 1e10):
        with pytest.raises(ValueError, match=r"sync_s=.*seconds are due"):
            Journal(path, sync_s=sync_s)  # type: ignore[arg-type]
