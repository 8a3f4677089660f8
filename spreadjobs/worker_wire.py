"""
The worker's reader and writer of messages, in both codecs. Standard library only: a worker imports this file.

A message that arrived whole but cannot be turned into a value (its class is missing here, its constructor raises) is
read a second time with stand-ins for all classes: so its task id is known, the task fails with a clear reason, and the
wire stays at a message boundary.
"""

from __future__ import annotations

import io
import json
import math
import pickle
from typing import TYPE_CHECKING, Final, Literal, NoReturn, Protocol, Self, TypeAlias

from spreadjobs.errors import CannotEncode, SpreadJobsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer

    # Waits for input, fills the buffer as far as that goes, and gives the number of bytes: none at the end.
    Receive: TypeAlias = Callable[[WriteableBuffer], int]

Codec: TypeAlias = Literal["pickle", "json"]
Encoded: TypeAlias = bytes | list[bytes | memoryview]
"""A whole message. A list holds the pieces of a large one, with arrays where they are: it is to be written at once."""

PLAIN: Final = frozenset({type(None), bool, int, float, str, bytes})
"""To encode a value of exactly such a type runs no code of the user's."""

_BUFFER_BYTES: Final = 16 * 1024
# A message up to this size is made in one piece.
_JOINED_BYTES: Final = 64 * 1024
# A message is kept for a second reading up to this size.
_KEPT_BYTES: Final = 16 * 1024**2
_GREATEST_EXACT: Final = 2**53 - 1
# STACK_GLOBAL, EXT1, EXT2, EXT4: from protocol 4 on, no object of a class of its own is pickled without one of these.
_STACK_GLOBAL, _EXT1, _EXT2, _EXT4 = 0x93, 0x82, 0x83, 0x84
_PROTOCOL_OF_STACK_GLOBAL: Final = 4
_SEARCHED_BYTES: Final = 4096
# Where the value stands in a message ((task_id, value), out, err).
_PLACE_OF_ANSWER: Final = "[0][1]"


class EndOfInput(SpreadJobsError):
    """Standard input ended. ``args[0]`` is true if that was inside a message."""


class Malformed(SpreadJobsError):
    """What came is no message. The text says what and why."""


class Unreadable(SpreadJobsError):
    """
    A message came whole, but an object in it cannot be made here.

    Attributes:
        skeleton: The message with stand-ins where its objects were; ids are in place.
        cause: What was raised.
    """

    def __init__(self, skeleton: object, cause: BaseException) -> None:
        super().__init__(skeleton, cause)
        self.skeleton = skeleton
        self.cause = cause


class Wire(Protocol):
    """Reads messages from a pipe and makes messages for the other one."""

    def read(self) -> object:
        """
        Wait for the next message.

        Raises:
            EndOfInput: there is none.
            Malformed: what came is no message.
            Unreadable: the message cannot be turned into a value.
        """
        ...

    def encode(self, message: object, /) -> bytes:
        """Make a message with its line end; raise anything, and write nothing, where it cannot travel unchanged."""
        ...

    def encode_large(self, message: object, /) -> Encoded:
        """As ``encode``, for what may be large: that is not copied, and is to be written before anything changes it."""
        ...

    def ran_code(self, data: Encoded, /) -> bool:
        """Whether code of the message's classes may have run when it was made. In doubt, it has."""
        ...

    def plain(self, text: str, /) -> str:
        """Make a str of exactly that type that the codec can carry."""
        ...


