"""
The codec pickle: complete pickles one after another. Spec PKL-1 to PKL-11. The only file that unpickles.

Three ways in, from the fastest to the most careful; which one a message takes depends on its bytes alone:

- plain data, found so by ``PLAIN`` or ``Walk``, goes to ``pickle.loads``: it names nothing, so nothing can run;
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
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeGuard

from spreadjobs.collisions import Crowds
from spreadjobs.cures import likely_cure
from spreadjobs.errors import CannotEncode
from spreadjobs.messages import Undecodable
from spreadjobs.opcodes import FEW_REFERENCES, PLAIN, PLAIN_BYTES, Refused, Walk
from spreadjobs.sharing import check_sharing
from spreadjobs.trust import Gate, legacy_constructor
from spreadjobs.trust_values import ClassNotAdmitted, NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Callable

    from spreadjobs.settings import Settings

_FIRST_BYTES: Final = b"\x80(]"
_NEWLINE: Final = 0x0A
_FRAME: Final = b"\x95"
_SIZE: Final = struct.Struct("<Q")
_QUOTE_BYTES: Final = 80
_DEEP: Final = 40
_NEVER_REPLACED: Final = frozenset({str, bytes, int, float, list, tuple, dict, set, frozenset, bool, type(None)})
_REASON_CHARACTERS: Final = 300
_TEXTS: Final = {
    "surrogateescape": ("utf-8", "surrogateescape"),
    "latin1": ("latin-1", "strict"),
    "bytes": ("bytes", "strict"),
}


class PickleEncoder:
    """Writes messages as pickles of the one protocol that was declared. Spec PKL-1."""

    def __init__(self, settings: Settings) -> None:
        self._protocol = settings.pickle_protocol

    def encode(self, message: object, /) -> bytes:
        """Make the pickle of one message; raise CannotEncode where something in it has none."""
        try:
            return pickle.dumps(message, self._protocol)
        except Exception as error:
            path, culprit = self._culprit(message)
            raise CannotEncode(
                f"{path} is of type {type(culprit).__qualname__} and cannot be pickled with protocol {self._protocol}: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _culprit(self, value: object) -> tuple[str, object]:
        """Find the innermost value that has no pickle, and the way to it."""
        path = "value"
        for _ in range(_DEEP):
            found = next((child for child in _children(value) if not self._has_pickle(child[1])), None)
            if found is None:
                break
            path += found[0]
            value = found[1]
        return path, value

    def _has_pickle(self, value: object) -> bool:
        try:
            pickle.dumps(value, self._protocol)
        except Exception:  # noqa: BLE001 - whatever the value's own code raises
            return False
        return True


class _HasItems(Protocol):
    def __setitem__(self, key: object, value: object, /) -> None: ...


class _HasMembers(Protocol):
    def add(self, item: object, /) -> object: ...


# Not runtime_checkable: to ask whether an object obeys such a protocol writes to its class.
def _has_items(value: object) -> TypeGuard[_HasItems]:
    return hasattr(type(value), "__setitem__")


def _has_members(value: object) -> TypeGuard[_HasMembers]:
    return hasattr(type(value), "add")


def _children(value: object) -> list[tuple[str, object]]:
    if isinstance(value, list | tuple):
        return [(f"[{index}]", item) for index, item in enumerate(value)]
    if isinstance(value, dict):
        keys = [(f" has the key {type(key).__qualname__}(), which", key) for key in value]
        return [*keys, *((f"[{key!a:.40}]", item) for key, item in value.items())]
    if isinstance(value, set | frozenset):
        return [(" has an item, which", item) for item in value]
    return []


class _Names(pickle.Unpickler):
    """The C unpickler with our names."""

    def __init__(self, raw: bytes, text: tuple[str, str], gate: Gate) -> None:
        # In one frame around all of it. That is faster, and it disarms the frames inside: one that ends within an
        # argument makes the C unpickler go on behind the frame, with opcodes that no walk has seen.
        super().__init__(io.BytesIO(b"".join((_FRAME, _SIZE.pack(len(raw)), raw))), encoding=text[0], errors=text[1])
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

    def __init__(self, raw: bytes, text: tuple[str, str], gate: Gate) -> None:
        super().__init__(io.BytesIO(raw), encoding=text[0], errors=text[1])
        self.memo = self._kept = _Memo()
        self._gate = gate
        self._crowds = Crowds(len(raw))

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


def _check_first(byte: int) -> None:
    if byte not in _FIRST_BYTES:
        raise Refused(f"0x{byte:02x} came; a message is due, which begins with 0x80, 0x28 or 0x5d (spec PKL-4)", 0)


class PickleDecoder:
    """Reads the pickles of one worker. See ``codec.Decoder``."""

    def __init__(self, settings: Settings) -> None:
        self._gate = Gate(settings)
        self._text = _TEXTS[settings.py2_strings]
        self._loads: Callable[[bytes], object] = partial(pickle.loads, encoding=self._text[0], errors=self._text[1])
        self._max_bytes = settings.max_message_bytes
        self._buffer = bytearray()
        self._walk: Walk | None = None  # of the message at the start of the buffer
        self._any = False  # there was a message,
        self._newline = True  # ... and a newline after the last one,
        self._all_newlines = True  # ... and after each before the last
        self._broken: Undecodable | None = None

    def feed(self, data: bytes, /, *, limit: int | None = None) -> list[object]:
        """Take bytes and give the messages that are complete."""
        if self._broken is not None:
            raise Undecodable(self._broken.reason, self._broken.quote, self._broken.cure)
        self._buffer += data
        if not self._newline and self._buffer and self._buffer[0] == _NEWLINE:
            self._newline = True
            del self._buffer[0]
        messages: list[object] = []
        start = 0
        try:
            while start < len(self._buffer) and (limit is None or len(messages) < limit):
                size = self._plain(start, messages, limit) if self._walk is None else 0
                size = size or self._other(start, messages)
                if not size:
                    break
                start += size
        except Undecodable as error:
            self._broken = error
            raise
        finally:
            del self._buffer[:start]
        return messages

    def buffered(self) -> int:
        """How many bytes belong to no message yet."""
        return len(self._buffer)

    def rest(self) -> bytes:
        """Take what is buffered, with the last message's newline where that is text. Spec SHUT-9."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._walk = None
        if self._any and self._newline and not self._all_newlines:
            rest = b"\n" + rest
        self._any, self._newline, self._all_newlines = False, True, True
        return rest

    def _plain(self, start: int, messages: list[object], limit: int | None) -> int:
        """Read messages of plain data as long as there are any in a row. Gives how many bytes they took."""
        match, loads, buffer = PLAIN.match, self._loads, self._buffer
        end, room = len(buffer), len(messages) if limit is None else limit
        newline, all_newlines, at = self._newline, self._all_newlines, start
        while at < end and (limit is None or len(messages) < room):
            found = match(buffer, at, at + PLAIN_BYTES)
            if found is None:
                break
            raw, line_end = found.groups()
            if len(raw) > self._max_bytes or raw.count(b"h") > FEW_REFERENCES:
                break
            try:
                messages.append(loads(raw))
            except Exception as error:
                raise self._refused(error, at, messages) from error
            all_newlines = all_newlines and newline
            newline = line_end is not None
            at = found.end()
        if at > start:
            self._any, self._newline, self._all_newlines = True, newline, all_newlines
            if not newline and at < end and buffer[at] == _NEWLINE:  # just beyond what was looked at
                self._newline = True
                at += 1
        return at - start

    def _other(self, start: int, messages: list[object]) -> int:
        """Read one message of any kind. Gives how many bytes it took, or 0 while it is not complete."""
        buffer = self._buffer
        walk = self._walk
        try:
            if walk is None:
                _check_first(buffer[start])
                walk = self._walk = Walk(self._max_bytes)
            size = walk.advance(buffer, start)
            if not size:
                return 0
            self._walk = None
            with memoryview(buffer) as whole, whole[start : start + size] as view:
                messages.append(self._load(view, walk))
        except (Exception, SystemExit) as error:
            raise self._refused(error, start, messages) from error
        self._all_newlines = self._all_newlines and self._newline
        self._newline = buffer[start + size : start + size + 1] == b"\n"
        self._any = True
        return size + self._newline

    def _load(self, view: memoryview, walk: Walk) -> object:
        """Load a message that was walked, in the way that its opcodes call for."""
        crowded = (walk.tangled and check_sharing(bytes(view))) or walk.crowded
        if not walk.names and not walk.builders and not crowded:
            return pickle.loads(view, encoding=self._text[0], errors=self._text[1])  # noqa: S301 - it names nothing
        raw = bytes(view)
        careful = crowded or (
            walk.builders and (not self._gate.anything or b"TooBusy" in raw or b"RemoteException" in raw)
        )
        self._gate.begin()
        unpickler = _Steps(raw, self._text, self._gate) if careful else _Names(raw, self._text, self._gate)
        message: object = unpickler.load()
        self._gate.finish()
        return message

    def _refused(self, error: BaseException, start: int, messages: list[object]) -> Undecodable:
        quote = bytes(self._buffer[start : start + _QUOTE_BYTES])
        if isinstance(error, Refused):
            return Undecodable(str(error), quote, likely_cure(quote, "pickle"), messages)
        if isinstance(error, NotAdmitted):
            undecodable = Undecodable(str(error), quote, "", messages)
            undecodable.refused = isinstance(error, ClassNotAdmitted)
            return undecodable
        reason = f"the pickle cannot be loaded: {type(error).__name__}: {error!s:.{_REASON_CHARACTERS}} (spec PKL-4)"
        return Undecodable(reason, quote, "", messages)
