"""What the codecs hand on besides plain data: two classes of the ancestor, and the error for undecodable bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from spreadjobs.errors import SpreadJobsError

if TYPE_CHECKING:
    from collections.abc import Sequence


@attrs.frozen
class LegacyTooBusy:
    """A worker sent an instance of a class ``TooBusy``: the ancestor's refusal. Spec INST-1."""

    delay: object
    """The instance's attribute ``delay``, unchecked; None where it had none."""
    comment: object
    """Its attribute ``comment``, unchecked; None where it had none."""


@attrs.frozen
class LegacyRemoteException:
    """A worker sent an instance of a class ``RemoteException``: the ancestor's failure. Spec INST-1."""

    args: tuple[object, ...]
    """The instance's ``args``, unchecked."""


class Undecodable(SpreadJobsError):
    """
    What a worker sent is no message of the codec, or one that is not admitted. Spec VIO-1, SEC-1.

    Args:
        reason: What came, what was due, and the requirement's id.
        quote: The first bytes that could not be read; no more than 80 of them are kept.
        cure: The likely cause and what to do about it; "" where there is none.

    Attributes:
        messages: What the same call had decoded before the bad bytes, in order.
    """

    refused = False
    """Whether it is a message that is refused only for the class of an object in it. Spec SEC-3."""

    def __init__(self, reason: str, quote: bytes = b"", cure: str = "", messages: Sequence[object] = ()) -> None:
        super().__init__(reason, quote, cure)
        self.reason = reason
        self.quote = bytes(quote[:80])
        self.cure = cure
        self.messages: list[object] = list(messages)

    def __str__(self) -> str:
        """Reason, quoted bytes and cure, as far as there are any."""
        parts = [self.reason]
        if self.quote:
            parts.append(f"the bytes begin {self.quote!r}")
        if self.cure:
            parts.append(self.cure)
        return "; ".join(parts)
