"""
How a pickle is loaded that a ``Walk`` has found complete. Spec PKL-4, SEC-1.

Plain data in small messages apart, which ``pickle_codec`` loads at once, nothing is unpickled anywhere else.

Three ways, from the fastest to the most careful; which one a message takes depends on its bytes alone:

- plain data goes to ``pickle.loads``: it names nothing, so nothing can run;
- a message that names classes goes to the C unpickler, with ``Gate.find`` for the names;
- one that makes or fills objects without calling them (NEWOBJ, BUILD and their like), or that has many keys whose
  hashes anybody can choose, goes to Python's own unpickler, whose steps can be replaced: a BUILD of the C unpickler
  could reach any object, and no dict asks how often its keys collide.

A fresh unpickler a message: a used one keeps its memo, and references of the next message would silently lead into
the one before (spec PKL-8).
"""

from __future__ import annotations

import io
import pickle
import struct
from typing import TYPE_CHECKING, Final, Protocol, TypeGuard

from spreadjobs.collisions import Crowds
from spreadjobs.sharing import check_sharing
from spreadjobs.trust import Gate, legacy_constructor
from spreadjobs.trust_values import NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from spreadjobs.opcodes import Walk
    from spreadjobs.parts import Parts

_FRAME: Final = b"\x95"
_SIZE: Final = struct.Struct("<Q")
_NEVER_REPLACED: Final = frozenset({str, bytes, int, float, list, tuple, dict, set, frozenset, bool, type(None)})


class _HasItems(Protocol):
    def __setitem__(self, key: object, value: object, /) -> None: ...


class _HasMembers(Protocol):
    def add(self, item: object, /) -> object: ...


# Not runtime_checkable: to ask whether an object obeys such a protocol writes to its class.
def _has_items(value: object) -> TypeGuard[_HasItems]:
    return hasattr(type(value), "__setitem__")


def _has_members(value: object) -> TypeGuard[_HasMembers]:
    return hasattr(type(value), "add")


class _Names(pickle.Unpickler):
    """The C unpickler with our names."""

    def __init__(self, raw: bytes, text: tuple[str, str], gate: Gate, buffers: Iterable[object] | None = None) -> None:
        # In one frame around all of it. That is faster, and it disarms the frames inside: one that ends within an
        # argument makes the C unpickler go on behind the frame, with opcodes that no walk has seen.
        framed = io.BytesIO(b"".join((_FRAME, _SIZE.pack(len(raw)), raw)))
        super().__init__(framed, encoding=text[0], errors=text[1], buffers=buffers)
        self._gate = gate

    def find_class(self, module: str, name: str, /) -> object:
        if self._gate.anything:
            return legacy_constructor(module, name) or super().find_class(module, name)
        return self._gate.find(module, name)


class _Memo(dict[int, object]):
    """A memo that finds what stands for an object that is replaced: there may be many of both."""

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[int, list[int]] = {}

    def __setitem__(self, index: int, value: object) -> None:
        super().__setitem__(index, value)
        if type(value) not in _NEVER_REPLACED:
            self._places.setdefault(id(value), []).append(index)

    def replace(self, old: object, new: object) -> None:
        """Put another object everywhere where this one was noted."""
        for index in self._places.pop(id(old), ()):
            if self[index] is old:  # else something else was noted there since
                self[index] = new


class _Steps(pickle._Unpickler):  # noqa: SLF001 - the only one whose steps can be replaced
    """Python's own unpickler, with NEWOBJ, BUILD and their like replaced, and all that makes keys."""

    stack: list[object]
    memo: dict[int, object]
    append: Callable[[object], None]
    pop_mark: Callable[[], list[object]]

    def __init__(
        self, raw: bytes, text: tuple[str, str], gate: Gate, size: int, buffers: Iterable[object] | None = None
    ) -> None:
        super().__init__(io.BytesIO(raw), encoding=text[0], errors=text[1], buffers=buffers)
        self.memo = self._kept = _Memo()
        self._gate = gate
        self._crowds = Crowds(size)

    def find_class(self, module: str, name: str) -> object:
        if self._gate.anything:
            return self._gate.find_among_anything(module, name) or super().find_class(module, name)
        return self._gate.find(module, name)

    def _instantiate(self, cls: object, args: list[object]) -> None:
        """INST and OBJ, which write the old-style instances of Python 2."""
        self._crowds.arguments(args)
        self.stack.append(self._gate.instantiate(cls, args))

    def call(self) -> None:
        """REDUCE."""
        args = self.stack.pop()
        function = self.stack[-1]
        if not isinstance(args, tuple) or not callable(function):
            raise NotAdmitted("a call of something that is no class, or without a tuple of arguments (spec PKL-4)")
        self._crowds.arguments(args)
        self.stack[-1] = function(*args)

    def fill(self, items: list[object]) -> None:
        """SETITEM and SETITEMS: put keys and values into the dict on top."""
        target = self.stack[-1]
        if not _has_items(target):
            raise NotAdmitted(f"keys for an object of class {type(target).__name__} (spec PKL-4)")
        for key, value in zip(items[::2], items[1::2], strict=True):
            self._crowds.add(target, key)
            target[key] = value

    def pop_two(self) -> list[object]:
        value = self.stack.pop()
        return [self.stack.pop(), value]

    def make_dict(self) -> None:
        """DICT."""
        items = self.pop_mark()
        self.append({})
        self.fill(items)

    def make_frozenset(self) -> None:
        """FROZENSET."""
        items = self.pop_mark()
        members: set[object] = set()
        self.append(members)
        self.include(items)
        self.stack[-1] = frozenset(members)

    def include(self, items: list[object]) -> None:
        """ADDITEMS: put items into the set on top."""
        target = self.stack[-1]
        if not _has_members(target):
            raise NotAdmitted(f"members for an object of class {type(target).__name__} (spec PKL-4)")
        for item in items:
            self._crowds.add(target, item)
            target.add(item)

    def new(self, *, keywords: bool) -> None:
        """NEWOBJ and NEWOBJ_EX."""
        kwargs = self.stack.pop() if keywords else {}
        args = self.stack.pop()
        self._crowds.arguments(args)
        self.stack.append(self._gate.new(self.stack.pop(), args, kwargs))

    def build(self) -> None:
        """BUILD, whose result takes the place of its target wherever that was noted."""
        state = self.stack.pop()
        target = self.stack[-1]
        built = self._gate.build(target, state)
        if built is not target:
            self.stack[-1] = built
            self._kept.replace(target, built)


