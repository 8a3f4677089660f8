"""The constructors of the values that every master admits: the data model and the standard library's plain values."""

from __future__ import annotations

import datetime
import re
from collections import Counter, OrderedDict, deque
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NoReturn, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Make(Protocol):
    """Makes a value from a pickle's arguments."""

    def __call__(self, *args: object) -> object:
        """Make it, or raise anything."""
        ...


Names: TypeAlias = tuple[str, str]

_FRACTION: Final = re.compile(r"(-?[0-9]+)(?:/([0-9]+))?")
# Reducing a fraction costs its length squared.
_MAX_FRACTION_BITS: Final = 2**16
_DATE_BYTES, _TIME_BYTES, _DATETIME_BYTES = 4, 6, 10
_SMALL: Final = 64
_MAX_REPEATED: Final = 2**26
# What one item of a list costs, and one byte of a number that is divided by another, next to a byte that is copied.
_ITEM_WEIGHT, _NUMBER_WEIGHT = 64, 64


class NotAdmitted(Exception):
    """A pickle would make something that is not admitted, or makes it in a wrong way. The text says what."""


class ClassNotAdmitted(NotAdmitted):
    """The pickle is sound but for an object of a class that no setting admits. Spec SEC-3."""


class Constructor:
    """
    What a pickle gets for the name of a class: something to call, and nothing to change.

    Args:
        name: The dotted name, for messages.
        make: Checks its arguments and gives a new value; whatever it raises refuses the message.
    """

    __slots__ = ("_make", "name")

    _make: Make
    name: str

    def __init__(self, name: str, make: Make) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "_make", make)

    def __call__(self, *args: object) -> object:
        """Make a value. Raises anything where the arguments do not do."""
        return self._make(*args)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise NotAdmitted(f"a pickle would change the class {self.name} (spec SEC-1)")

    def __delattr__(self, name: str) -> NoReturn:
        raise NotAdmitted(f"a pickle would change the class {self.name} (spec SEC-1)")

    def __setstate__(self, state: object) -> NoReturn:
        raise NotAdmitted(f"a pickle would change the class {self.name} (spec SEC-1)")

    def __repr__(self) -> str:
        return f"<the class {self.name}, as a worker named it>"


class Repeats:
    """
    What constructors make of arguments that they were given before in the same message. Spec SEC-2.

    An argument is paid for by its own bytes once. A reference to it takes two bytes more, and a constructor that is
    called with it again makes all of it again. Picklers do not write that: the arguments are new for each call.
    """

    def __init__(self) -> None:
        self._seen: dict[int, object] = {}  # kept, so that no other object can have the same id
        self._left = _MAX_REPEATED

    def begin(self) -> None:
        """A message begins, or has been read."""
        self._seen.clear()
        self._left = _MAX_REPEATED

    def charge(self, *args: object) -> None:
        """
        Count what was given before.

        Raises:
            NotAdmitted: it is too much.
        """
        for arg in args:
            weight = _weight(arg)
            if weight <= _SMALL:
                continue
            if id(arg) in self._seen:
                self._left -= weight
                if self._left < 0:
                    raise NotAdmitted(
                        "arguments that come again so often that their copies fill the memory (spec SEC-2)"
                    )
            self._seen[id(arg)] = arg

    def guard(self, make: Make) -> Make:
        """Give the same constructor, counted."""

        def counted(*args: object) -> object:
            self.charge(*args)
            return make(*args)

        return counted


def _weight(arg: object) -> int:
    match arg:
        case str() | bytes() | bytearray():
            return len(arg)
        case list() | tuple() | dict():
            return len(arg) * _ITEM_WEIGHT
        case int():
            return arg.bit_length() // 8 * _NUMBER_WEIGHT
        case _:
            return 0


def _refuse(what: str) -> NoReturn:
    raise NotAdmitted(f"{what} (spec PKL-10)")


def _is_int(value: object) -> bool:
    return type(value) is int


def _encode(*args: object) -> object:
    """How protocols below 3 write bytes."""
    match args:
        case (str(text), "latin1" | "latin-1" | b"latin1" | b"latin-1"):
            return text.encode("latin-1")
        case _:
            return _refuse("_codecs.encode with other arguments than a text and latin1")


def _empty_bytes(*args: object) -> object:
    return _refuse("builtins.bytes with arguments") if args else b""


def _set(*args: object) -> object:
    match args:
        case () | (list() | tuple(),):
            return set(*args)
        case _:
            return _refuse("builtins.set with other arguments than a list")


def _frozenset(*args: object) -> object:
    match args:
        case () | (list() | tuple(),):
            return frozenset(*args)
        case _:
            return _refuse("builtins.frozenset with other arguments than a list")


def _bytearray(*args: object) -> object:
    match args:
        case ():
            return bytearray()
        case (bytes(data),):
            return bytearray(data)
        case (str(text), "latin-1" | "latin1" | b"latin-1" | b"latin1"):
            return bytearray(text.encode("latin-1"))
        case _:
            return _refuse("builtins.bytearray with other arguments than bytes")


def _complex(*args: object) -> object:
    match args:
        case (int() | float() as real, int() | float() as imag):
            return complex(real, imag)
        case _:
            return _refuse("builtins.complex with other arguments than two numbers")


def _ordered_dict(*args: object) -> object:
    match args:
        case ():
            return OrderedDict()
        case (list() | dict() as items,):
            return OrderedDict(items)
        case _:
            return _refuse("collections.OrderedDict with other arguments than a list or dict")


