"""
Values of the data model as JSON that any language can read.

What JSON has stands as it is. The rest is an object with one key: ``$tuple``, ``$set``, ``$frozenset`` (arrays),
``$bytes``, ``$bytearray`` (hexadecimal), ``$int`` (decimal digits, beyond 2**53-1), ``$float`` (``nan``, ``inf``,
``-inf``), ``$complex`` (two floats), ``$dict`` (an array of pairs: a key is no str, or begins with ``$``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from spreadjobs_conform.wire_json import MAX_INT


def portable(value: object) -> object:  # noqa: PLR0911 - one row a type
    """
    The value, of plain JSON types alone.

    Raises:
        TypeError: It is outside the data model.
    """
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= MAX_INT else {"$int": str(value)}
        case float():
            return value if math.isfinite(value) else {"$float": str(value)}
        case complex():
            return {"$complex": [portable(value.real), portable(value.imag)]}
        case bytes() | bytearray():
            return {f"${type(value).__name__}": value.hex()}
        case list():
            return _array(value)
        case tuple():
            return {"$tuple": _array(value)}
        case set() | frozenset():
            # Sets have no order; here they get one, so that the same set gives the same text.
            return {f"${type(value).__name__}": sorted(_array(value), key=repr)}
        case dict():
            return _object(value)
        case _:
            raise TypeError(f"{type(value).__name__} came, a value of the data model is due (DATA-1)")


def _array(items: Iterable[object]) -> list[object]:
    return [portable(item) for item in items]


def _object(value: dict[object, object]) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str) or key.startswith("$"):
            return {"$dict": [[portable(one), portable(other)] for one, other in value.items()]}
        plain[key] = portable(item)
    return plain
