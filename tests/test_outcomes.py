"""The values that a run hands to its caller."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest

from spreadjobs.outcomes import Answered, Attempt, Cancelled, Failed, Quarantined, Spread, WorkerReport, notComputed


def report(name: str) -> WorkerReport:
    """A report of a worker that ended well."""
    return WorkerReport(
        name=name, arguments=("cat",), status=0, signal=None, reason="end of input", answered=2, busy_s=0.5
    )


def test_not_computed_is_one_object_under_the_seeds_name() -> None:
    """The marker can be compared with ``is``, also after copying and pickling, and reads as in the documentation."""
    assert repr(notComputed) == "notComputed"
    assert copy.deepcopy(notComputed) is notComputed
    assert pickle.loads(pickle.dumps(notComputed)) is notComputed


def test_spread_is_the_documented_pair() -> None:
    """What main returns unpacks into results and outputs."""
    results, outputs = Spread([1, 2], [["bye\n"]])

    assert (results, outputs) == ([1, 2], [["bye\n"]])


def test_spread_has_names_for_its_parts_and_the_reports() -> None:
    """The pair's parts have names, and the workers' reports stand beside them."""
    spread = Spread([1], [[]], [report("1.1")])

    assert spread.results == [1]
    assert spread.outputs == [[]]
    assert [worker.name for worker in spread.workers] == ["1.1"]
    assert tuple(Spread([1], [[]]).workers) == ()


def test_outcomes_are_values() -> None:
    """Outcomes compare by content and cannot be changed."""
    attempt = Attempt(worker="1.1", cause="died", detail="signal SIGKILL")

    assert Answered(task_index=0, value=5, worker="1.1") == Answered(task_index=0, value=5, worker="1.1")
    assert Quarantined(task_index=0, attempts=(attempt,)) != Quarantined(task_index=0, attempts=())
    assert Cancelled(task_index=1, reason="stopped") != Cancelled(task_index=2, reason="stopped")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        attempt.worker = "2.1"  # type: ignore[misc]  # the mistake is the test


def test_failures_compare_without_their_error() -> None:
    """Two exceptions are never equal, so an outcome is compared by its place."""
    assert Failed(task_index=3, error=ValueError("a")) == Failed(task_index=3, error=ValueError("a"))
