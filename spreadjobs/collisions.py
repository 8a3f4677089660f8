"""
Keys whose hashes collide. Spec SEC-2.

A dict or set compares a key with each earlier one of the same hash, so a crafted message of n such keys costs n**2
comparisons: 20,000 tuples of two integers, 340 KB, keep a master busy for six seconds (measured with CPython 3.11). One
comparison may never end: that of two equal values each level of which refers twice to the one below. Nothing in a dict
says how often its keys collide, so what comes into one is looked at here before it gets there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spreadjobs.opcodes import MAX_SAME_HASH
from spreadjobs.sharing import BYTES_PER_STEP, FREE_STEPS, STEPS_PER_BYTE
from spreadjobs.trust_values import NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Iterable

# Texts and bytes are hashed with a secret, and floats of one hash are few; ints are looked at when they are big.
_SCATTERED: Final = frozenset({str, bytes, float, bool, type(None)})
_BITS_PER_STEP: Final = 64


class _Held:
    """The keys of a container by their hashes: the first of each hash, and all of them where there are several."""

    __slots__ = ("container", "first", "several")

    def __init__(self, container: object) -> None:
        self.container = container  # kept, so that no other object can have the same id
        self.first: dict[int, object] = {}
        self.several: dict[int, list[object]] = {}


class Crowds:
    """
    Counts the keys of one hash in each container of a message, and what it costs to compare them. Spec SEC-2.

    Args:
        size_bytes: The size of the message.
    """

    def __init__(self, size_bytes: int) -> None:
        self._held: dict[int, _Held] = {}
        self._steps_left = FREE_STEPS + STEPS_PER_BYTE * size_bytes

    def add(self, container: object, key: object) -> None:
        """
        Note a key that is about to come into the container, perhaps not for the first time.

        Raises:
            NotAdmitted: too many different ones have its hash, or comparing it would cost too much.
            TypeError: it has none.
        """
        if type(key) in _SCATTERED and (not isinstance(key, str | bytes) or len(key) < BYTES_PER_STEP):
            return
        value = hash(key)
        held = self._held.get(id(container))
        if held is None:
            held = self._held[id(container)] = _Held(container)
        if value not in held.first:
            held.first[value] = key
            return
        same = held.several.setdefault(value, [held.first[value]])
        if any(other is key for other in same):
            return
        for other in same:
            self._compare((key, other))
            if other == key:
                return
        same.append(key)
        if len(same) > MAX_SAME_HASH:
            kind = type(key).__name__
            raise NotAdmitted(f"more than {MAX_SAME_HASH} different keys of one hash, of type {kind} (spec SEC-2)")

    def arguments(self, values: object) -> None:
        """Look at what a constructor gets: it may make keys of the items of each list, or of the first of each pair."""
        for value in values if isinstance(values, list | tuple) else ():
            for item in value if isinstance(value, list | tuple) else ():
                for key in (item, item[0]) if isinstance(item, list | tuple) and item else (item,):
                    try:
                        self.add(value, key)
                    except TypeError:  # it has no hash, so it is no key
                        continue

    def _compare(self, values: Iterable[object]) -> None:
        """Take the steps that comparing these values may cost: all that is in them, each time that it is in them."""
        rest = list(values)
        while rest:
            value = rest.pop()
            self._steps_left -= 1
            if isinstance(value, str | bytes):
                self._steps_left -= len(value) // BYTES_PER_STEP
            elif isinstance(value, int):  # a Decimal compares itself with it in the square of its length
                self._steps_left -= (value.bit_length() // _BITS_PER_STEP) ** 2
            elif isinstance(value, tuple | frozenset):
                rest += value
            if self._steps_left < 0:
                raise NotAdmitted("keys of the same hash that take too long to compare (spec SEC-2)")
