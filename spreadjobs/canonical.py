"""
Canonical forms: equal values of one type have one form, whatever their history. No input, no output, no clock.

A pickle is no such form: that of a list depends on whether two equal texts in it are one object, that of a dict on the
order in which its keys came, and that of a set on the process. Here every value is written with its type, so that 1,
1.0, True and "1" are four values, and with its length, so that no two values run into each other.

The form is kept in journals (``journal.py``): a change of it makes every answer in them unknown.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeGuard
from uuid import UUID

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

DEEP: Final = 8
"""From this level on a container is written as its digest, once: one that stands in two places is not written twice."""
DIGEST_BYTES: Final = 16
LONG: Final = 8
"""A list or tuple of so many numbers or texts, all of one type, is written in one piece."""
_PLAIN: Final = frozenset({type(None), bool, int, float, complex, str, bytes, bytearray})
_WITH_PARTS: Final = frozenset(
    {datetime, time, date, timedelta, timezone, Decimal, Fraction, UUID, OrderedDict, deque, Counter}
)
_ITEM_TYPE: Final = {"numpy": "dtype", "array": "typecode"}
"""The modules of arrays, and what all their arrays have."""
_PLAIN_ITEMS: Final = re.compile(r"[<>|=](?:b1|[iu][1248]|f[248]|c8|c16|[SU][0-9]+)")
"""Of numpy: no objects, fields, times (they have units) or long doubles (they have bytes that nobody set)."""
_FLOAT: Final = struct.Struct("<d")
_COMPLEX: Final = struct.Struct("<dd")


class NoCanonicalForm(TypeError):
    """A value of a type whose content cannot be told, or one that is nested too deeply."""


def canonical(value: object) -> bytes:
    """
    Write a value in its canonical form.

    Args:
        value: Of the data model (None, bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set,
            frozenset), of the types of the standard library that a worker may answer with (dates, times, Decimal,
            Fraction, UUID, OrderedDict, deque, Counter), or an array of plain numbers. Subclasses are other types.

    Raises:
        NoCanonicalForm: the value is, or has in it, one of another type; or it is nested too deeply.
    """
    try:
        return _Writer().write(value, 0)
    except RecursionError:
        raise NoCanonicalForm("it is nested too deeply, or holds itself") from None


class _Writer:
    """Writes one value, and what is in it."""

    def __init__(self) -> None:
        self._digests: dict[int, bytes] = {}
        # What was written stays alive so long: of a value that is gone another one may have the id.
        self._kept: list[object] = []

    def write(self, value: object, level: int) -> bytes:
        """Give the form of a value that stands so many containers deep."""
        if type(value) in _PLAIN:
            return _plain(value)
        if level < DEEP:
            return self._container(value, level)
        digest = self._digests.get(id(value))
        if digest is None:
            form = self._container(value, level)
            digest = b"#" + hashlib.blake2b(form, digest_size=DIGEST_BYTES).digest()
            self._digests[id(value)] = digest
            self._kept.append(value)
        return digest

    def _container(self, value: object, level: int) -> bytes:
        # Exact types only: nobody knows what makes an instance of a subclass differ from another one.
        kind = type(value)
        if isinstance(value, list | tuple) and kind in (list, tuple):
            return self._row(b"l" if kind is list else b"t", value, level)
        if isinstance(value, dict) and kind is dict:
            pairs = [self.write(key, level + 1) + self.write(item, level + 1) for key, item in value.items()]
            return b"d%d:" % len(pairs) + b"".join(sorted(pairs))
        if isinstance(value, set | frozenset) and kind in (set, frozenset):
            items = sorted([self.write(item, level + 1) for item in value])
            return (b"u%d:" if kind is set else b"z%d:") % len(items) + b"".join(items)
        if _is_array(value):
            return _array(value)
        parts = _parts(value) if kind in _WITH_PARTS else None
        if parts is None:
            raise NoCanonicalForm(f"a value of type {kind.__module__}.{kind.__qualname__} is in it")
        return b"p" + _text(kind.__qualname__) + self.write(parts, level)

    def _row(self, tag: bytes, items: Sequence[object], level: int) -> bytes:
        head = tag + b"%d:" % len(items)
        if len(items) >= LONG and len(kinds := set(map(type, items))) == 1:
            whole = _whole(kinds.pop(), items)
            if whole is not None:
                return head + whole
        below = level + 1
        return head + b"".join([self.write(item, below) for item in items])


def _plain(value: object) -> bytes:  # noqa: PLR0911 - one a type
    """Of a value that has nothing else in it."""
    match value:
        case str():
            return _text(value)
        case bool():
            return b"T" if value else b"F"
        case int():
            # In hexadecimal digits: decimal ones take time that grows with the square.
            return b"i%b;" % hex(value).encode()
        case float():
            return b"f" + _FLOAT.pack(value)
        case bytes():
            return b"b%d:" % len(value) + value
        case bytearray():
            return b"a%d:" % len(value) + value
        case complex():
            return b"c" + _COMPLEX.pack(value.real, value.imag)
        case _:
            return b"N"


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"s%d:" % len(data) + data


def _whole(kind: type, items: Sequence[object]) -> bytes | None:
    """Of many items of one type in one piece, which begins as no item does; None if they are written one by one."""
    count = len(items)
    if kind is float:
        return b"D" + struct.pack(f"<{count}d", *items)
    if kind is int:
        try:
            return b"I" + struct.pack(f"<{count}q", *items)
        except struct.error:
            return None
    if kind is str:
        texts = [str(item).encode("utf-8", "surrogatepass") for item in items]
        return b"S" + struct.pack(f"<{count}Q", *map(len, texts)) + b"".join(texts)
    return None


def _is_array(value: object) -> TypeGuard[ReadableBuffer]:
    attribute = _ITEM_TYPE.get(type(value).__module__)
    return attribute is not None and hasattr(value, attribute)


def _array(value: ReadableBuffer) -> bytes:
    """Of an array or scalar: class, type of the items, shape, and the bytes in the order of the last index."""
    kind = type(value)
    items = _item_type(value)
    if items is None:
        raise NoCanonicalForm(
            f"a {kind.__module__}.{kind.__qualname__} is in it whose items are no plain numbers or texts"
        )
    view = memoryview(value)
    shape = ",".join(map(str, view.shape or ()))
    data = view.tobytes()
    return b"y" + _text(f"{kind.__module__}.{kind.__qualname__} {items} {shape}") + b"%d:" % len(data) + data


def _item_type(value: object) -> str | None:
    """
    The type of an array's items, where every byte of them counts; None of others.

    Not the format of its buffer: that of a time has no unit, and some numbers have bytes in it that mean nothing.
    """
    dtype: object = getattr(value, "dtype", None)
    if dtype is None:
        return f"{getattr(value, 'typecode', '')}{getattr(value, 'itemsize', '')}"
    text = str(getattr(dtype, "str", ""))
    return text if _PLAIN_ITEMS.fullmatch(text) else None


def _parts(value: object) -> object:  # noqa: PLR0911 - one a type
    """What makes a value of another type: of the types above, or of these. None if it is of none of them."""
    match value:
        case datetime() | time():
            return value.replace(tzinfo=None).isoformat(), value.fold, value.tzinfo
        case date():
            return value.isoformat()
        case timedelta():
            return value.days, value.seconds, value.microseconds
        case timezone():
            return value.utcoffset(None), value.tzname(None)
        case Decimal():
            return str(value)
        case Fraction():
            return value.numerator, value.denominator
        case UUID():
            return value.hex
        case OrderedDict():
            return list(value.items())  # Its order is part of it.
        case Counter():
            return dict(value)
        case deque():
            return list(value), value.maxlen
        case _:
            return None
