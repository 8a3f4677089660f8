"""
How long to leave a worker alone: after a refusal, and before it is started again. No clock and no chance in here.

The formula, its constants and the notion of usefulness are those of gmisclib 0.73.0, as measured.
"""

from __future__ import annotations

import math
from typing import Final, Literal, SupportsFloat, SupportsIndex, TypeAlias, assert_never

import attrs

SHORTEST_DELAY_S: Final = 0.01
"""Bounds of what a worker may ask for, seconds. Source: gmisclib 0.73.0."""
LONGEST_DELAY_S: Final = 1000.0

LOWEST_FACTOR: Final = 0.8
"""
Bounds of the random factor of a delay; the caller draws it evenly between them, so that workers that refused
together do not all come back together. Source: gmisclib 0.73.0.
"""
HIGHEST_FACTOR: Final = 1.4
LOWEST_LOAD: Final = 0.1
"""The least that a short queue shortens a delay to: a tenth. Source: gmisclib 0.73.0."""
SLOWNESS: Final = 10.0
"""How much the time that a refusal took lengthens the delay. Source: gmisclib 0.73.0."""

START_USEFULNESS: Final = 1.0
"""Usefulness of a slot at first, and what one whose worker only works stays at."""
ENDED_USEFULNESS: Final = 0.0
"""Usefulness of a slot whose worker has failed; the next worker there earns it anew."""
BUSYFAC1: Final = 0.85
"""What a response leaves of the usefulness so far. Source, and name, of these three: gmisclib 0.73.0."""
BUSY3: Final = 0.01
"""Keeps the usefulness of a worker that always refuses above 0, by which a sum of them is divided."""
BUSYFAC2: Final = (1.0 - BUSYFAC1) / (1.0 + BUSY3)
"""What a response adds; such that a worker that only works stays at 1."""

FIRST_RESTART_DELAY_S: Final = 0.05
"""Wait before the first restart; it doubles from there, seconds."""
LONGEST_RESTART_DELAY_S: Final = 5.0

Happening: TypeAlias = Literal["answered", "refused", "running", "ended"]
"""What changes a worker's usefulness; to be running does not."""

Number: TypeAlias = str | SupportsFloat | SupportsIndex


def delay_sanitize(x: Number) -> float:
    """
    A worker's wish for a rest as a sensible number of seconds, 0.01 to 1000; NaN is 1000.

    On the wire NaN and what is no number are violations (spec BUSY-1); here they keep the ancestor's meaning.

    Args:
        x: Seconds; text is read as a number.

    Raises:
        TypeError, ValueError, OverflowError: ``float(x)`` is not possible.
    """
    delay_s = float(x)
    if math.isnan(delay_s):
        return LONGEST_DELAY_S
    return max(SHORTEST_DELAY_S, min(LONGEST_DELAY_S, delay_s))


@attrs.frozen(kw_only=True)
class Refusal:
    """What counts for how long a worker that refused a task is left alone."""

    asked_s: Number
    """Seconds that the worker asked for."""
    took_s: float
    """Seconds from the request to the refusal, 0 or more: a slow refusal is worth avoiding."""
    queued: int
    """Tasks waiting to be sent, the refused one back among them."""
    all_usefulness: float
    """Sum of the usefulness of all workers, this one's included, above 0."""
    usefulness: float
    """This worker's own, before the refusal is charged to it."""


def busy_delay_s(refusal: Refusal, *, factor: float) -> float:
    """
    For how long to leave a worker alone that refused a task. Spec BUSY-3.

    Args:
        refusal: What happened.
        factor: Drawn evenly from ``LOWEST_FACTOR`` to ``HIGHEST_FACTOR`` by the caller.

    Returns:
        Seconds, above 0.

    Raises:
        TypeError, ValueError, OverflowError: ``asked_s`` is no number.
        ZeroDivisionError: ``all_usefulness`` is 0.
    """
    load = max(LOWEST_LOAD, (refusal.queued + 1) / refusal.all_usefulness)
    patience = min(math.exp(1.0 - refusal.usefulness), load)
    delay_s = delay_sanitize(refusal.asked_s) * factor * patience
    return math.sqrt(SLOWNESS * refusal.took_s * delay_s) + delay_s


def next_usefulness(usefulness: float, happening: Happening) -> float:
    """
    A worker's usefulness after something happened; 0 to 1, a fading average of answers given.

    Args:
        usefulness: So far; ``START_USEFULNESS`` at the start of a worker.
        happening: An answer raises it, a refusal lowers it, an end makes it 0, to be running changes nothing.
    """
    match happening:
        case "answered":
            # Rounding may lift the sum above 1, and a share it must stay.
            return min(START_USEFULNESS, BUSYFAC1 * usefulness + BUSYFAC2 * (1.0 + BUSY3))
        case "refused":
            return BUSYFAC1 * usefulness + BUSYFAC2 * BUSY3
        case "running":
            return usefulness
        case "ended":
            return ENDED_USEFULNESS
    assert_never(happening)


def restart_delay_s(ends_in_a_row: int, *, factor: float = 1.0) -> float:
    """
    How long to wait before a worker is started again.

    Args:
        ends_in_a_row: Ends of that slot since its last answer, from 1.
        factor: Drawn evenly from ``LOWEST_FACTOR`` to ``HIGHEST_FACTOR`` by the caller, so that workers that ended
            together (a host went down, a file server hung) are not all started together.

    Returns:
        Seconds: 0.05, 0.1, 0.2 ... 5, times the factor.

    Raises:
        ValueError: ``ends_in_a_row`` is below 1.
    """
    if ends_in_a_row < 1:
        raise ValueError(f"ends_in_a_row={ends_in_a_row}: 1 or more is due")
    # The exponent is bounded first: 2.0**2000 is an OverflowError.
    return factor * min(LONGEST_RESTART_DELAY_S, FIRST_RESTART_DELAY_S * 2.0 ** min(ends_in_a_row - 1, 64))