class _Raw(io.RawIOBase):
    """The unbuffered pipe. Keeps the message that is being read, so that it can be read again."""

    tell: Callable[[], int]

    def __init__(self, receive: Receive, kept_bytes: int) -> None:
        self._receive = receive
        self._kept_bytes = kept_bytes
        self.start = 0  # where the message began, in bytes from the first one
        self.total = 0
        self.ended = False
        self._kept = bytearray()  # the last bytes that were read, from here on:
        self._kept_from = 0
        self._again = memoryview(b"")
        self._tell_from_now_on()

    def readable(self) -> bool:
        return True

    def _tell_from_now_on(self) -> None:
        # BufferedReader asks at every message: a method that is not of Python's takes half the time.
        self.tell = (self.total - len(self._again)).__index__

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        if self._again:
            size = min(len(view), len(self._again))
            view[:size] = self._again[:size]
            self._again = self._again[size:]
            self._tell_from_now_on()
            return size
        size = self._receive(view)
        self.ended = size == 0
        if self._kept_from < self.start:
            del self._kept[: self.start - self._kept_from]
            self._kept_from = self.start
        if len(self._kept) + size > self._kept_bytes:
            self._kept.clear()
            self._kept_from = self.total
        if size <= self._kept_bytes:
            self._kept += view[:size]
        else:  # It is all of one message, which is too long to be kept.
            self._kept_from += size
        self.total += size
        self._tell_from_now_on()
        return size

    def rewind(self) -> bool:
        """Go back to the start of the message; false if it was too long to be kept."""
        if self._kept_from > self.start:
            return False
        self._again = memoryview(bytes(self._kept[self.start - self._kept_from :]))
        self._tell_from_now_on()
        return True


class _StandIn:
    """Takes the place of any class or function, and of what they make."""

    def __new__(cls, *_arguments: object, **_keywords: object) -> Self:
        return super().__new__(cls)

    def __init__(self, *arguments: object, **keywords: object) -> None:
        pass

    def __call__(self, *_arguments: object, **_keywords: object) -> _StandIn:
        return self

    def __setstate__(self, state: object) -> None:
        pass

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def append(self, item: object) -> None:
        """Take an item, as a subclass of list does."""

    add = extend = append


class _SkeletonUnpickler(pickle.Unpickler):
    """Reads any pickle without running code of the classes in it."""

    def find_class(self, _module: str, _name: str, /) -> type[_StandIn]:
        return _StandIn


class _Pieces:
    """What a pickler writes: the bytes of arrays and of large bytes objects come as these themselves, not as copies."""

    def __init__(self) -> None:
        self._pieces: list[bytes | memoryview] = []

    def write(self, piece: bytes | bytearray | memoryview | pickle.PickleBuffer) -> None:
        """Take what the pickler writes; what may change and is no array is copied."""
        if isinstance(piece, pickle.PickleBuffer):
            self._pieces.append(piece.raw())
        else:
            self._pieces.append(piece if isinstance(piece, bytes) else bytes(piece))

    def finish(self) -> Encoded:
        """Give the whole message with its newline."""
        self._pieces.append(b"\n")
        if sum(map(len, self._pieces)) <= _JOINED_BYTES:
            return b"".join(self._pieces)
        return self._pieces


class PickleWire:
    """Complete pickles one after another; each message ends with one newline byte. Spec PKL-1 to PKL-9."""

    def __init__(self, receive: Receive, protocol: int) -> None:
        self._raw = _Raw(receive, _KEPT_BYTES)
        self._stream = io.BufferedReader(self._raw, _BUFFER_BYTES)
        self._protocol = protocol

    def read(self) -> object:
        """As ``Wire.read``."""
        self._raw.start = self._stream.tell()
        try:
            # A fresh unpickler for every message: the memo of one must not serve another (spec PKL-8). It takes no byte
            # beyond the message out of the stream: what it looked ahead at stays there.
            value: object = pickle.load(self._stream)  # noqa: S301 - a worker trusts its master
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - constructors of the payload's classes raise what they like
            self._give_up(error)
        return value

    def _give_up(self, cause: BaseException) -> NoReturn:
        raw = self._raw
        if raw.ended:
            raise EndOfInput(raw.total > raw.start) from None
        if not raw.rewind():
            raise Malformed(f"a long message could not be read: {describe(cause)}") from cause
        self._stream.detach()  # or its end would close the raw stream
        self._stream = io.BufferedReader(raw, _BUFFER_BYTES)
        try:
            skeleton: object = _SkeletonUnpickler(self._stream).load()
        except Exception:  # noqa: BLE001 - bytes that are no pickle make the unpickler raise almost anything
            if raw.ended:
                raise EndOfInput(True) from None  # noqa: FBT003 - the only argument
            raise Malformed(
                f"what came is no pickle: {describe(cause)} (does the master speak JSON? then --codec json is due)"
            ) from None
        raise Unreadable(skeleton, cause)

    def encode(self, message: object, /) -> bytes:
        """As ``Wire.encode``."""
        # PKL-5: a relay that forwards whole lines would hold a small message back without the newline.
        return pickle.dumps(message, self._protocol) + b"\n"

    def encode_large(self, message: object, /) -> Encoded:
        """As ``Wire.encode_large``."""
        pieces = _Pieces()
        pickle.dump(message, pieces, self._protocol)
        return pieces.finish()

    def ran_code(self, data: Encoded, /) -> bool:
        """As ``Wire.ran_code``."""
        return (
            isinstance(data, list)
            or self._protocol < _PROTOCOL_OF_STACK_GLOBAL
            or len(data) > _SEARCHED_BYTES
            or _STACK_GLOBAL in data
            or _EXT1 in data
            or _EXT2 in data
            or _EXT4 in data
        )

    def plain(self, text: str, /) -> str:
        """As ``Wire.plain``."""
        return str.__str__(text)


