"""Journals under streams and outcomes, and where a block or an iterator is left."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from journals import NOBODY, Log, results
from programs import TEMPLATE, echo

from spreadjobs import (
    NUMPY,
    Answered,
    Failed,
    Master,
    Settings,
    main,
)
from spreadjobs.delivery import STREAM_BOUND, STREAM_BOUND_A_WORKER

pytestmark = pytest.mark.usefixtures("nothing_is_left")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """What workers have done."""
    return Log(tmp_path / "log")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "run.journal"


# --- streams


def test_a_stream_does_not_run_ahead_of_its_caller(log: Log, path: Path) -> None:
    """Also where all answers are there: what was recalled and not delivered counts as what is at work does."""
    bound = STREAM_BOUND + STREAM_BOUND_A_WORKER
    main(range(3 * bound), [log.worker("payload")], journal=path)
    taken = 0

    def todo() -> Iterator[int]:
        nonlocal taken
        for number in range(3 * bound):
            taken += 1
            yield number

    with Master([NOBODY], journal=path) as master, closing(master.stream(todo())) as stream:
        for number in range(2 * bound):
            assert next(stream) == number
            assert taken - number <= bound
        assert list(stream) == list(range(2 * bound, 3 * bound))


def test_known_and_new_tasks_may_be_mixed(log: Log, path: Path) -> None:
    """In order, and each once, whichever come first and however many of one sort come together."""
    rows = [range(500), range(0, 1000, 2), range(1500), itertools.chain(range(2000, 2010), range(1500))]
    known: set[int] = set()
    for row in rows:
        todo = list(row)
        with Master([log.worker("payload"), log.worker("payload")], journal=path) as master:
            outcomes = list(master.outcomes(iter(todo)))

        assert [outcome.value for outcome in outcomes if isinstance(outcome, Answered)] == todo
        assert sorted(log.done()) == sorted(str(number) for number in todo if number not in known)
        known |= {*todo}


def test_a_failure_among_known_tasks_is_an_outcome(log: Log, path: Path) -> None:
    """Those behind it are delivered as well."""
    results([1, 3], log.worker("payload"), path)
    with Master([log.worker("1 / 0")], journal=path) as master:
        outcomes = list(master.outcomes([1, 2, 3]))

    assert [type(outcome) for outcome in outcomes] == [Answered, Failed, Answered]


def test_an_iterator_may_be_left_after_the_block(log: Log, path: Path) -> None:
    """What had come by the end of the block is kept, and nothing is raised when the iterator is closed at last."""
    with Master([log.worker()], journal=path) as master:
        stream = master.stream(range(1000))
        assert next(stream) == ("done", 0)
    stream.close()

    assert results([0], NOBODY, path) == [("done", 0)]
    with pytest.raises(RuntimeError, match="with block has ended"):
        next(master.outcomes([1]))


def test_an_iterator_begun_after_the_block_says_so(log: Log, path: Path) -> None:
    """Whether or not there is a journal."""
    for journal in (None, path):
        with Master([log.worker()], journal=journal) as master:
            outcomes = master.outcomes([1])
        with pytest.raises(RuntimeError, match="with block has ended"):
            next(outcomes)


def test_a_journal_that_is_removed_is_said_to_be(log: Log, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The run goes on, and its results are given: what it has is worth more than what it cannot keep."""

    def todo() -> Iterator[int]:
        yield 1
        path.unlink()
        yield 2

    assert main(todo(), [log.worker("payload")], journal=path).results == [1, 2]
    assert [text for text in caplog.messages if "was removed or replaced while it was open" in text]


def test_arrays_come_back_as_they_were(path: Path) -> None:
    """With their dtype and shape, of whatever layout; as payloads they are told by content."""
    table = np.arange(12.0).reshape(3, 4)
    todo = [echo(array) for array in (table, table.T, table[:, ::2], np.arange(5, dtype=">i2"), np.array(["x", "yz"]))]
    settings = Settings(allow=[NUMPY])
    first = main(todo, [TEMPLATE], stdin=[None], journal=path, settings=settings).results

    again = main(todo, [NOBODY], stdin=[None], journal=path, settings=settings).results
    for one, other in zip(first, again, strict=True):
        assert isinstance(one, np.ndarray)
        assert isinstance(other, np.ndarray)
        assert (one.dtype, one.shape, one.tolist()) == (other.dtype, other.shape, other.tolist())
