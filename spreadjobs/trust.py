"""
What may come out of a worker's pickle: the constructors behind the names that a pickle may name. Spec SEC-1 to SEC-3.

A pickle names a class and applies it to arguments, or changes an object that it has made. An allow-list of names is
not enough: given the class itself, three opcodes set attributes *on the class*, for the whole master. So the names
lead to ``Constructor`` objects, which cannot be changed, check their arguments and make a new value. The opcodes that
fill an object without a call (NEWOBJ, BUILD) come to ``Gate.new`` and ``Gate.build``, which know what they may touch.
"""

from __future__ import annotations

import copyreg
import enum
import importlib
import re
from functools import cached_property
from typing import TYPE_CHECKING, Final
from uuid import UUID

from spreadjobs.messages import LegacyRemoteException, LegacyTooBusy
from spreadjobs.settings import Anything, Numpy
from spreadjobs.trust_values import ClassNotAdmitted, Constructor, Names, NotAdmitted, Repeats, standard_constructors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spreadjobs.settings import Settings
    from spreadjobs.trust_numpy import NumpyGate

_LEGACY_MODULES: Final = frozenset(
    {"spreadjobs", "spreadjobs.errors", "spreadjobs.spread_jobs", "gmisclib.spread_jobs", "spread_jobs", "__main__"}
)
# Python 2's names, which Python 3 writes too in protocols 0 to 2.
_RENAMED: Final = {"__builtin__": "builtins", "copy_reg": "copyreg", "exceptions": "builtins"}
_BASES: Final[Mapping[str, type]] = {
    base.__name__: base for base in (object, int, float, str, bytes, list, tuple, dict, set, frozenset, complex)
}
_NUMPY_NAMES: Final = frozenset({"ndarray", "dtype", "_reconstruct", "scalar", "_frombuffer"})
_DOTTED: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_MAX_DEQUES: Final = 10_000
_QUOTED: Final = 200
_UUID_LIMIT: Final = 2**128


class Nest(Constructor):
    """A class that is not admitted, but holds one that is: the way to a nested class in protocols below 4."""

    __slots__ = ("module", "path")

    module: str
    path: str

    def __init__(self, module: str, path: str) -> None:
        super().__init__(f"{module}.{path}", self._refuse)
        object.__setattr__(self, "module", module)
        object.__setattr__(self, "path", path)

    def _refuse(self, *_args: object) -> object:
        raise ClassNotAdmitted(refusal(self.name))