class JsonWire:
    """One RFC 8259 text a line. Spec JSON-1 to JSON-7."""

    def __init__(self, receive: Receive) -> None:
        self._stream = io.BufferedReader(_Raw(receive, 0), _BUFFER_BYTES)
        self._encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
        self._decode = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique).decode

    def read(self) -> object:
        """As ``Wire.read``."""
        line = self._stream.readline()
        if not line.endswith(b"\n"):
            raise EndOfInput(bool(line))
        try:
            value: object = self._decode(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise Malformed(f"what came is no JSON text: {describe(error)}; it begins {line[:80]!r}") from None
        return value

    def encode(self, message: object, /) -> bytes:
        """As ``Wire.encode``."""
        try:
            _check_json(message)
        except _MisfitError as misfit:
            where = "".join(reversed(misfit.path)).removeprefix(_PLACE_OF_ANSWER)
            raise CannotEncode(f"{where or 'it'} {misfit.reason} (spec JSON-4)") from None
        return self._encode(message).encode("utf-8") + b"\n"

    encode_large = encode

    def ran_code(self, _data: Encoded, /) -> bool:
        """As ``Wire.ran_code``: JSON looks the same, whatever class a value is of."""
        return True

    def plain(self, text: str, /) -> str:
        """As ``Wire.plain``."""
        return text.encode("utf-8", "replace").decode("utf-8")


def describe(error: BaseException) -> str:
    """Give type and message of an exception, on one line as far as it can be helped; never raises an Exception."""
    return f"{type(error).__name__}: {message_of(error)}"


def message_of(error: BaseException) -> str:
    """Give the message of an exception, whatever its ``__str__`` does."""
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001 - code of the user's
        return f"<its __str__ raised {type(second).__name__}>"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a key is repeated")
    return table


class _MisfitError(Exception):
    """A value that JSON cannot carry; ``path`` leads to it from inside to outside."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str] = []


def _check_json(value: object) -> None:
    """Raise _MisfitError for what JSON cannot carry, or would carry only changed. Spec JSON-4."""
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        if not value.isascii() and value.encode("utf-8", "ignore").decode("utf-8") != value:
            raise _MisfitError("holds a lone surrogate, which JSON cannot carry")
    elif isinstance(value, int):
        if not -_GREATEST_EXACT <= value <= _GREATEST_EXACT:
            raise _MisfitError("is an integer beyond 2**53-1 in magnitude, which JSON cannot carry exactly")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _MisfitError(f"is {value!r}, which JSON cannot carry")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            try:
                _check_json(item)
            except _MisfitError as misfit:
                misfit.path.append(f"[{position}]")
                raise
    elif isinstance(value, dict):
        _check_json_object(value)
    else:
        raise _MisfitError(f"is of type {type(value).__name__}, which JSON cannot carry")


def _check_json_object(table: dict[object, object]) -> None:
    for key, item in table.items():
        if not isinstance(key, str):
            raise _MisfitError(f"has a key of type {type(key).__name__}; JSON has keys of type str only")
        try:
            _check_json(key)
            _check_json(item)
        except _MisfitError as misfit:
            misfit.path.append(f"[{key!r}]")
            raise
