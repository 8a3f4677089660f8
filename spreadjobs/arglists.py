"""
Argument lists: how the caller says which programs to start, checked before anything is started.

``read_arglists`` turns ``list_of_args`` into slots, one a worker process.
"""

from __future__ import annotations

import os
import reprlib
import shlex
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

_MANY_QUOTED: Final = 8
"""So many strings of a wrong ``list_of_args`` are quoted in the error."""


def argument_text(value: object) -> str:
    """
    What the started program gets as its argument. Spec EXEC-1.

    Args:
        value: A str is taken as it is, bytes and paths as ``os.fsdecode`` has them, anything else through ``str()``.
    """
    if isinstance(value, str):
        # Not str(value): a member of a str enumeration would become 'Colour.RED' instead of its text.
        return str.__str__(value)
    if isinstance(value, bytes | os.PathLike):
        return os.fsdecode(value)
    return str(value)


def _check_text(text: str, where: str) -> None:
    """Refuse what no operating system can pass to a program."""
    if "\0" in text:
        raise ValueError(
            f"{where} is {reprlib.repr(text)}: it has a NUL byte, which no program can be given; remove it"
        )
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{where} is {reprlib.repr(text)}: it cannot be encoded for the operating system ({error.reason}); "
            "give bytes, or text that os.fsdecode() made"
        ) from error


def _read_arguments(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str | bytes | os.PathLike):
        cure = f"did you mean {_split(value)!r}?"
        raise TypeError(f"{where} is the {type(value).__name__} {value!r}: a list of arguments is due; {cure}")
    if not isinstance(value, list | tuple):
        cure = "; write list(...) round it" if isinstance(value, Iterable) else ""
        raise TypeError(
            f"{where} is {reprlib.repr(value)}, of type {type(value).__name__}: "
            f"a list or tuple of arguments is due, or a Worker{cure}"
        )
    if not value:
        raise ValueError(f"{where} is empty: a program's name is due as its first item, such as ['cat']")
    if isinstance(value[0], list | tuple | Worker):
        raise TypeError(
            f"{where}[0] is {reprlib.repr(value[0])}: a program's name is due; is there a bracket too many?"
        )
    arguments = tuple(argument_text(item) for item in value)
    for position, text in enumerate(arguments):
        _check_text(text, f"{where}[{position}]")
    if not arguments[0]:
        raise ValueError(f"{where}[0] is an empty string: a program's name is due")
    return arguments


