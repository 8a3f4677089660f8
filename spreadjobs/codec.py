"""Messages to bytes and back: the interface of the codecs, and the choice of one. Spec WIRE-1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from spreadjobs.json_codec import JsonDecoder, JsonEncoder
from spreadjobs.messages import Undecodable
from spreadjobs.pickle_codec import PickleDecoder, PickleEncoder

if TYPE_CHECKING:
    from spreadjobs.settings import Settings

__all__ = ["Decoder", "Encoder", "Undecodable", "make_decoder", "make_encoder"]


class Encoder(Protocol):
    """Turns a message into bytes. It has no state: one encoder serves all workers of a run."""

    def encode(self, message: object, /) -> bytes:
        """
        Make the bytes of one message.

        Raises:
            CannotEncode: the codec cannot carry the value; the text says what and where in it.
        """
        ...


class Decoder(Protocol):
    """Turns the bytes of one worker into messages, however they are cut. One decoder a worker. Spec WIRE-6."""

    def feed(self, data: bytes, /, *, limit: int | None = None) -> list[object]:
        """
        Take bytes and give the messages that are complete, in order.

        Args:
            data: The next bytes of the stream; b"" goes on with what is buffered.
            limit: The most messages to give; the rest stays buffered. None: all.

        Raises:
            Undecodable: the bytes are no message, or one that is not admitted; its ``messages`` were complete before.
                The decoder is broken from then on: every further call raises.
        """
        ...

    def buffered(self) -> int:
        """How many bytes are held that belong to no message yet; a newline directly after one belongs to it."""
        ...

    def rest(self) -> bytes:
        """Take what is buffered, as the text of shutdown. Spec SHUT-8, SHUT-9."""
        ...


def make_encoder(settings: Settings) -> Encoder:
    """Give the encoder that the settings name."""
    if settings.codec == "json":
        return JsonEncoder()
    return PickleEncoder(settings)


def make_decoder(settings: Settings) -> Decoder:
    """Give a new decoder, for one worker, of the codec that the settings name."""
    if settings.codec == "json":
        return JsonDecoder(settings)
    return PickleDecoder(settings)