class Admitted(Nest):
    """A class that ``allow`` names. Calls make its instances; the class itself stays out of the pickle's reach."""

    __slots__ = ("cls",)

    cls: type

    def __init__(self, module: str, path: str, cls: type) -> None:
        super().__init__(module, path)
        object.__setattr__(self, "_make", self._construct)
        object.__setattr__(self, "cls", cls)

    def _construct(self, *args: object) -> object:
        made: object = self.cls(*opened(args))
        return made

    def new(self, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
        """Make an instance without ``__init__``, as NEWOBJ does."""
        made: object = self.cls.__new__(self.cls, *opened(args), **kwargs)
        return made


class Base(Constructor):
    """A built-in type, as an argument of ``copyreg._reconstructor`` alone."""

    __slots__ = ("cls",)

    cls: type

    def __init__(self, cls: type) -> None:
        super().__init__(f"builtins.{cls.__name__}", self._refuse)
        object.__setattr__(self, "cls", cls)

    def _refuse(self, *_args: object) -> object:
        raise ClassNotAdmitted(refusal(self.name))


def opened(args: Sequence[object]) -> list[object]:
    """Arguments for a class of the user's: where one is itself an admitted class (a default factory), the class."""
    return [arg.cls if isinstance(arg, Admitted) else arg for arg in args]


class Gate:
    """
    Decides what a worker's pickles may make.

    Args:
        settings: ``allow`` says what is admitted besides the data model, ``py2_strings`` how Python 2 wrote bytes.

    Raises:
        ImportError: ``allow`` has NUMPY, and numpy is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        self.anything = isinstance(settings.allow, Anything)
        allow = () if isinstance(settings.allow, Anything) else settings.allow
        self._classes = {f"{item.__module__}.{item.__qualname__}": item for item in allow if isinstance(item, type)}
        self._names = frozenset(item for item in allow if isinstance(item, str))
        self._repeats = Repeats()
        self._numpy: NumpyGate | None = None
        if any(isinstance(item, Numpy) for item in allow):
            from spreadjobs.trust_numpy import NumpyGate as _NumpyGate  # noqa: PLC0415 - numpy is imported late

            self._numpy = _NumpyGate(self._repeats)
        self._found: dict[tuple[str, str], Constructor] = {}
        self._py2_strings = settings.py2_strings
        self._deques = 0
        self._unfinished: dict[int, UUID] = {}

    @cached_property
    def _standard(self) -> dict[Names, Constructor]:
        """What may be made besides what ``allow`` says. Most workers never send any of it."""
        return {
            **dict(standard_constructors(self._py2_strings, self._count_deque, self._repeats)),
            ("copyreg", "_reconstructor"): Constructor("copyreg._reconstructor", self._reconstruct),
            ("copyreg", "__newobj__"): Constructor("copyreg.__newobj__", self._newobj),
            ("builtins", "getattr"): Constructor("builtins.getattr", self._getattr),
        }

    def begin(self) -> None:
        """A message begins: forget the one before."""
        self._deques = 0
        self._unfinished.clear()
        self._repeats.begin()
        if self._numpy is not None:
            self._numpy.begin()

    def finish(self) -> None:
        """
        A message has been read.

        Raises:
            NotAdmitted: it has half-made objects.
        """
        self._repeats.begin()
        if self._unfinished or (self._numpy is not None and self._numpy.unfinished()):
            raise NotAdmitted("the pickle has an object without its contents (spec PKL-4)")
        if self._numpy is not None:
            self._numpy.finish()

    def find(self, module: str, name: str) -> Constructor:
        """
        Give what stands for the class of that name.

        Raises:
            NotAdmitted: it is not admitted; the text names it, and the setting that admits it.
        """
        found = self._found.get((module, name))
        if found is None:
            found = self._look_up(_RENAMED.get(module, module), name)
            self._found[module, name] = found
        return found

    def find_among_anything(self, module: str, name: str) -> Constructor | None:
        """With ``allow=ANYTHING``: the names that do not stand for the real thing, which are those of INST-1."""
        if name == "_reconstructor" and module in ("copyreg", "copy_reg"):
            return Constructor("copyreg._reconstructor", self._reconstruct_anything)
        return legacy_constructor(module, name)

    def _look_up(self, module: str, name: str) -> Constructor:
        legacy = legacy_constructor(module, name)
        if legacy is not None:
            return legacy
        dotted = f"{module}.{name}"
        cls = self._classes.get(dotted)
        if cls is None and dotted in self._names:
            cls = _import_class(module, name)
        if cls is not None:
            return Admitted(module, name, cls)
        if self._numpy is not None:
            constructor = self._numpy.constructor(module, name)
            if constructor is not None:
                return constructor
        standard = self._standard.get((module, name))
        if standard is not None:
            return standard
        if module == "builtins" and name in _BASES:
            return Base(_BASES[name])
        if any(admitted.startswith(f"{dotted}.") for admitted in (*self._names, *self._classes)):
            return Nest(module, name)
        raise ClassNotAdmitted(refusal(dotted))

    def new(self, cls: object, args: object, kwargs: object) -> object:
        """Do what NEWOBJ and NEWOBJ_EX do: ``cls.__new__(cls, *args, **kwargs)``."""
        if not isinstance(args, tuple) or not isinstance(kwargs, dict):
            raise NotAdmitted("arguments that are no tuple (spec PKL-4)")
        if isinstance(cls, Admitted):
            return cls.new(args, kwargs)
        if self.anything and isinstance(cls, type):
            made: object = cls.__new__(cls, *args, **kwargs)
            return made
        if not isinstance(cls, Constructor) or kwargs:
            raise NotAdmitted("a new object of something that is no class (spec PKL-4)")
        if cls.name == "uuid.UUID" and not args:
            blank = object.__new__(UUID)
            self._unfinished[id(blank)] = blank
            return blank
        return cls(*args)

    def instantiate(self, cls: object, args: Sequence[object]) -> object:
        """Do what INST and OBJ do: call the class, but not where there are no arguments."""
        if args and (isinstance(cls, Constructor) or (self.anything and callable(cls))):
            return cls(*args)
        return self.new(cls, tuple(args), {})

    def build(self, target: object, state: object) -> object:
        """
        Do what BUILD does: give an object its contents.

        Returns:
            The object, or another one that takes its place everywhere.

        Raises:
            NotAdmitted: the object is of no class whose objects are filled so.
        """
        if isinstance(target, LegacyTooBusy | LegacyRemoteException):
            return legacy_build(target, state)
        if isinstance(target, UUID) and self._unfinished.pop(id(target), None) is not None:
            _build_uuid(target, state)
            return target
        if self._numpy is not None and self._numpy.knows(target):
            return self._numpy.build(target, state)
        if self.anything or self._is_admitted(target):
            build_instance(target, state)
            return target
        raise NotAdmitted(f"the pickle changes an object of class {type(target).__name__} (spec SEC-1)")

    def _is_admitted(self, target: object) -> bool:
        """Whether it is an instance of an admitted class, and none that others share."""
        classes = [found.cls for found in self._found.values() if isinstance(found, Admitted)]
        return type(target) in classes and not isinstance(target, enum.Enum | type)

    def _count_deque(self) -> None:
        # CPython frees nested deques by recursion, without a limit.
        self._deques += 1
        if self._deques > _MAX_DEQUES:
            raise NotAdmitted(f"more than {_MAX_DEQUES} deques in one message (spec SEC-2)")

    def _reconstruct(self, *args: object) -> object:
        """Protocols 0 and 1: ``object.__new__(cls)``, or the same with a built-in base."""
        cls, base, state = args
        if not isinstance(base, Base | Admitted) or base.cls not in _BASES.values():
            raise NotAdmitted("copyreg._reconstructor with no built-in base (spec PKL-4)")
        if not isinstance(cls, Admitted):
            if base.cls is not object:
                raise NotAdmitted("copyreg._reconstructor with a base that its class has not (spec PKL-4)")
            return self.new(cls, (), {})
        if not issubclass(cls.cls, base.cls):
            raise NotAdmitted(f"{cls.name} is no {base.name}")
        made: object = vars(copyreg)["_reconstructor"](cls.cls, base.cls, state)
        return made

    def _reconstruct_anything(self, *args: object) -> object:
        if args and isinstance(args[0], Constructor):
            return self.new(args[0], (), {})
        made: object = vars(copyreg)["_reconstructor"](*args)
        return made

    def _newobj(self, *args: object) -> object:
        return self.new(args[0] if args else None, args[1:], {})

    def _getattr(self, *args: object) -> object:
        """How members of an Enum (Python 3.11) and nested classes (protocols below 4) are named."""
        cls, name = args
        if not isinstance(cls, Nest) or not isinstance(name, str):
            raise ClassNotAdmitted(refusal("builtins.getattr"))
        if isinstance(cls, Admitted) and issubclass(cls.cls, enum.Enum) and name in cls.cls.__members__:
            return cls.cls.__members__[name]
        return self.find(cls.module, f"{cls.path}.{name}")


def refusal(dotted: str) -> str:
    """Say that a class is not admitted, and the setting that would admit it."""
    if not _DOTTED.fullmatch(dotted):
        return f"a worker sent an object of a class with the impossible name {dotted[:_QUOTED]!r} (spec SEC-3)"
    shown = dotted if len(dotted) <= _QUOTED else dotted[:_QUOTED] + "..."
    if dotted.startswith("__main__."):  # of the worker's script: the master's __main__ is another
        name = shown.removeprefix("__main__.")
        return (
            f"a worker sent an object of class {shown}, of its own script; move the class to a module that master and "
            f'workers both import, then admit it with Settings(allow=["module.{name}"]) (spec SEC-3)'
        )
    if dotted.startswith("numpy.") and dotted.rpartition(".")[2] not in _NUMPY_NAMES:
        return (
            f"a worker sent an object of class {shown}; Settings(allow=[NUMPY]) admits plain arrays and scalars alone: "
            "return numpy.asarray(it), of plain numbers, text or times (spec SEC-3)"
        )
    setting = "Settings(allow=[NUMPY])" if dotted.startswith("numpy.") else f'Settings(allow=["{shown}"])'
    return f"a worker sent an object of class {shown}; admit it with {setting} (spec SEC-3)"


def legacy_constructor(module: str, name: str) -> Constructor | None:
    """Give the constructor of the ancestor's TooBusy or RemoteException, if the name is one of theirs. Spec INST-1."""
    if module not in _LEGACY_MODULES:
        return None
    if name == "TooBusy":
        return Constructor(f"{module}.{name}", lambda *args: LegacyTooBusy(*(*args, None, None)[:2]))
    if name == "RemoteException":
        return Constructor(f"{module}.{name}", lambda *args: LegacyRemoteException(args))
    return None


def legacy_build(target: LegacyTooBusy | LegacyRemoteException, state: object) -> object:
    """Take the attributes of an instance of the ancestor's classes from its state."""
    if not isinstance(state, dict):
        raise NotAdmitted("an instance of TooBusy or RemoteException with a state that is no dict (spec INST-1)")
    state = {key.decode("latin-1") if isinstance(key, bytes) else key: value for key, value in state.items()}
    if isinstance(target, LegacyTooBusy):
        return LegacyTooBusy(state.get("delay", target.delay), state.get("comment", target.comment))
    args = state.get("args", target.args)
    return LegacyRemoteException(tuple(args) if isinstance(args, tuple | list) else target.args)


def _import_class(module: str, name: str) -> type:
    found: object = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    if not isinstance(found, type):
        raise NotAdmitted(f"allow names {module}.{name}, which is no class; only classes can be admitted (spec SEC-3)")
    return found


def _build_uuid(target: UUID, state: object) -> None:
    """Fill a UUID. Its own ``__setstate__`` takes anything."""
    value = state.get("int") if isinstance(state, dict) else None
    if type(value) is not int or not 0 <= value < _UUID_LIMIT:
        raise NotAdmitted("a UUID whose value is no int of 128 bits (spec PKL-4)")
    whole = UUID(int=value)
    object.__setattr__(target, "int", whole.int)
    object.__setattr__(target, "is_safe", whole.is_safe)


def build_instance(target: object, state: object) -> None:
    """Do what BUILD does, to an instance of a class of the user's."""
    setstate = getattr(target, "__setstate__", None)
    if setstate is not None:
        setstate(state)
        return
    slots: object = None
    if isinstance(state, tuple) and len(state) == 2:  # noqa: PLR2004 - the pair that pickle documents
        state, slots = state
    for attributes, store in ((state, _into_dict), (slots, setattr)):
        if attributes is None:
            continue
        if not isinstance(attributes, dict):
            raise NotAdmitted(f"a state of type {type(attributes).__name__} for {type(target).__name__} (spec PKL-4)")
        for name, value in attributes.items():
            store(target, name, value)


def _into_dict(target: object, name: str, value: object) -> None:
    target.__dict__[name] = value
