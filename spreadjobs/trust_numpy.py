"""
``allow=[NUMPY]``: arrays and scalars of plain dtypes, rebuilt from checked parts. Imports numpy; imported late.

numpy's own ``__setstate__`` believes what it is told: 199 bytes end the interpreter. So a dtype is made anew from a
letter, a size and a byte order, an array from a dtype, a shape and as many bytes as these two need.
"""

from __future__ import annotations

import importlib
import math
import re
from typing import TYPE_CHECKING, Final

from spreadjobs.opcodes import MAX_SAME_HASH
from spreadjobs.trust_values import Constructor, NotAdmitted, Repeats

try:
    np = importlib.import_module("numpy")  # by name: type checking must not depend on its being installed
except ImportError as error:
    raise ImportError("allow=[NUMPY] needs numpy, which is not installed here: pip install numpy") from error

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN: Final = re.compile(r"[?]|[biufc](?:1|2|4|8|16|32)|[SU][0-9]{1,9}|[mM]8")
_UNITS: Final = frozenset({"Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"})
_CURES: Final = {
    "O": ": it is an array of Python objects; return its tolist(), or give it a dtype",
    "V": ": it has fields; return a dict of its columns, {name: a[name] for name in a.dtype.names}",
}
_MAX_DIMENSIONS: Final = 32
_MAX_STEP: Final = 10**9
_DTYPE_STATE, _DATE_STATE = 8, 9


