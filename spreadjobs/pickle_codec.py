"""
The codec pickle: complete pickles one after another. Spec PKL-1 to PKL-11.

Plain data in small messages, found so by ``PLAIN``, goes to ``pickle.loads`` at once; all else is walked first, and
then loaded as ``unpicklers`` says.
"""

from __future__ import annotations

import pickle
from functools import partial
from typing import TYPE_CHECKING, Final

from spreadjobs.cures import likely_cure
from spreadjobs.errors import CannotEncode
from spreadjobs.messages import Undecodable
from spreadjobs.opcodes import FEW_REFERENCES, PLAIN, PLAIN_BYTES, Refused, Walk
from spreadjobs.parts import Parts
from spreadjobs.trust import Gate
from spreadjobs.trust_values import ClassNotAdmitted, NotAdmitted
from spreadjobs.unpicklers import Loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from spreadjobs.settings import Settings

_FIRST_BYTES: Final = b"\x80(]"
_NEWLINE: Final = 0x0A
_QUOTE_BYTES: Final = 80
_DEEP: Final = 40
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


def _children(value: object) -> list[tuple[str, object]]:
    if isinstance(value, list | tuple):
        return [(f"[{index}]", item) for index, item in enumerate(value)]
    if isinstance(value, dict):
        keys = [(f" has the key {type(key).__qualname__}(), which", key) for key in value]
        return [*keys, *((f"[{key!a:.40}]", item) for key, item in value.items())]
    if isinstance(value, set | frozenset):
        return [(" has an item, which", item) for item in value]
    return []


def _check_first(byte: int) -> None:
    if byte not in _FIRST_BYTES:
        raise Refused(f"0x{byte:02x} came; a message is due, which begins with 0x80, 0x28 or 0x5d (spec PKL-4)", 0)