def _steps(unpickler: object) -> _Steps:
    if isinstance(unpickler, _Steps):
        return unpickler
    raise AssertionError("these steps are in the table of _Steps alone")


_Steps.dispatch = {
    **_Steps.dispatch,
    pickle.REDUCE[0]: lambda unpickler: _steps(unpickler).call(),
    pickle.SETITEM[0]: lambda unpickler: _steps(unpickler).fill(_steps(unpickler).pop_two()),
    pickle.SETITEMS[0]: lambda unpickler: _steps(unpickler).fill(_steps(unpickler).pop_mark()),
    pickle.DICT[0]: lambda unpickler: _steps(unpickler).make_dict(),
    pickle.ADDITEMS[0]: lambda unpickler: _steps(unpickler).include(_steps(unpickler).pop_mark()),
    pickle.FROZENSET[0]: lambda unpickler: _steps(unpickler).make_frozenset(),
    pickle.NEWOBJ[0]: lambda unpickler: _steps(unpickler).new(keywords=False),
    pickle.NEWOBJ_EX[0]: lambda unpickler: _steps(unpickler).new(keywords=True),
    pickle.BUILD[0]: lambda unpickler: _steps(unpickler).build(),
}


class Loader:
    """
    Makes messages of pickles that were walked.

    Args:
        gate: Says which names are admitted.
        text: What the byte strings of Python 2 become: an encoding, and what to do with errors.
    """

    def __init__(self, gate: Gate, text: tuple[str, str]) -> None:
        self._gate = gate
        self._text = text

    def load(self, view: memoryview, walk: Walk) -> object:
        """Load a message in the way that its opcodes call for."""
        crowded = (walk.tangled and check_sharing([bytes(view)], [])) or walk.crowded
        if not walk.names and not walk.builders and not crowded:
            return pickle.loads(view, encoding=self._text[0], errors=self._text[1])  # noqa: S301 - it names nothing
        raw = bytes(view)
        if crowded or self._careful(walk, raw):
            return self._guarded(_Steps(raw, self._text, self._gate, len(raw)))
        return self._guarded(_Names(raw, self._text, self._gate))

    def load_parts(self, parts: Parts, tail: bytes, walk: Walk) -> object:
        """Load a message whose large arguments were kept apart; they are not copied if its opcodes allow it."""
        if walk.framed:  # A frame around a large argument would reach beyond the end without it.
            raw = parts.joined(tail)
            parts.forget()
            with memoryview(raw) as view:
                return self.load(view, walk)
        data, sizes, buffers = parts.opcodes(tail), parts.sizes(), parts.take(self._text)
        if (walk.tangled and check_sharing(parts.pieces(tail), sizes)) or walk.crowded or self._careful(walk, data):
            return self._guarded(_Steps(data, self._text, self._gate, len(data) + sum(sizes), buffers))
        if walk.names:
            return self._guarded(_Names(data, self._text, self._gate, buffers))
        encoding, errors = self._text
        return pickle.loads(data, encoding=encoding, errors=errors, buffers=buffers)  # noqa: S301 - it names nothing

    def _careful(self, walk: Walk, opcodes: bytes) -> bool:
        """Whether objects that are made or filled without a call need Python's own unpickler."""
        return walk.builders and (not self._gate.anything or b"TooBusy" in opcodes or b"RemoteException" in opcodes)

    def _guarded(self, unpickler: _Steps | _Names) -> object:
        self._gate.begin()
        message: object = unpickler.load()
        self._gate.finish()
        return message
