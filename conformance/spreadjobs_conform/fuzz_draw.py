"""Chance, from a seed: the same draws on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import TypeVar

Drawn = TypeVar("Drawn")


def drawn(rng: Random, weights: Mapping[Drawn, float]) -> Drawn:
    """One of the keys, as often as its weight says."""
    return rng.choices(list(weights), list(weights.values()))[0]


def odds(rng: Random, percent: float) -> bool:
    """True in so many of a hundred draws."""
    return rng.random() * 100 < percent


def repeated(rng: Random, alphabet: str, length: int, pattern: int = 24) -> str:
    """
    A text of that length.

    Args:
        rng: Where chance comes from.
        alphabet: Its characters.
        length: In characters.
        pattern: After so many characters it begins anew: drawing them all would take long.
    """
    part = "".join(rng.choice(alphabet) for _ in range(min(length, pattern)))
    return (part * (length // len(part) + 1))[:length] if part else ""