class PickleDecoder:
    """Reads the pickles of one worker. See ``codec.Decoder``."""

    def __init__(self, settings: Settings) -> None:
        text = _TEXTS[settings.py2_strings]
        self._loader = Loader(Gate(settings), text)
        self._loads: Callable[[bytes], object] = partial(pickle.loads, encoding=text[0], errors=text[1])
        # Byte strings of Python 2 are nearly always ASCII, and then the same text in either encoding. To name one takes
        # as long as to load an answer.
        self._loads_ascii = self._loads if text[0] == "bytes" else pickle.loads
        self._max_bytes = settings.max_message_bytes
        self._buffer: bytes | bytearray = b""  # what came, as it came, or several pieces of it
        self._start = 0  # of the message at hand in the buffer
        self._walk: Walk | None = None  # of that message
        self._parts: Parts | None = None  # of it, which come before the start
        self._gone = b""  # the beginning of a message that could not be loaded from its parts
        self._sure: bool | None = None  # that no plain message of this feed is too long or has many references
        self._any = False  # there was a message,
        self._newline = True  # ... and a newline after the last one,
        self._all_newlines = True  # ... and after each before the last
        self._broken: Undecodable | None = None

    def feed(self, data: bytes, /, *, limit: int | None = None) -> list[object]:
        """Take bytes and give the messages that are complete."""
        if self._broken is not None:
            raise Undecodable(self._broken.reason, self._broken.quote, self._broken.cure)
        messages: list[object] = []
        if not self._put(data):
            return messages
        self._sure = None
        try:
            while self._start < len(self._buffer) and (limit is None or len(messages) < limit):
                if not (self._walk is None and self._plain(messages, limit)) and not self._other(messages):
                    break
        except Undecodable as error:
            self._broken = error
            raise
        finally:
            self._cut(self._start)
        return messages

    def _put(self, data: bytes) -> bool:
        """Put bytes where they belong. False if all of them are the middle of a large argument."""
        if self._parts is not None and self._parts.left:
            self._start = min(self._parts.left, len(data))
            self._parts.write(memoryview(data)[: self._start])
            self._buffer = data
            if self._start < len(data):
                return True
            self._cut(self._start)
            return False
        if not self._buffer:
            self._buffer = data
        else:
            if isinstance(self._buffer, bytes):
                self._buffer = bytearray(self._buffer)
            self._buffer += data
        if not self._newline and self._walk is None and self._buffer and self._buffer[0] == _NEWLINE:
            self._newline = True
            self._start = 1
        return True

    def _cut(self, count: int) -> None:
        """Forget so many bytes of the buffer."""
        if isinstance(self._buffer, bytes):
            self._buffer = self._buffer[count:]
        else:
            del self._buffer[:count]
        self._start = 0

    def buffered(self) -> int:
        """How many bytes belong to no message yet."""
        return len(self._buffer) + (self._parts.size if self._parts else 0)

    def rest(self) -> bytes:
        """Take what is buffered, with the last message's newline where that is text. Spec SHUT-9."""
        rest = self._parts.joined(self._buffer) if self._parts else bytes(self._buffer)
        self._buffer = b""
        self._walk = self._parts = None
        if self._any and self._newline and not self._all_newlines:
            rest = b"\n" + rest
        self._any, self._newline, self._all_newlines = False, True, True
        return rest

    def _plain(self, messages: list[object], limit: int | None) -> bool:
        """Read messages of plain data as long as there are any in a row. False if there was none."""
        match, loads, buffer = PLAIN.match, self._loads_ascii, self._buffer
        end, newline, all_newlines, at = len(buffer), self._newline, self._all_newlines, self._start
        while at < end and len(messages) != limit:
            found = match(buffer, at, at + PLAIN_BYTES)
            if found is None:
                break
            raw = found[1]
            if self._sure is None:
                self._sure = self._max_bytes >= PLAIN_BYTES and buffer.count(b"h", at) <= FEW_REFERENCES
            if not self._sure and (len(raw) > self._max_bytes or raw.count(b"h") > FEW_REFERENCES):
                break
            try:
                messages.append(loads(raw))
            except Exception as error:  # noqa: BLE001 - raised again, unless the encoding cures it
                self._start = at
                messages.append(self._load_plain_again(raw, error, messages))
            all_newlines = all_newlines and newline
            at = found.end()
            newline = buffer[at - 1] == _NEWLINE  # A message ends in a full stop.
        if at == self._start:
            return False
        self._any, self._newline, self._all_newlines = True, newline, all_newlines
        if not newline and at < end and buffer[at] == _NEWLINE:  # just beyond what was looked at
            self._newline = True
            at += 1
        self._start = at
        return True

    def _load_plain_again(self, raw: bytes, error: Exception, messages: list[object]) -> object:
        if not isinstance(error, UnicodeDecodeError):
            raise self._refused(error, messages) from error
        try:
            return self._loads(raw)
        except Exception as again:
            raise self._refused(again, messages) from again

    def _other(self, messages: list[object]) -> bool:
        """Read one message of any kind. False while it is not complete."""
        try:
            if self._walk is None:
                _check_first(self._buffer[self._start])
                self._walk = Walk(self._max_bytes)
            size = self._advance(self._walk)
            if not size:
                return False
            messages.append(self._load(self._walk, self._start + size))
        except (Exception, SystemExit) as error:
            raise self._refused(error, messages) from error
        self._all_newlines = self._all_newlines and self._newline
        self._start += size
        self._newline = self._buffer[self._start : self._start + 1] == b"\n"
        self._start += self._newline
        self._any = True
        return True

    def _advance(self, walk: Walk) -> int:
        """Go on looking for the end, and put large arguments apart. Gives how many bytes are left of the message."""
        while True:
            size = walk.advance(self._buffer, self._start - (self._parts.size if self._parts else 0))
            if walk.large is None:
                return size - self._parts.size if size and self._parts else size
            at, head, length = walk.large
            walk.large = None
            if self._parts is None:
                self._parts = Parts()
            at += self._start - self._parts.size
            self._parts.add(bytes(self._buffer[self._start : at]), bytes(self._buffer[at : at + head]), length)
            self._start = min(at + head + length, len(self._buffer))
            piece = memoryview(self._buffer)[at + head : self._start]
            if isinstance(self._buffer, bytes):
                self._parts.write(piece)  # What came in one piece is not copied.
            else:
                with piece:  # A buffer that takes several goes on changing.
                    self._parts.write(bytes(piece))

    def _load(self, walk: Walk, end: int) -> object:
        parts, self._walk = self._parts, None
        if parts is not None:
            tail, beginning = bytes(self._buffer[self._start : end]), parts.beginning(_QUOTE_BYTES)
            try:
                message = self._loader.load_parts(parts, tail, walk)
            except BaseException:
                self._gone = beginning  # and the parts with it
                raise
            finally:
                self._parts = None
            return message
        with memoryview(self._buffer) as whole, whole[self._start : end] as view:
            return self._loader.load(view, walk)

    def _refused(self, error: BaseException, messages: list[object]) -> Undecodable:
        begun = self._gone if self._parts is None else self._parts.beginning(_QUOTE_BYTES)
        quote = (begun + bytes(self._buffer[self._start : self._start + _QUOTE_BYTES]))[:_QUOTE_BYTES]
        if isinstance(error, Refused):
            return Undecodable(str(error), quote, likely_cure(quote, "pickle"), messages)
        if isinstance(error, NotAdmitted):
            undecodable = Undecodable(str(error), quote, "", messages)
            undecodable.refused = isinstance(error, ClassNotAdmitted)
            return undecodable
        reason = f"the pickle cannot be loaded: {type(error).__name__}: {error!s:.{_REASON_CHARACTERS}} (spec PKL-4)"
        return Undecodable(reason, quote, "", messages)