def _counter(*args: object) -> object:
    match args:
        case ():
            return Counter()
        case (dict() as counts,):
            return Counter(counts)
        case _:
            return _refuse("collections.Counter with other arguments than a dict")


def _fraction(*args: object) -> object:
    numbers: tuple[object, ...] = args
    match args:
        case (str() | bytes() as text,):
            found = _FRACTION.fullmatch(text if isinstance(text, str) else text.decode("ascii"))
            if found:
                numbers = (int(found[1]), int(found[2] or 1))
        case _:
            pass
    match numbers:
        case (int(above), int(below)):
            if max(above.bit_length(), below.bit_length()) > _MAX_FRACTION_BITS:
                _refuse(f"a Fraction of more than {_MAX_FRACTION_BITS} bits")
            return Fraction(above, below)
        case _:
            return _refuse("fractions.Fraction with other arguments than n/d or two ints")


def _decimal(*args: object) -> object:
    match args:
        case (str(text),):
            return Decimal(text)
        case (bytes(text),):
            return Decimal(text.decode("ascii"))
        case _:
            return _refuse("decimal.Decimal with other arguments than a text")


def _timedelta(*args: object) -> object:
    if len(args) > 3 or not all(map(_is_int, args)):  # noqa: PLR2004 - days, seconds, microseconds
        _refuse("datetime.timedelta with other arguments than up to three ints")
    match args:
        case (int(days), int(seconds), int(microseconds)):
            return datetime.timedelta(days, seconds, microseconds)
        case _:
            return _refuse("datetime.timedelta with other arguments than three ints")


def _timezone(*args: object) -> object:
    match args:
        case (datetime.timedelta() as offset,):
            return datetime.timezone(offset)
        case (datetime.timedelta() as offset, str(name)):
            return datetime.timezone(offset, name)
        case _:
            return _refuse("datetime.timezone with other arguments than a timedelta and a name")


def _uuid(*_args: object) -> object:
    return _refuse("uuid.UUID with arguments")


class _Moments:
    """Dates and times. They are written as bytes, which their own constructors do not check."""

    def __init__(self, py2_strings: str) -> None:
        self._py2_strings = py2_strings

    def _fields(self, what: str, size: int, args: tuple[object, ...]) -> tuple[bytes, datetime.tzinfo | None]:
        raw: object = args[0] if args else None
        if isinstance(raw, str):  # a byte string of Python 2
            raw = raw.encode("latin-1") if self._py2_strings == "latin1" else raw.encode("utf-8", "surrogateescape")
        match (raw, *args[1:]):
            case (bytes(data),) if len(data) == size:
                return data, None
            case (bytes(data), datetime.tzinfo() as zone) if len(data) == size and size != _DATE_BYTES:
                return data, zone
            case _:
                return _refuse(f"datetime.{what} with other arguments than {size} bytes and a time zone")

    def date(self, *args: object) -> object:
        """Make a date from its 4 bytes."""
        data, _ = self._fields("date", _DATE_BYTES, args)
        return datetime.date(data[0] * 256 + data[1], data[2], data[3])

    def time(self, *args: object) -> object:
        """Make a time from its 6 bytes."""
        data, zone = self._fields("time", _TIME_BYTES, args)
        fold, hour = divmod(data[0], 128)
        return datetime.time(hour, data[1], data[2], int.from_bytes(data[3:6]), tzinfo=zone, fold=fold)

    def datetime(self, *args: object) -> object:
        """Make a moment from its 10 bytes."""
        data, zone = self._fields("datetime", _DATETIME_BYTES, args)
        fold, month = divmod(data[2], 128)
        year, micros = data[0] * 256 + data[1], int.from_bytes(data[7:10])
        return datetime.datetime(year, month, data[3], data[4], data[5], data[6], micros, zone, fold=fold)


def standard_constructors(
    py2_strings: str, count_deque: Callable[[], None], repeats: Repeats
) -> Iterator[tuple[Names, Constructor]]:
    """
    Give the constructors by module and name.

    Args:
        py2_strings: How byte strings of Python 2 were decoded.
        count_deque: Called for each deque; may refuse it.
        repeats: Counts the arguments of those constructors that copy them.
    """

    def _deque(*args: object) -> object:
        count_deque()
        match args:
            case () | (list() | tuple(),):
                return deque(*args)
            case (list() | tuple() as items, int() | None as maxlen):
                return deque(items, maxlen)
            case _:
                return _refuse("collections.deque with other arguments than a list and a length")

    moments = _Moments(py2_strings)
    makers: dict[Names, Make] = {
        ("_codecs", "encode"): repeats.guard(_encode),
        ("builtins", "bytes"): _empty_bytes,
        ("builtins", "set"): repeats.guard(_set),
        ("builtins", "frozenset"): repeats.guard(_frozenset),
        ("builtins", "bytearray"): repeats.guard(_bytearray),
        ("builtins", "complex"): _complex,
        ("collections", "OrderedDict"): repeats.guard(_ordered_dict),
        ("collections", "Counter"): repeats.guard(_counter),
        ("collections", "deque"): repeats.guard(_deque),
        ("fractions", "Fraction"): repeats.guard(_fraction),
        ("decimal", "Decimal"): repeats.guard(_decimal),
        ("datetime", "timedelta"): _timedelta,
        ("datetime", "timezone"): _timezone,
        ("datetime", "date"): moments.date,
        ("datetime", "time"): moments.time,
        ("datetime", "datetime"): moments.datetime,
        ("uuid", "UUID"): _uuid,
    }
    for names, make in makers.items():
        yield names, Constructor(".".join(names), make)
