"""One pickle through the decoder: the message that it is, or why it is refused."""

from __future__ import annotations

import pytest

from spreadjobs.messages import Undecodable
from spreadjobs.pickle_codec import PickleDecoder
from spreadjobs.settings import Settings

RESPONSE = ((7, None), None, None)


def refused(data: bytes, settings: Settings | None = None) -> Undecodable:
    decoder = PickleDecoder(settings or Settings())
    with pytest.raises(Undecodable) as caught:
        decoder.feed(data)
    return caught.value


def read(data: bytes, settings: Settings | None = None) -> object:
    decoder = PickleDecoder(settings or Settings())
    (message,) = decoder.feed(data)
    assert decoder.buffered() == 0
    return message


def feed_bytes(decoder: PickleDecoder, stream: bytes) -> None:
    for index in range(len(stream)):
        decoder.feed(stream[index : index + 1])