def _split(text: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> list[str]:
    """What the caller may have meant by one string: a shell's words of it."""
    if not isinstance(text, str):
        return [os.fsdecode(text)]
    try:
        return shlex.split(text) or [text]
    except ValueError:
        return [text]


def _worker_arguments(value: Sequence[object]) -> tuple[str, ...]:
    return _read_arguments(value, "Worker args")


def _worker_env(value: Mapping[str, str] | None) -> Mapping[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError(f"Worker env={value!r}: a mapping of str to str is due, such as {{'LANG': 'C'}}, or None")
    return MappingProxyType({_checked_name(name): _checked_value(name, text) for name, text in value.items()})


def _checked_name(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"Worker env has the name {name!r}, of type {type(name).__name__}: a str is due")
    if not name or "=" in name:
        raise ValueError(f"Worker env has the name {name!r}: a variable's name is not empty and has no '='")
    _check_text(name, "a name in Worker env")
    return name


def _checked_value(name: str, text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(
            f"Worker env[{name!r}] is {text!r}, of type {type(text).__name__}: a str is due; write str({text!r})"
        )
    _check_text(text, f"Worker env[{name!r}]")
    return text


def _worker_cwd(value: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str | bytes | os.PathLike):
        raise TypeError(f"Worker cwd={value!r}, of type {type(value).__name__}: a path is due, or None")
    text = os.fsdecode(value)
    if not text:
        raise ValueError("Worker cwd is an empty string: a folder is due, or None for the master's own")
    _check_text(text, "Worker cwd")
    return text


def _check_count(_worker: Worker, _field: attrs.Attribute[int], value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"Worker count={value!r}, of type {type(value).__name__}: a whole number of processes is due")
    if value < 1:
        raise ValueError(f"Worker count={value}: 1 or more is due; leave the Worker out to start none")


def _check_name(_worker: Worker, _field: attrs.Attribute[str | None], value: object) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"Worker name={value!r}, of type {type(value).__name__}: a str is due, or None")
    if not value or not value.isprintable():
        raise ValueError(f"Worker name={value!r}: printable text is due, since it stands before lines of the log")


@attrs.frozen
class Worker:
    """
    An element of ``list_of_args`` that says more than a list of arguments can.

    Raises:
        TypeError: a field is of the wrong type.
        ValueError: an argument, name, variable or path that cannot be passed on, no argument, or ``count`` below 1.
    """

    args: tuple[str, ...] = attrs.field(converter=_worker_arguments)
    """The program and its arguments; anything but str, bytes and paths goes through ``str()``. Spec EXEC-1."""
    count: int = attrs.field(default=1, validator=_check_count)
    """How many processes to start of it; their trailing output comes back as one list."""
    env: Mapping[str, str] | None = attrs.field(default=None, kw_only=True, converter=_worker_env, hash=False)
    """Variables put on top of the environment that the master itself has, or None for that alone."""
    cwd: str | None = attrs.field(default=None, kw_only=True, converter=_worker_cwd)
    """The folder it is started in, or None for the master's own."""
    name: str | None = attrs.field(default=None, kw_only=True, validator=_check_name)
    """Shown beside its number in log lines and errors, or None."""


@attrs.frozen(kw_only=True)
class Slot:
    """A place for one worker process: what to start there, as often as it has to be started."""

    index: int
    """Position among all slots, from 0."""
    group: int
    """Position in ``list_of_args`` of the element that it was made from, from 0."""
    arguments: tuple[str, ...]
    """The program and its arguments."""
    env: Mapping[str, str] | None = attrs.field(default=None, hash=False)
    """Variables on top of the master's environment, or None."""
    cwd: str | None = None
    """The folder to start in, or None for the master's own."""
    name: str | None = None
    """What the caller calls it, or None; shown beside its number."""


ArgumentList: TypeAlias = Sequence[object] | Worker
"""An element of ``list_of_args``. At run time a str is refused, although it is a sequence."""


def read_arglists(list_of_args: object) -> tuple[Slot, ...]:
    """
    Read the caller's ``list_of_args`` into slots, in its order; ``Worker(count=3)`` makes three of one group.

    Args:
        list_of_args: Any iterable, read once, of lists or tuples of arguments or of Workers.

    Raises:
        TypeError: not iterable, a string instead of a list, or an element that is no list, tuple or Worker.
        ValueError: no element, an empty element, or an argument that cannot be passed on.
    """
    slots: list[Slot] = []
    for group, worker in enumerate(_workers(list_of_args)):
        slots += [
            Slot(
                index=len(slots) + number,
                group=group,
                arguments=worker.args,
                env=worker.env,
                cwd=worker.cwd,
                name=worker.name,
            )
            for number in range(worker.count)
        ]
    return tuple(slots)


def _workers(list_of_args: object) -> list[Worker]:
    if isinstance(list_of_args, str | bytes | os.PathLike):
        kind, cure = type(list_of_args).__name__, [_split(list_of_args)]
        raise TypeError(
            f"list_of_args is the {kind} {list_of_args!r}: a list of lists of arguments is due; did you mean {cure!r}?"
        )
    if isinstance(list_of_args, Worker):
        raise TypeError("list_of_args is a Worker: a list is due; put it in brackets, [Worker(...)]")
    if not isinstance(list_of_args, Iterable):
        raise TypeError(
            f"list_of_args is {list_of_args!r}, of type {type(list_of_args).__name__}: "
            "a list of lists of arguments is due, such as [['cat']]"
        )
    elements: list[object] = list(list_of_args)
    if not elements:
        raise ValueError("list_of_args is empty: one list of arguments for each worker is due, such as [['cat']]")
    _refuse_strings(elements)
    return [_worker(element, group) for group, element in enumerate(elements)]


def _refuse_strings(elements: Sequence[object]) -> None:
    """``['python', 'w.py']`` was meant as one argument list, ``['python w.py', 'cat']`` as two command lines."""
    strings = [element for element in elements if isinstance(element, str)]
    if len(strings) != len(elements):
        return
    shown = strings[:_MANY_QUOTED]
    meant = [_split(text) for text in shown] if any(part.isspace() for part in shown[0]) else [shown]
    more = f" (and so on, {len(strings)} strings)" if len(strings) > len(shown) else ""
    raise TypeError(
        f"list_of_args[0] is the str {strings[0]!r}: a list of arguments is due; did you mean {meant!r}?{more}"
    )


def _worker(element: object, group: int) -> Worker:
    if isinstance(element, Worker):
        return element
    return Worker(_read_arguments(element, f"list_of_args[{group}]"))
