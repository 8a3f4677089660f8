"""
The memory of which workers did well, so that the next run starts them first.

``PastPerformance`` is the sort key of the start order, as in the ancestor. Unlike there it is fed with what workers
were worth while they worked, and what it learns stays: a new run adds to the memory, and old runs fade.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Self

from spreadjobs.arglists import Slot, argument_text

LONGEST_MEMORY: Final = 10.0
"""
About how many uses an argument's average goes back over: a greater weight is brought down to this when one is added.
It also keeps the arguments that all workers share (``python``) from drowning those that tell them apart (the host).
"""
MOST_ARGUMENTS: Final = 10_000
"""Arguments remembered; beyond it those go that were not used for the longest, so that no memory grows for ever."""
UNKNOWN_USEFULNESS: Final = 0.5
"""What is expected of an argument that was never seen. Source: gmisclib 0.73.0."""


class NoWeight(ValueError, AssertionError):
    """A weight below 0, or an average of nothing. An AssertionError too, because the ancestor raised that."""


class Averages(dict[str, complex]):
    """
    A weighted average for each key; each value is ``complex(sum, weight)``, as in the ancestor's ``dict_of_averages``.

    A dict, so that a caller can look at it, copy it and pickle it.
    """

    def add(self, key: str, value: float, weight: float = 1.0) -> None:
        """
        Take one more value into a key's average.

        Raises:
            NoWeight: ``weight`` is below 0.
        """
        if weight < 0:
            raise NoWeight(f"weight={weight} for {key!r}: 0 or more is due")
        self[key] = self.get(key, 0j) + complex(value * weight, weight)

    def add_many(self, pairs: Iterable[tuple[str, float]]) -> None:
        """Take one more value into each of several averages, each with weight 1."""
        for key, value in pairs:
            self.add(key, value)

    def merge(self, other: Averages | Iterable[tuple[str, float] | tuple[str, complex]]) -> None:
        """
        Take in another one's values with their weights.

        Args:
            other: Another one, or pairs of a key and a value of weight 1, or of a key and ``complex(sum, weight)``.
        """
        for key, value in other.items() if isinstance(other, Averages) else other:
            self[key] = self.get(key, 0j) + (value if isinstance(value, complex) else complex(value, 1.0))

    def get_both(self, key: str) -> tuple[float, float]:
        """
        Sum and weight of a key.

        Raises:
            KeyError: the key has none.
        """
        both = self[key]
        return both.real, both.imag

    def get_avg(self, key: str) -> float:
        """
        The average of a key.

        Raises:
            KeyError: the key has none.
            NoWeight: its values have no weight.
        """
        total, weight = self.get_both(key)
        if weight <= 0:
            raise NoWeight(f"the weight of {key!r} is {weight}: an average needs one above 0")
        return total / weight

    def get_avgs(self) -> dict[str, float]:
        """
        All averages.

        Raises:
            NoWeight: the values of a key have no weight.
        """
        return {key: self.get_avg(key) for key in self}

    def copy(self) -> Self:
        """Another one with the same averages."""
        return type(self)(self)


class PastPerformance(Averages):
    """
    The memory of a caller: how useful workers were, by each of their arguments (program, script, host ...).

    Give one to ``main(past_performance=)`` or to ``Master``, keep it, pickle it if it should outlive the program.
    """

    def __call__(self, arguments: Iterable[object]) -> float:
        """
        The sort key of an argument list: the lower, the sooner it is started; -0.5 while nothing is known.

        Args:
            arguments: Each is looked up by the text that the program gets. Spec EXEC-1.
        """
        total = UNKNOWN_USEFULNESS
        weight = 1.0
        for argument in arguments:
            both = self.get(argument_text(argument), complex(UNKNOWN_USEFULNESS, 1.0))
            total += both.real
            weight += both.imag
        return -total / weight

    def record(self, arguments: Iterable[object], usefulness: float) -> None:
        """
        Remember how useful a worker was, for each of its arguments.

        Args:
            arguments: What it was started with.
            usefulness: 0 to 1, as it was before the worker was told to shut down, or 0 for one that failed.

        Raises:
            ValueError: ``usefulness`` is not from 0 to 1.
        """
        if not 0.0 <= usefulness <= 1.0:
            raise ValueError(f"usefulness={usefulness!r}: 0 to 1 is due")
        for argument in arguments:
            key = argument_text(argument)
            both = self.pop(key, 0j) + complex(usefulness, 1.0)  # pop: the latest used stand last
            self[key] = both * min(1.0, LONGEST_MEMORY / both.imag)
        while len(self) > MOST_ARGUMENTS:
            self.pop(next(iter(self)), None)


SHARED: Final = PastPerformance()
"""
The memory of ``main()`` where the caller gives none. The one piece of state of a module in the library: the documented
default is to have memory, and nothing but the module outlives a call of ``main()``.
"""


def as_memory(past_performance: object) -> PastPerformance | None:
    """
    What the caller's ``past_performance=`` means.

    Args:
        past_performance: A PastPerformance is read and written; None is no memory; ``{}`` is an empty memory, and as it
            is a plain dict of the caller's, nothing is written into it.

    Raises:
        TypeError: anything else.
    """
    if past_performance is None or isinstance(past_performance, PastPerformance):
        return past_performance
    if isinstance(past_performance, dict) and not past_performance:
        return PastPerformance()
    raise TypeError(
        f"past_performance is of type {type(past_performance).__name__}: "
        "a PastPerformance is due, or None for no memory; "
        "averages of your own go into one by add_many()"
    )


def ordered(slots: Iterable[Slot], memory: PastPerformance | None) -> Sequence[Slot]:
    """
    Slots in the order to start them in: the more useful first, equals as given.

    Args:
        slots: In the order of ``list_of_args``.
        memory: None is the given order.
    """
    if memory is None:
        return tuple(slots)
    return tuple(sorted(slots, key=lambda slot: memory(slot.arguments)))
