"""
What must hold of ``codec.feed`` for any bytes at all; a check that fails is a finding. Needs nothing but the library.

An input is a header of four bytes and the bytes of a worker. The header says the settings and where the bytes are cut,
so that one file says all that is needed to see a finding again.
"""

from __future__ import annotations

import codecs
import collections
import copyreg
import datetime
import decimal
import fractions
import functools
import importlib.util
import io
import json
import pickle
import random
import resource
import sys
import uuid
from time import perf_counter
from typing import TYPE_CHECKING, Final

import attrs

from spreadjobs.codec import make_decoder
from spreadjobs.messages import Undecodable
from spreadjobs.opcodes import tokens
from spreadjobs.settings import NUMPY, Settings
from spreadjobs.trust_values import Constructor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spreadjobs.settings import Allow

HEADER_BYTES: Final = 4
JSON_LANE: Final = 7
"""The header's first byte modulo 8 is this for the codec json."""

# By the clock: asking for the time of the process is slow. An instrumented byte costs microseconds, a bomb seconds.
_MAX_S: Final = 2.0
_MAX_S_PER_BYTE: Final = 200e-6
_MAX_GROWTH_KIB: Final = 256 * 1024
_LIMITS: Final = (2**31, 2**31, 2**31, 2**16, 300, 40)
# What the interpreter reports when something happens that decoding has no business with.
_FORBIDDEN: Final = (
    "open", "exec", "compile", "os.", "subprocess.", "socket.", "ctypes.", "shutil.", "import", "code.", "sys.set",
)  # fmt: skip
_HARMLESS_IMPORTS: Final = ("numpy", "_pydecimal", "encodings")


class Finding(AssertionError):
    """Something that must hold of every input does not."""


class Point:
    """A class of the user's, as ``allow`` admits it."""

    def __init__(self, x: object = None) -> None:
        self.x = x


@attrs.frozen
class Frozen:
    """Another, with slots and a hash of its own."""

    value: object


_CLASSES: Final = (
    fractions.Fraction, collections.Counter, collections.OrderedDict, uuid.UUID, Point, Frozen, Constructor,
    collections.deque, decimal.Decimal, datetime.datetime,
)  # fmt: skip
# What may be unpickled by pickle itself, once the decoder has accepted the arguments.
_SAFE: Final = {
    ("builtins", "set"), ("builtins", "frozenset"), ("builtins", "bytearray"), ("builtins", "complex"),
    ("collections", "OrderedDict"), ("collections", "Counter"), ("collections", "deque"), ("decimal", "Decimal"),
    ("fractions", "Fraction"), ("datetime", "timedelta"), ("datetime", "timezone"), ("_codecs", "encode"),
}  # fmt: skip
# The pickler writes this to a class; ours does so, to compare messages.
_PICKLE_NOTES: Final = "__slotnames__"
_UNSAFE_OPCODES: Final = frozenset(pickle.BUILD + pickle.NEWOBJ + pickle.NEWOBJ_EX + pickle.INST + pickle.OBJ)


class _Guard:
    """Sees what the interpreter does while something is decoded. There is no way to take an audit hook back."""

    def __init__(self) -> None:
        self.watching = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[object, ...]) -> None:
        if self.watching and event.startswith(_FORBIDDEN):
            if event == "import" and str(args[0]).startswith(_HARMLESS_IMPORTS):
                return
            self.seen.append(f"{event} {args!r:.200}")


_guard: _Guard | None = None


def _guarded() -> _Guard:
    global _guard  # noqa: PLW0603 - one for the process, and only where inputs are run
    if _guard is None:
        _guard = _Guard()
    return _guard


def _allowed() -> tuple[Allow, ...]:
    numpy = (NUMPY,) if importlib.util.find_spec("numpy") else ()
    return (), numpy, (Point, Frozen), (*numpy, Point, Frozen, "collections.defaultdict", "enum.Enum")


_ALLOWED: Final = _allowed()


