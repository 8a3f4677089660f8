"""The memory works: useful workers come first in the next run, and old runs fade."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from spreadjobs.arglists import read_arglists
from spreadjobs.past_performance import (
    LONGEST_MEMORY,
    MOST_ARGUMENTS,
    SHARED,
    Averages,
    NoWeight,
    PastPerformance,
    as_memory,
    ordered,
)


def start_order(memory: PastPerformance | None, *hosts: str) -> list[str]:
    """Hosts in the order in which their workers would be started."""
    slots = read_arglists([["ssh", host, "w.py"] for host in hosts])
    return [slot.arguments[1] for slot in ordered(slots, memory)]


def test_good_worker_comes_first_in_the_next_run() -> None:
    """A worker that was useful is started before one that was not. [docs/names.md: PastPerformance]"""
    memory = PastPerformance()
    memory.record(["ssh", "bad", "w.py"], 0.0)
    memory.record(["ssh", "good", "w.py"], 1.0)

    assert start_order(memory, "bad", "good") == ["good", "bad"]


def test_unknown_worker_comes_between_good_and_bad() -> None:
    """A worker that was never seen is expected to be middling, in contrast to the ancestor's memory."""
    memory = PastPerformance()
    memory.record(["ssh", "bad", "w.py"], 0.1)
    memory.record(["ssh", "good", "w.py"], 0.9)

    assert start_order(memory, "bad", "new", "good") == ["good", "new", "bad"]


def test_equals_keep_the_given_order() -> None:
    """The order is stable while nothing tells workers apart."""
    memory = PastPerformance()
    for host in "cab":
        memory.record(["ssh", host, "w.py"], 1.0)

    assert start_order(memory, *"abc") == [*"abc"]
    assert start_order(PastPerformance(), *"cab") == [*"cab"]


def test_no_memory_is_the_given_order() -> None:
    """None means the order given, not an alphabetical one. [docs/names.md: past_performance]"""
    assert start_order(None, *"cab") == [*"cab"]


def test_memory_adds_up_over_runs() -> None:
    """A run adds to what earlier ones left."""
    memory = PastPerformance()
    memory.record(["a", "a", 1], 1.0)
    memory.record(["a"], 0.25)

    assert memory.get_both("a") == (2.25, 3.0)
    assert memory.get_avgs() == {"a": 0.75, "1": 1.0}


def test_old_runs_fade() -> None:
    """After enough bad runs a worker that was good for long is a bad one."""
    memory = PastPerformance()
    for _ in range(1000):
        memory.record(["host"], 1.0)
    assert memory.get_both("host") == (LONGEST_MEMORY, LONGEST_MEMORY)

    for _ in range(20):
        memory.record(["host"], 0.0)
    assert memory.get_avg("host") < 0.2
    assert memory.get_both("host")[1] == LONGEST_MEMORY


def test_shared_arguments_do_not_drown_those_that_differ() -> None:
    """After very many workers of one program the better host still comes first."""
    memory = PastPerformance()
    for _ in range(1000):
        memory.record(["ssh", "w.py"], 0.5)
    memory.record(["ssh", "better", "w.py"], 0.9)
    for _ in range(10):
        memory.record(["ssh", "worse", "w.py"], 0.4)

    assert start_order(memory, "worse", "better") == ["better", "worse"]


def test_memory_does_not_grow_for_ever() -> None:
    """Of very many arguments those go that were not used for the longest."""
    memory = PastPerformance()
    memory.record(["kept"], 1.0)
    memory.record(["forgotten"], 1.0)
    memory.record(["kept"], 1.0)
    memory.record((str(number) for number in range(MOST_ARGUMENTS - 1)), 1.0)

    assert len(memory) == MOST_ARGUMENTS
    assert "kept" in memory
    assert "forgotten" not in memory


@pytest.mark.parametrize("usefulness", [-0.1, 1.1, float("nan"), float("inf")])
def test_usefulness_is_a_share(usefulness: float) -> None:
    """What is no share is refused, and nothing is remembered of it."""
    memory = PastPerformance()

    with pytest.raises(ValueError, match="0 to 1 is due"):
        memory.record(["a"], usefulness)
    assert memory == {}


def test_arguments_are_known_by_the_text_the_program_gets() -> None:
    """Paths, bytes and numbers are looked up as the program sees them. [EXEC-1]"""
    memory = PastPerformance()
    memory.record([Path("w.py"), b"host", 3], 1.0)

    assert memory(["w.py", "host", "3"]) == memory([b"w.py", Path("host"), 3]) == -0.875


def test_memory_outlives_the_program_as_a_pickle() -> None:
    """A memory can be copied, pickled and looked at as the dict it is."""
    memory = PastPerformance()
    memory.record(["host"], 1.0)
    revived = pickle.loads(pickle.dumps(memory))

    assert revived == memory == memory.copy() == {"host": 1 + 1j}
    assert type(revived) is type(memory.copy()) is PastPerformance


def test_caller_gives_a_memory_or_none() -> None:
    """A PastPerformance is used itself, None is no memory, {} an empty one that nothing is written into."""
    memory = PastPerformance()
    empty: dict[str, complex] = {}
    of_empty = as_memory(empty)

    assert as_memory(memory) is memory
    assert as_memory(None) is None
    assert of_empty is not None
    of_empty.record(["a"], 1.0)
    assert empty == {}


@pytest.mark.parametrize("wrong", [{"a": 1.0}, [], 0, len])
def test_other_memories_are_refused(wrong: object) -> None:
    """What is no memory is refused with what is due."""
    with pytest.raises(TypeError, match="a PastPerformance is due, or None for no memory"):
        as_memory(wrong)


def test_shared_memory_is_one_object() -> None:
    """main() has a memory where the caller gives none."""
    assert type(SHARED) is PastPerformance


def test_averages_are_weighted() -> None:
    """Values count by their weights."""
    averages = Averages()
    averages.add("a", 1.0, 3.0)
    averages.add("a", 5.0)
    averages.add_many([("b", 2.0)])

    assert averages.get_both("a") == (8.0, 4.0)
    assert averages.get_avgs() == {"a": 2.0, "b": 2.0}


def test_averages_of_nothing_are_refused() -> None:
    """No average without weight, no weight below 0; both were AssertionErrors and still are."""
    averages = Averages()
    averages.add("a", 1.0, 0.0)

    with pytest.raises(NoWeight, match=r"the weight of 'a' is 0\.0"):
        averages.get_avg("a")
    with pytest.raises(AssertionError, match=r"weight=-1\.0 for 'a': 0 or more is due"):
        averages.add("a", 1.0, -1.0)
    with pytest.raises(KeyError):
        averages.get_avg("b")


def test_averages_merge_with_their_weights() -> None:
    """Merging another one adds its sums and weights; pairs count once each."""
    averages, other = Averages(), Averages()
    averages.add("a", 1.0)
    other.add("a", 3.0, 2.0)
    averages.merge(other)
    averages.merge([("a", 2.0)])
    averages.merge(other.items())

    assert averages.get_both("a") == (15.0, 6.0)
