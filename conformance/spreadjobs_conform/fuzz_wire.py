"""The bytes of a message, in each of the forms that its codec allows a master. Spec JSON-2, codecs.md P3 and P4."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Iterator
from random import Random
from typing import Final

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.fuzz_draw import odds
from spreadjobs_conform.fuzz_pickle import free_pickle
from spreadjobs_conform.fuzz_script import Form, Message, op_of
from spreadjobs_conform.wire_json import write_json
from spreadjobs_conform.wire_pickle import write_pickle

LONG: Final = 200
"""Longer texts are escaped by the library: character by character it would take long."""
SPACES: Final = ("", "", "", " ", "\t", "\r", "  ", " \t ")
SHORT_ESCAPES: Final = dict(zip('"\\/\b\f\n\r\t', '"\\/bfnrt', strict=True))
"""What may stand behind a backslash in place of a character."""
ANY_NUMBER: Final = frozenset({"value", "delay_s", "seconds"})
"""The parameters that are numbers of any sort; the others are ints, which JSON writes without fraction and exponent."""


def encoded(message: Message, candidate: Candidate) -> bytes:
    """
    All bytes of a message.

    Args:
        message: What it says, and in which form.
        candidate: Which codec, protocol and dialect the worker speaks.
    """
    is_bare = message.is_item or not candidate.tagged
    value = message.value if is_bare else (message.task_id, message.value)
    rng = Random(message.seed)  # noqa: S311 - it is for tests
    if candidate.codec == "json":
        return _json(message, value, rng)
    protocol = candidate.pickle_protocol
    if message.form is Form.FREE or _has_order(value):
        return free_pickle(value, protocol, rng, references=message.form is not Form.BARE)
    return write_pickle(value, protocol) if message.form is Form.PLAIN else _without_memo(value, protocol)


def _has_order(value: object) -> bool:
    """Whether it holds a set of several members, which Python pickles in another order in each process."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case set() | frozenset() as members if len(members) > 1:
                return True
            case dict() as entries:
                waiting.extend([*entries.keys(), *entries.values()])
            case list() | tuple() | set() | frozenset() as items:
                waiting.extend(items)
            case _:
                pass
    return False


def _without_memo(value: object, protocol: int) -> bytes:
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol)
    pickler.fast = True
    pickler.dump(value)
    return stream.getvalue()


def _json(message: Message, value: object, rng: Random) -> bytes:
    if message.form is Form.PLAIN:
        return write_json(value)
    if message.form is Form.FREE:
        text = _FreeJson(rng).message(message)
    else:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8") + b"\n"


class _FreeJson:
    """Writes JSON with white space, escapes and forms of numbers by lot."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._spaced = odds(rng, 60)
        self._escaped_percent = rng.choice((0, 10, 100))

    def message(self, message: Message) -> str:
        """The text of a message, without its line end."""
        payload = self._space().join(("", self._payload(message.value), ""))
        if message.is_item:
            return payload
        return f"{self._space()}[{self._space()}{message.task_id}{self._space()},{payload}]{self._space()}"

    def _payload(self, payload: object) -> str:
        if not isinstance(payload, dict) or op_of(payload) == "other":
            return self._value(payload)
        return self._object([(key, item, key in ANY_NUMBER) for key, item in payload.items()])

    def _space(self) -> str:
        return self._rng.choice(SPACES) if self._spaced else ""

    def _value(self, value: object, *, free: bool = True) -> str:
        match value:
            case None | bool():
                return json.dumps(value)
            case int():
                return self._int(value) if free else str(value)
            case float():
                return self._float(value)
            case str():
                return self._str(value)
            case dict():
                return self._object([(key, item, True) for key, item in value.items()])
            case _:
                return self._array(value)

    def _array(self, value: object) -> str:
        if not isinstance(value, list | tuple):
            raise TypeError(f"a {type(value).__name__} does not travel in JSON")
        return f"[{','.join(self._in_spaces(self._value(item)) for item in value) or self._space()}]"

    def _in_spaces(self, text: str) -> str:
        return f"{self._space()}{text}{self._space()}"

    def _object(self, items: list[tuple[object, object, bool]]) -> str:
        pairs = (
            f"{self._in_spaces(self._str(str(key)))}:{self._in_spaces(self._value(item, free=free))}"
            for key, item, free in items
        )
        return f"{{{','.join(pairs) or self._space()}}}"

    def _int(self, value: int) -> str:
        if odds(self._rng, 75):
            return str(value)
        forms = [f"{value}.0", f"{value}e0", f"{value}E+0", f"{value}.000", f"{value}.0E-00"]
        return self._rng.choice([*forms, f"{value}0e-1"] if value else [*forms, "-0", "-0.0", "0e5"])

    def _float(self, value: float) -> str:
        if odds(self._rng, 60):
            return repr(value)
        text = self._rng.choice((f"{value:.17g}", f"{value:.16e}", f"{value:.25e}", repr(value).replace("e", "E")))
        # Without a fraction and an exponent it would be an int. Spec JSON-7.
        return text if any(sign in text for sign in ".eE") else f"{text}.0"

    def _str(self, value: str) -> str:
        if len(value) > LONG:
            return json.dumps(value, ensure_ascii=odds(self._rng, 50))
        return '"' + "".join(self._characters(value)) + '"'

    def _characters(self, value: str) -> Iterator[str]:
        for each in value:
            must = each < " " or each in '"\\'
            if not must and not odds(self._rng, self._escaped_percent):
                yield each
            elif each in SHORT_ESCAPES and odds(self._rng, 60):
                yield f"\\{SHORT_ESCAPES[each]}"
            else:
                units = each.encode("utf-16-be")
                for at in range(0, len(units), 2):
                    digits = units[at : at + 2].hex()
                    yield "\\u" + (digits.upper() if odds(self._rng, 50) else digits)
