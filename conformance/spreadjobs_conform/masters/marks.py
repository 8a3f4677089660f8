"""Values in jobs and accounts: plain where JSON has them, else with a key such as ``$bytes``. Spec masters.md, 4."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import attrs

MARK: Final = "$"
MAX_PLAIN_INT: Final = 2**53 - 1


@attrs.frozen
class PathArgument:
    """A path in an argument list, by its bytes."""

    path: bytes


class MarkError(ValueError):
    """What stands there is none of the forms of masters.md; the text says what."""


def marked(value: object) -> object:  # noqa: PLR0911 - one row a type
    """
    The form of a value in a job.

    Args:
        value: Of the data model, or a ``PathArgument``.

    Returns:
        What ``json.dumps`` writes.

    Raises:
        TypeError: It is of another type.
    """
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) <= MAX_PLAIN_INT else {"$int": str(value)}
        case float():
            return value if math.isfinite(value) else {"$float": str(value)}
        case str():
            return {"$str": [ord(one) for one in value]} if _has_surrogates(value) else value
        case bytes() | bytearray():
            return {f"${type(value).__name__}": value.hex()}
        case list():
            return [marked(item) for item in value]
        case tuple() | set() | frozenset():
            return {f"${type(value).__name__}": [marked(item) for item in value]}
        case complex():
            return {"$complex": [value.real, value.imag]}
        case dict():
            return _marked_dict(value)
        case PathArgument():
            return {"$path": value.path.hex()}
        case _:
            raise TypeError(f"{type(value).__name__} is no type of the data model")


def _marked_dict(value: Mapping[object, object]) -> object:
    plain = all(isinstance(key, str) and not _has_surrogates(key) for key in value)
    single = next(iter(value)) if len(value) == 1 else ""
    if plain and not (isinstance(single, str) and single.startswith(MARK)):
        return {str(key): marked(item) for key, item in value.items()}
    return {"$dict": [[marked(key), marked(item)] for key, item in value.items()]}


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= one <= "\udfff" for one in text)


def unmarked(written: object) -> object:
    """
    The value that a form stands for.

    Args:
        written: As ``json.loads`` gave it.

    Raises:
        MarkError: It is none of the forms.
    """
    if isinstance(written, list):
        return [unmarked(item) for item in written]
    if not isinstance(written, dict):
        return written
    if len(written) == 1:
        ((key, inner),) = written.items()
        if str(key).startswith(MARK):
            return _unmarked(str(key), inner)
    return {str(key): unmarked(item) for key, item in written.items()}


def _unmarked(key: str, inner: object) -> object:
    read = _FORMS.get(key)
    if read is None:
        raise MarkError(f"{key} is none of {', '.join(_FORMS)}")
    try:
        return read(inner)
    except (TypeError, ValueError, OverflowError) as error:
        raise MarkError(f"{key} holds {inner!r:.80}: {error}") from error


def _items(inner: object) -> list[object]:
    if not isinstance(inner, list):
        raise TypeError("an array is due")
    return [unmarked(item) for item in inner]


def _text(inner: object) -> str:
    if not isinstance(inner, str):
        raise TypeError("a string is due")
    return inner


def _points(inner: object) -> str:
    return "".join(chr(point) if isinstance(point, int) else _text(point) for point in _items(inner))


def _complex(inner: object) -> complex:
    real, imaginary = _items(inner)
    if not isinstance(real, int | float) or not isinstance(imaginary, int | float):
        raise TypeError("two numbers are due")
    return complex(real, imaginary)


def _pairs(inner: object) -> dict[object, object]:
    made: dict[object, object] = {}
    for pair in _items(inner):
        if not isinstance(pair, list):
            raise TypeError("pairs are due")
        key, item = pair
        made[key] = item
    return made


_FORMS: Final[Mapping[str, Callable[[object], object]]] = {
    "$bytes": lambda inner: bytes.fromhex(_text(inner)),
    "$bytearray": lambda inner: bytearray.fromhex(_text(inner)),
    "$tuple": lambda inner: tuple(_items(inner)),
    "$set": lambda inner: set(_items(inner)),
    "$frozenset": lambda inner: frozenset(_items(inner)),
    "$complex": _complex,
    "$float": lambda inner: float(_text(inner)),
    "$int": lambda inner: int(_text(inner)),
    "$str": _points,
    "$dict": _pairs,
}
