"""
What a pickle of a worker may build besides plain values: the data model's constructors and the ancestor's instances.

Nothing here is looked up in a real module, so reading runs no code of the worker's choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from spreadjobs_conform.findings import Finding
from spreadjobs_conform.values import show

MAX_KEY_NODES: Final = 10_000
"""Hashing a tuple that holds itself many times over costs exponential time: keys have this many items at most."""
MAX_KEY_DEPTH: Final = 500
"""Hashing is recursive in C and not guarded: deeper keys would end the kit."""

ANCESTOR_MODULES: Final = frozenset({"spreadjobs", "gmisclib.spread_jobs", "spread_jobs", "__main__"})
ANCESTOR_CLASSES: Final = frozenset({"TooBusy", "RemoteException"})


@attrs.frozen
class Name:
    """A global that a pickle names, admitted but not resolved."""

    module: str
    name: str

    def __str__(self) -> str:
        """Dotted, as in the pickle."""
        return f"{self.module}.{self.name}"


@attrs.define(eq=False)
class Instance:
    """An instance of the ancestor's ``TooBusy`` or ``RemoteException``, as a plain record. Spec INST-1."""

    class_name: str
    args: tuple[object, ...]
    attributes: dict[str, object] = attrs.field(factory=dict)


# What pickles of Python 2 and 3 call the constructors of the data model.
_BUILTINS: Final[Mapping[str, str]] = MappingProxyType(
    {name: name for name in ("set", "frozenset", "bytearray", "complex", "bytes", "object")}
)


def admit(module: str, name: str) -> Name:
    """
    The global of that name, if a response may name it.

    Raises:
        Finding: It is outside the data model. Spec PKL-10, ERR-3.
    """
    if module in ANCESTOR_MODULES and name in ANCESTOR_CLASSES:
        return Name("ancestor", name)
    if module in ("builtins", "__builtin__") and name in _BUILTINS:
        return Name("builtins", name)
    if (module, name) == ("_codecs", "encode"):
        return Name("_codecs", "encode")
    if (module, name) in (("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor")):
        return Name("copyreg", "_reconstructor")
    exception = name.endswith(("Error", "Exception", "Exit", "Interrupt", "Warning"))
    raise Finding(
        "ERR-3" if exception else "PKL-10",
        f"the response holds an object of {module}.{name}",
        "text about the exception" if exception else "values of the data model alone",
        "write ('RemoteException', task_id, type_name, message, traceback_text), all text"
        if exception
        else "turn the object into plain values before it is written",
    )


def call(function: object, args: object) -> object:
    """
    What REDUCE, NEWOBJ and their kin build.

    Raises:
        Finding: The call is outside what the data model needs. Spec PKL-10.
    """
    if not isinstance(args, tuple):
        raise _refusal(function, args)
    if not isinstance(function, Name):
        raise _refusal(function, args)
    if function.module == "ancestor":
        return Instance(function.name, args)
    if function.name == "_reconstructor":
        # An instance of a plain class in protocols 0 and 1: (class, object, None).
        if args and isinstance(args[0], Name) and args[0].module == "ancestor":
            return Instance(args[0].name, ())
        raise _refusal(function, args)
    if function.name == "encode":
        return _encode(function, args)
    return _construct(function, args)


def _encode(function: Name, args: tuple[object, ...]) -> bytes:
    match args:
        case (str(text), "latin1" | "latin-1") if all(character <= "\xff" for character in text):
            return text.encode("latin-1")
        case _:
            raise _refusal(function, args)


def _construct(function: Name, args: tuple[object, ...]) -> object:  # noqa: PLR0911 - one row a constructor
    match function.name, args:
        case "bytes", ():
            return b""
        case "bytearray", ():
            return bytearray()
        case "bytearray", (bytes(data),):
            return bytearray(data)
        case "bytearray", (str(text), "latin-1" | "latin1"):
            return bytearray(_encode(function, (text, "latin-1")))
        case "complex", (float(real), float(imag)):
            return complex(real, imag)
        case "set", ():
            return set()
        case "set", (list() | tuple() as members,):
            return {hashable(member) for member in members}
        case "frozenset", ():
            return frozenset()
        case "frozenset", (list() | tuple() as members,):
            return frozenset(hashable(member) for member in members)
        case _:
            raise _refusal(function, args)


def _refusal(function: object, args: object) -> Finding:
    return Finding("PKL-10", f"the response calls {function} with {show(args)}", "values of the data model alone")


def build(target: object, state: object) -> None:
    """
    What BUILD does: sets attributes of one of the ancestor's instances, and of nothing else.

    Raises:
        Finding: The target is another object, or the state no dict of names. Spec PKL-10.
    """
    if isinstance(target, Instance):
        # A tuple is the state of a class with slots: its attributes, then its slots.
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, dict):
                target.attributes.update({key: value for key, value in part.items() if isinstance(key, str)})
            elif part is not None:
                raise Finding("PKL-10", f"a {target.class_name} has the state {show(state)}", "a dict of attributes")
        return
    raise Finding("PKL-10", f"the response sets attributes of {show(target)}", "values of the data model alone")


def hashable(value: object) -> object:
    """
    The value, if it can be a key at a bounded cost.

    Raises:
        Finding: It cannot. Spec SEC-2 for the kit itself.
    """
    waiting: list[tuple[object, int]] = [(value, 0)]
    seen = 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if seen > MAX_KEY_NODES or depth > MAX_KEY_DEPTH:
            raise Finding("PKL-10", "a key of a dict or a member of a set is nested without bounds", "a plain key")
        if isinstance(node, tuple | frozenset):
            waiting.extend((item, depth + 1) for item in node)
        elif not (node is None or isinstance(node, bool | int | float | complex | str | bytes)):
            raise Finding("PKL-10", f"{show(node)} is a key of a dict or a member of a set", "a hashable plain value")
    return value