def _text(value: object) -> str:
    """Text, from what may be a byte string of Python 2 or 3."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, str):
        return value
    raise NotAdmitted("a numpy dtype that is no plain one (spec PKL-10)")


class NumpyGate:
    """What the names of numpy stand for."""

    def __init__(self, repeats: Repeats) -> None:
        self._repeats = repeats
        modules = ("numpy.core.multiarray", "numpy._core.multiarray")
        self._constructors: Mapping[tuple[str, str], Constructor] = {
            ("numpy", "dtype"): Constructor("numpy.dtype", self._dtype),
            ("numpy", "ndarray"): Constructor("numpy.ndarray", self._ndarray),
            **{
                (module, "_reconstruct"): Constructor(f"{module}._reconstruct", self._reconstruct) for module in modules
            },
            **{(module, "scalar"): Constructor(f"{module}.scalar", self._scalar) for module in modules},
            **{
                (module, "_frombuffer"): Constructor(f"{module}._frombuffer", self._from_buffer)
                for module in ("numpy.core.numeric", "numpy._core.numeric")
            },
        }
        self._empty: dict[int, object] = {}
        self._locked: list[tuple[object, tuple[object, ...]]] = []
        self._hashes: dict[int, set[bytes]] = {}

    def begin(self) -> None:
        """A message begins."""
        self._empty.clear()
        self._locked.clear()
        self._hashes.clear()

    def finish(self) -> None:
        """A message has been read: its arrays may be written to from now on."""
        for array, state in self._locked:
            if not isinstance(array, np.ndarray):
                continue
            try:
                array.flags.writeable = True
            except ValueError:  # numpy uses the bytes of large ones where they are, and lets __setstate__ alone do that
                array.__setstate__(state)
        self.begin()

    def _lock(self, array: object, state: tuple[object, ...] = ()) -> object:
        """
        Let nothing be written to an array before the message has been read.

        SETITEM writes to any object that takes items. With indices that are arrays themselves, a few hundred bytes
        write for ever.
        """
        if isinstance(array, np.ndarray) and array.flags.writeable:
            array.flags.writeable = False
            self._locked.append((array, state))
        return array

    def unfinished(self) -> bool:
        """Whether an array of this message has got no contents."""
        return bool(self._empty)

    def constructor(self, module: str, name: str) -> Constructor | None:
        """Give what a name of numpy stands for, if it is admitted."""
        return self._constructors.get((module, name))

    def knows(self, target: object) -> bool:
        """Whether ``build`` is for this object: an array or a dtype that this message made."""
        return id(target) in self._empty or isinstance(target, np.dtype)

    def build(self, target: object, state: object) -> object:
        """Fill an array, or give the dtype with the byte order of the state."""
        if isinstance(target, np.dtype):
            return _dtype_with_state(target, state)
        array = self._empty.pop(id(target), None)
        match state:
            case (int(), tuple() as shape, np.dtype() as dtype, bool() | int() as fortran, bytes() | str() as raw):
                data = raw if isinstance(raw, bytes) else raw.encode("latin-1")
                _check_plain(dtype)
                _check_size(dtype, shape, len(data))
                self._repeats.charge(raw)
                if isinstance(array, np.ndarray):
                    array.flags.writeable = True  # it was made without
                    whole = (1, shape, dtype, bool(fortran), data)
                    array.__setstate__(whole)
                    self._lock(array, whole)
                return target
            case _:
                raise NotAdmitted("a numpy array with a state of another shape (spec PKL-10)")

    def _ndarray(self, *_args: object) -> object:
        raise NotAdmitted("numpy.ndarray called by a pickle (spec PKL-10)")

    def _dtype(self, *args: object) -> object:
        code = _text(args[0]) if args else ""
        if not _PLAIN.fullmatch(code):
            cure = _CURES.get(code[:1], "")
            raise NotAdmitted(
                f"a numpy dtype {code[:40]!r}; only plain numbers, text and times are admitted{cure} (spec PKL-10)"
            )
        return np.dtype(code)

    def _reconstruct(self, *args: object) -> object:
        if not args or not isinstance(args[0], Constructor) or args[0].name != "numpy.ndarray":
            raise NotAdmitted("a numpy array of a class of its own; return numpy.asarray(it) (spec PKL-10)")
        array = np.ndarray((0,), "b")
        array.flags.writeable = False  # until it has its contents, without which the message is refused
        self._empty[id(array)] = array
        return array

    def _scalar(self, *args: object) -> object:
        match args:
            case (np.dtype() as dtype, bytes() | str() as raw):
                data = raw if isinstance(raw, bytes) else raw.encode("latin-1")
                _check_plain(dtype)
                _check_size(dtype, (), len(data))
                self._repeats.charge(raw)
                value = np.frombuffer(data, dtype)[0] if data else np.zeros((), dtype)[()]
                self._count_hash(value, data)
                return value
            case _:
                raise NotAdmitted("a numpy scalar of no plain dtype (spec PKL-10)")

    def _count_hash(self, value: object, data: bytes) -> None:
        """Refuse many different numbers of one hash: as keys they cost their number squared."""
        if isinstance(value, np.complexfloating | np.longdouble):
            alike = self._hashes.setdefault(hash(value), set())
            alike.add(data)
            if len(alike) > MAX_SAME_HASH:
                raise NotAdmitted(f"more than {MAX_SAME_HASH} different numbers of one hash (spec SEC-2)")

    def _from_buffer(self, *args: object) -> object:
        match args:
            case (bytes() | bytearray() as data, np.dtype() as dtype, tuple() as shape, "C" | "F" | "K" as order):
                _check_plain(dtype)
                _check_size(dtype, shape, len(data))
                if not data:
                    return np.zeros(shape, dtype)
                return self._lock(np.frombuffer(data, dtype).reshape(shape, order="F" if order == "F" else "C"))
            case _:
                raise NotAdmitted("a numpy array with parts that are not bytes, a dtype and a shape (spec PKL-10)")


def _check_plain(dtype: object) -> None:
    if (
        not isinstance(dtype, np.dtype)
        or dtype.hasobject
        or dtype.kind not in "biufcSUmM"
        or dtype.subdtype is not None
    ):
        raise NotAdmitted("a numpy array of no plain dtype (spec PKL-10)")


def _check_size(dtype: object, shape: tuple[object, ...], size: int) -> None:
    """The bytes must be as many as dtype and shape need. An array of nothing has no dimension beyond what could be."""
    sizes = [length for length in shape if type(length) is int and 0 <= length < 2**62]
    if len(sizes) != len(shape) or len(shape) > _MAX_DIMENSIONS or not isinstance(dtype, np.dtype):
        raise NotAdmitted("a numpy array of an impossible shape (spec PKL-10)")
    due = math.prod(sizes) * dtype.itemsize
    if due != size or math.prod([length or 1 for length in sizes]) * (dtype.itemsize or 1) >= 2**62:
        raise NotAdmitted(f"a numpy array that needs {due} bytes came with {size} (spec PKL-10)")
    if not dtype.itemsize and math.prod(sizes) > 1:  # numpy makes room for a character each
        raise NotAdmitted("a numpy array of texts without a length (spec PKL-10)")


def _dtype_with_state(made: object, state: object) -> object:
    """The dtype in the byte order of its state; of the rest of the state, only what a plain dtype has is taken."""
    _check_plain(made)
    if not isinstance(state, tuple) or len(state) not in (_DTYPE_STATE, _DATE_STATE):
        raise NotAdmitted("a numpy dtype with a state of another shape (spec PKL-10)")
    order = _text(state[1])
    if order not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
        raise NotAdmitted("a numpy dtype with fields; only plain ones are admitted (spec PKL-10)")
    dtype = np.dtype(made)
    if len(state) == _DATE_STATE:
        dtype = np.dtype(f"{dtype.kind}8{_unit(state[8])}")
    return dtype.newbyteorder(order) if order in "<>" else dtype


def _unit(metadata: object) -> str:
    """The unit of a dtype of times, such as ``[25us]``."""
    match metadata:
        case (_, (bytes() | str() as raw, int(step), 1, 1)) if _text(raw) in _UNITS and 0 < step <= _MAX_STEP:
            unit = _text(raw)
            return "" if unit == "generic" else f"[{step}{unit}]"
        case _:
            raise NotAdmitted("a numpy dtype of times with an unknown unit (spec PKL-10)")
