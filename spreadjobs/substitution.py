"""
Argument lists made out of others: the functions with which the ancestor's users filled in hosts and options.

The lists given are never changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias


class BadArgumentList(TypeError, ValueError, AssertionError):
    """
    ``append``, ``replace`` or ``Replace`` were given what they cannot work on.

    An AssertionError too, because the ancestor raised that; and what it is by rights, so that ``python -O`` and
    ``except TypeError`` do what one expects.
    """


Replacement: TypeAlias = str | Callable[[re.Match[str]], str]


def append(list_of_lists: Iterable[Iterable[object]], *a: object) -> list[tuple[object, ...]]:
    """
    Argument lists with more arguments at the end of each.

    Args:
        list_of_lists: The argument lists.
        a: What to put at the end of each, as it is.

    Returns:
        Tuples, as the ancestor's function did.
    """
    return [(*arguments, *a) for arguments in list_of_lists]


def replace(list_of_lists: Iterable[Sequence[object]], *fr: str | re.Pattern[str] | Replacement) -> list[list[object]]:
    r"""
    Argument lists with text replaced in each argument.

    Args:
        list_of_lists: The argument lists.
        fr: Pairs of a pattern and what ``re.sub`` is to put in its place (``\1`` works, a function too); a later pair
            sees what an earlier one made.

    Raises:
        BadArgumentList: an element is no list or tuple, or an argument no str.
        IndexError: a pattern without a replacement.
        re.error: a pattern or replacement that ``re`` does not take.
    """
    if len(fr) % 2:
        raise IndexError(
            f"replace() takes pairs of a pattern and a replacement: {len(fr)} arguments came after the list"
        )
    result = _copies(list_of_lists)
    for pattern, replacement in zip(fr[::2], fr[1::2], strict=True):
        result = [[_substituted(item, pattern, replacement) for item in arguments] for arguments in result]
    return result


def _substituted(
    item: object, pattern: str | re.Pattern[str] | Replacement, replacement: str | re.Pattern[str] | Replacement
) -> str:
    if not isinstance(pattern, str | re.Pattern):
        raise BadArgumentList(f"replace() was given the pattern {pattern!r}: a str or a compiled pattern is due")
    if isinstance(replacement, re.Pattern):
        raise BadArgumentList(f"replace() was given the replacement {replacement!r}: a str or a function is due")
    return re.sub(pattern, replacement, _checked_item(item))


def Replace(  # noqa: N802 - the seed's name
    list_of_lists: Iterable[Sequence[object]], pat: str | re.Pattern[str], length: int, replacement: list[str]
) -> list[list[object]]:
    r"""
    Argument lists with runs of arguments replaced by others.

    Each argument that begins with ``pat`` (``re.match``) goes, with the ``length - 1`` after it as far as there are
    any, and ``replacement`` comes in their place. The search goes on after the replacement, so that it ends whatever
    the replacement is.

    Args:
        list_of_lists: The argument lists.
        pat: The pattern.
        length: How many arguments to replace each time, 1 or more.
        replacement: What to put there, as it is (``\1`` means nothing).

    Raises:
        BadArgumentList: an element is no list or tuple, an argument no str, ``length`` below 1, ``replacement`` no
            list of str.
        re.error: a pattern that ``re`` does not take.
    """
    if length < 1:
        raise BadArgumentList(f"Replace() was given length={length!r}: 1 or more is due")
    if not isinstance(replacement, list):
        raise BadArgumentList(f"Replace() was given replacement={replacement!r}: a list of str is due")
    for item in replacement:
        _checked_item(item)
    matcher = re.compile(pat)
    return [_replaced_runs(arguments, matcher, length, replacement) for arguments in _copies(list_of_lists)]


def _replaced_runs(
    arguments: Sequence[object], matcher: re.Pattern[str], length: int, replacement: Sequence[str]
) -> list[object]:
    result: list[object] = []
    position = 0
    while position < len(arguments):
        item = _checked_item(arguments[position])
        if matcher.match(item):
            result += replacement
            position += length
        else:
            result.append(item)
            position += 1
    return result


def _copies(list_of_lists: Iterable[Sequence[object]]) -> list[list[object]]:
    copies: list[list[object]] = []
    for arguments in list_of_lists:
        if not isinstance(arguments, list | tuple):
            raise BadArgumentList(
                f"the list of lists contains {arguments!r}, of type {type(arguments).__name__}: a list or tuple is due"
            )
        copies.append(list(arguments))
    return copies


def _checked_item(item: object) -> str:
    if not isinstance(item, str):
        raise BadArgumentList(
            f"an argument list contains {item!r}, of type {type(item).__name__}: a str is due; write str({item!r})"
        )
    return item
