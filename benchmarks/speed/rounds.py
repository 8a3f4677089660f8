"""Rounds in turn: every contestant once a round, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from speed.values import Contestant, Reading, Readings


def in_turn(contestants: Sequence[Contestant], rounds: int, measure: Callable[[Contestant], Reading]) -> Readings:
    """
    Measure everybody once a round. Each round begins with another one: nobody always follows the same neighbour.

    One that has failed in two rounds is not tried again: a hang costs its time limit.
    """
    readings: dict[str, list[Reading]] = {contestant.name: [] for contestant in contestants}
    for round_ in range(rounds):
        first = round_ % len(contestants)
        for contestant in [*contestants[first:], *contestants[:first]]:
            before = readings[contestant.name]
            failures = [reading for reading in before if reading.failure]
            before.append(failures[-1] if len(failures) > 1 else measure(contestant))
    return readings
