"""
Keys whose hashes collide. Spec SEC-2.

A dict or set takes a step for each earlier key of the same hash, so a crafted message of n such keys costs n**2 steps:
20,000 tuples of two integers, 340 KB, keep a master busy for six seconds (measured with CPython 3.11). Nothing in a
dict says how often its keys collide, so what comes into one is counted here before it gets there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spreadjobs.opcodes import MAX_SAME_HASH
from spreadjobs.trust_values import NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Container

# Texts and bytes are hashed with a secret, and floats of one hash are few; ints are looked at when they are big.
_SCATTERED: Final = frozenset({str, bytes, float, bool, type(None)})


class Crowds:
    """Counts the keys of one hash in each container of a message. Spec SEC-2."""

    def __init__(self) -> None:
        # By the id of a container, which is kept alive: what it holds, and how many of that have each hash.
        self._crowds: dict[int, tuple[object, Container[object], dict[int, int]]] = {}

    def add(self, container: object, key: object) -> None:
        """
        Note a key that is about to come into the container, perhaps not for the first time.

        Raises:
            NotAdmitted: too many different ones have its hash.
            TypeError: it has none.
        """
        if type(key) in _SCATTERED:
            return
        value = hash(key)
        found = self._crowds.get(id(container))
        if found is None:
            held: Container[object] = container if isinstance(container, dict | set) else set()
            found = self._crowds[id(container)] = (container, held, {})
        _, held, counts = found
        count = counts.get(value, 0)
        if count and key in held:
            return
        if isinstance(held, set) and held is not container:
            held.add(key)
        counts[value] = count + 1
        if count >= MAX_SAME_HASH:
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