@functools.lru_cache(1000)
def _settings(lane: int, limit: int) -> Settings:
    return Settings(
        codec="json" if lane % 8 == JSON_LANE else "pickle",
        allow=_ALLOWED[lane // 8 % 4],
        py2_strings=("surrogateescape", "latin1", "bytes")[lane // 32 % 3],
        max_message_bytes=_LIMITS[limit % len(_LIMITS)],
    )


def settings_of(header: bytes) -> Settings:
    """Give the settings that a header says."""
    return _settings(header[0], header[1])


def pieces_of(header: bytes, payload: bytes) -> Iterator[bytes]:
    """Cut the payload as the header says: by single bytes, or at chance with small and larger pieces."""
    dice = random.Random(header[2] * 256 + header[3])  # noqa: S311 - the header decides
    most = dice.choice((1, 5, 30, 100, 300, 1000, 5000))
    at = 0
    while at < len(payload):
        size = dice.randint(1, most)
        yield payload[at : at + size]
        at += size


@attrs.frozen
class Outcome:
    """What came out of a stream."""

    messages: list[bytes]
    broken: bool
    rest: bytes
    spans: list[tuple[int, int]]
    """Where each message stood; only filled when they were asked for one by one."""


class _Flat(pickle.Pickler):
    """Writes any message as bytes to compare. ``repr`` would unfold what is shared, without end."""

    def persistent_id(self, obj: object) -> str | None:
        return f"the class {obj.name}" if isinstance(obj, Constructor) else None


def flat(message: object) -> bytes:
    """Give bytes that are equal for equal messages; too deep ones are all equal."""
    out = io.BytesIO()
    try:
        _Flat(out, 4).dump(message)
    except (RecursionError, pickle.PicklingError, TypeError, AttributeError) as error:
        return type(error).__name__.encode()
    data = out.getvalue()
    by_identity = b"the class " in data or b"fuzz_checks" in data
    if by_identity and (b"\x90" in data or b"\x91" in data):  # a set of them has no order that lasts
        return b"the class %d" % len(data)
    return data


def _run(settings: Settings, pieces: list[bytes], *, limit: int | None = None) -> Outcome:
    decoder = make_decoder(settings)
    size = sum(map(len, pieces))
    messages: list[object] = []
    spans: list[tuple[int, int]] = []
    broken = False
    fed = 0
    guard = _guarded()
    started = perf_counter()
    guard.watching = True
    try:
        for piece in pieces:
            fed += len(piece)
            got = decoder.feed(piece, limit=limit)
            messages += got
            while limit is not None and got:
                end = fed - decoder.buffered()
                spans.append((spans[-1][1] if spans else 0, end))
                got = decoder.feed(b"", limit=limit)
                messages += got
    except Undecodable as error:
        messages += error.messages
        broken = True
        guard.watching = False
        _check_error(error, size)
        _check_stays_broken(decoder.feed, error)
    finally:
        guard.watching = False
    flattened = [flat(message) for message in messages]
    del messages
    if perf_counter() - started > _MAX_S + _MAX_S_PER_BYTE * size:
        raise Finding(f"{size} bytes took {perf_counter() - started:.1f} s")
    if guard.seen:
        raise Finding(f"decoding did more than decoding: {guard.seen}")
    return Outcome(flattened, broken, b"" if broken else decoder.rest(), spans)


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _check_error(error: Undecodable, size: int) -> None:
    if "MemoryError" in error.reason:
        raise Finding(f"{size} bytes asked for more memory than there is: {error.reason}")
    if not error.reason or len(error.reason) > 2000:
        raise Finding(f"a reason of {len(error.reason)} characters")
    str(error).encode("utf-8", "backslashreplace")


def _check_stays_broken(feed: object, error: Undecodable) -> None:
    for data in (b"", pickle.dumps(((1, 2), None, None)), b"[[1,2],null,null]\n"):
        try:
            messages = feed(data) if callable(feed) else []
        except Undecodable as again:
            if again.messages or again.reason != error.reason:
                raise Finding(f"another error after the first: {again} after {error}") from again
        else:
            raise Finding(f"messages after an error: {messages!r:.100}")


class _Reference(pickle.Unpickler):
    """pickle itself, for the names that are harmless with arguments that the decoder has accepted."""

    def find_class(self, module: str, name: str, /) -> object:
        module = {"__builtin__": "builtins"}.get(module, module)
        if (module, name) not in _SAFE:
            raise LookupError(name)
        found: object = super().find_class(module, name)
        return found


def _check_reference(settings: Settings, raw: bytes, due: bytes) -> None:
    """What pickle or json themselves make of the same bytes, where they may be asked."""
    if settings.codec == "json":
        if flat(json.loads(raw)) != due:
            raise Finding(f"json reads {raw!r:.100} in another way")
        return
    raw = raw.removesuffix(b"\n")
    opcodes = {op for op, _, _ in tokens(raw)}
    if not raw.endswith(b".") or opcodes & _UNSAFE_OPCODES or b"the class " in due:
        return
    text = {"surrogateescape": ("utf-8", "surrogateescape"), "latin1": ("latin-1", "strict")}
    encoding, errors = text.get(settings.py2_strings, ("bytes", "strict"))
    try:
        # In one frame: from a stream, pickle drops what is left of a frame when an argument goes beyond its end.
        framed = b"\x95" + len(raw).to_bytes(8, "little") + raw
        value = _Reference(io.BytesIO(framed), encoding=encoding, errors=errors).load()
    except LookupError:
        return
    except TypeError:
        if encoding == "bytes":  # Decimal and its like take the text of Python 2 as bytes from us, not from pickle
            return
        raise
    except pickle.UnpicklingError:
        if pickle.FRAME[0] in opcodes:  # it lies: a hint for us, an error for pickle
            return
        raise
    if flat(value) != due:
        raise Finding(f"pickle reads {raw!r:.100} in another way")


def _state() -> list[object]:
    """What a pickle could change in the process."""
    classes = [{name: value for name, value in vars(cls).items() if name != _PICKLE_NOTES} for cls in _CLASSES]
    return [*classes, dict(copyreg.dispatch_table)]


for _codec in ("raw_unicode_escape", "unicode_escape", "latin-1", "ascii"):
    codecs.lookup(_codec)  # imported at first use
for _allow in _ALLOWED:
    make_decoder(Settings(allow=_allow))  # numpy, when it is imported, adds to what copyreg knows
_BEFORE: Final = _state()


def check(data: bytes) -> Outcome:
    """
    Run one input through every check.

    Raises:
        Finding: something does not hold. Any other exception is a finding as well.
    """
    if len(data) < HEADER_BYTES:
        data = data.ljust(HEADER_BYTES, b"\0")
    header, payload = data[:HEADER_BYTES], data[HEADER_BYTES:]
    settings = settings_of(header)
    before_kib = _peak_kib()
    whole = _run(settings, [payload])
    cut = _run(settings, list(pieces_of(header, payload)))
    if (whole.messages, whole.broken, whole.rest) != (cut.messages, cut.broken, cut.rest):
        raise Finding(f"the cuts matter: {whole} in one piece, {cut} in many")
    single = _run(settings, [payload], limit=1)
    if (whole.messages, whole.broken, whole.rest) != (single.messages, single.broken, single.rest):
        raise Finding(f"the limit matters: {whole} at once, {single} one by one")
    for (start, end), due in zip(single.spans, single.messages, strict=False):
        _check_reference(settings, payload[start:end], due)
    if _state() != _BEFORE:
        raise Finding("a class of the master has changed")
    if _peak_kib() - before_kib > _MAX_GROWTH_KIB:
        raise Finding(f"{len(payload)} bytes took {(_peak_kib() - before_kib) // 1024} MiB of memory")
    return whole
