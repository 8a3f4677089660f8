"""What the caller hands over for a run, checked before anything is started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from spreadjobs.errors import CannotEncode


def payloads_of(todo: Iterable[object]) -> Iterator[object]:
    """
    An iterator over todo.

    Raises:
        TypeError: todo is not iterable.
    """
    try:
        return iter(todo)
    except TypeError:
        raise TypeError(
            f"todo is of type {type(todo).__name__}: an iterable of payloads is due, such as a list; "
            "for a single task write [payload]"
        ) from None


def preparation_of(stdin: Iterable[object] | None) -> list[object]:
    """
    The preparation items; the iterable is taken once, for all workers and replacements. Spec PREP-2.

    Raises:
        TypeError: ``stdin`` is no list of items.
    """
    if stdin is None:
        return []
    if isinstance(stdin, str | bytes) or not isinstance(stdin, Iterable):
        raise TypeError(f"stdin is of type {type(stdin).__name__}: a list of preparation items is due, such as [item]")
    return list(stdin)


def encode_preparation(items: Sequence[object], encode: Callable[[object], bytes]) -> list[bytes]:
    """
    Each preparation item as bytes.

    Raises:
        CannotEncode: an item cannot be encoded; the text says which one.
    """
    encoded: list[bytes] = []
    for position, item in enumerate(items):
        try:
            encoded.append(encode(item))
        except CannotEncode as error:
            raise CannotEncode(f"preparation item {position}, of type {type(item).__name__}: {error}") from error
    return encoded
