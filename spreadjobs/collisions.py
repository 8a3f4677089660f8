"""
Keys whose hashes collide. Spec SEC-2.

A dict or set compares a key with each earlier one of the same hash, so a crafted message of n such keys costs n**2
comparisons: 20,000 tuples of two integers, 340 KB, keep a master busy for six seconds (measured with CPython 3.11). One
comparison may never end: that of two equal values each level of which refers twice to the one below. Nothing in a dict
says how often its keys collide, so what comes into one is looked at here before it gets there.

How many keys of one hash there are does not matter, only what comparing them costs: honest keys collide too, since -1
has the hash of -2. ``{k: 0 for k in itertools.product(range(-2, 1), repeat=8)}`` has crowds of up to 256.

What is not found out: plain ints and floats whose hashes all differ, but each of which a dict or set looks for along
one long chain of places that are taken. 1.03 MB of crafted ints of 25 bits as keys take 29 s instead of 0.02 s, 259 KB
of them 1.3 s. CPython gives no way to see that, and to walk through every int key in Python would make all honest large
dicts 30 times slower. ``max_message_bytes`` alone bounds it.
"""

from __future__ import annotations

from typing import Final

from spreadjobs.sharing import BYTES_PER_STEP, FREE_STEPS
from spreadjobs.trust_values import NotAdmitted

# Texts and bytes are hashed with a secret, and floats of one hash are few; ints are looked at when they are big.
_SCATTERED: Final = frozenset({str, bytes, float, bool, type(None)})
_BITS_PER_STEP: Final = 64
# Fewer than hashing may take: a good part of these steps is made in Python, at 0.1 microseconds each.
_STEPS_PER_BYTE: Final = 16


class _Held:
    """The keys of a container by their hashes: the first of each hash, or all with their costs."""

    __slots__ = ("container", "first", "several")

    def __init__(self, container: object) -> None:
        self.container = container  # kept, so that no other object can have the same id
        self.first: dict[int, object] = {}
        self.several: dict[int, list[tuple[object, int]]] = {}


class Crowds:
    """
    Finds the keys of one hash in each container of a message, and counts what it costs to compare them. Spec SEC-2.

    Args:
        size_bytes: The size of the message.
    """

    def __init__(self, size_bytes: int) -> None:
        self._held: dict[int, _Held] = {}
        self._steps_left = FREE_STEPS + _STEPS_PER_BYTE * size_bytes

    def add(self, container: object, key: object) -> None:
        """
        Note a key that is about to come into the container, perhaps not for the first time.

        Raises:
            NotAdmitted: comparing it with the others of its hash would cost too much.
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
        same = held.several.get(value)
        if same is None:
            first = held.first[value]
            if first is key:
                return
            same = held.several[value] = [(first, self._cost(first))]
        self._spend(len(same))
        if any(other is key for other, _ in same):
            return
        cost = self._cost(key)
        for other, other_cost in same:
            self._spend(cost + other_cost)
            if other == key:
                return
        same.append((key, cost))

    def arguments(self, values: object) -> None:
        """Look at what a constructor gets: it may make keys of the items of each list, or of the first of each pair."""
        for value in values if isinstance(values, list | tuple) else ():
            for item in value if isinstance(value, list | tuple) else ():
                for key in (item, item[0]) if isinstance(item, list | tuple) and item else (item,):
                    try:
                        self.add(value, key)
                    except TypeError:  # it has no hash, so it is no key
                        continue

    def _cost(self, key: object) -> int:
        """Say what comparing it may take: all that is in it, each time that it is in it. Takes as many steps."""
        rest = [key]
        before = self._steps_left
        while rest:
            value = rest.pop()
            steps = 1
            if isinstance(value, str | bytes):
                steps += len(value) // BYTES_PER_STEP
            elif isinstance(value, int):  # a Decimal compares itself with it in the square of its length
                steps += (value.bit_length() // _BITS_PER_STEP) ** 2
            elif isinstance(value, tuple | frozenset):
                rest += value
            self._spend(steps)
        return before - self._steps_left

    def _spend(self, steps: int) -> None:
        self._steps_left -= steps
        if self._steps_left < 0:
            raise NotAdmitted("keys of the same hash that take too long to compare (spec SEC-2)")
