"""Classes that pickles of the tests name, and what the decoder makes of such pickles."""

from __future__ import annotations

import enum
from typing import Self

import attrs
import pytest

from spreadjobs.messages import Undecodable
from spreadjobs.pickle_codec import PickleDecoder
from spreadjobs.settings import Allow, Settings

HERE = __name__
"""The module of these classes, as pickles name it."""

RAN: list[object] = []
"""What ``run`` was called with."""


def run(*args: object) -> str:
    RAN.append(args)
    return "ran"


@attrs.frozen
class Frozen:
    value: object


@attrs.define(slots=False)
class Plain:
    value: object

    class Inner:
        """A nested class."""


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left: object) -> None:
        self.left = left


class Colour(enum.Enum):
    RED = 1


class Words(list[str]):
    pass


class Keyed:
    def __new__(cls, *, value: object) -> Self:
        made = super().__new__(cls)
        made.value = value
        return made

    value: object

    def __getnewargs_ex__(self) -> tuple[tuple[object, ...], dict[str, object]]:
        return (), {"value": self.value}


class Restored:
    def __getstate__(self) -> str:
        return "state"

    def __setstate__(self, state: str) -> None:
        self.got = state


class Leaver:
    def __setstate__(self, state: object) -> None:
        raise SystemExit(state)


def decode(data: bytes, allow: Allow = ()) -> object:
    (message,) = PickleDecoder(Settings(allow=allow)).feed(data)
    return message


def refusal(data: bytes, allow: Allow = ()) -> str:
    with pytest.raises(Undecodable) as caught:
        PickleDecoder(Settings(allow=allow)).feed(data)
    assert caught.value.messages == []
    return caught.value.reason
