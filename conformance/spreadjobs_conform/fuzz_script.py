"""
A conversation that was thought up: what a master sends in it, in which form and how cut, and what it waits for.

A script is about values. ``fuzz_play`` makes bytes of it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TypeAlias

import attrs

from spreadjobs_conform.manifest import OPS
from spreadjobs_conform.values import show


class Form(enum.Enum):
    """How a master writes a message, within what its codec allows. Spec JSON-2, codecs.md P3 and P4."""

    PLAIN = "plain"
    """As the kit writes it elsewhere: Python's own pickles, JSON in ASCII without white space."""
    BARE = "bare"
    """A pickle without memo; JSON with every character beyond ASCII as itself."""
    FREE = "free"
    """Any opcodes, frames and references; any white space, escapes and forms of numbers."""


@attrs.frozen(kw_only=True)
class Message:
    """An item of the preparation, or a request."""

    value: object = attrs.field(repr=show)
    """The item, or the payload."""
    is_item: bool = False
    task_id: int | None = None
    """None: an item, or a request of the untagged dialect."""
    form: Form = Form.PLAIN
    seed: int = 0
    """What the form draws from."""
    cuts: tuple[int, ...] = ()
    """Where its bytes are cut; from its end if negative. Places that it does not have say nothing."""
    settled: bool = False
    """Whether each piece is read before the next one follows."""
    joined: bool = False
    """Whether its last piece is written together with the first one of what follows."""

    @property
    def ends_preparation(self) -> bool:
        """Whether it is the None of the preparation. Spec OPS-9."""
        return self.is_item and self.value is None


@attrs.frozen
class Take:
    """The master waits for so many responses."""

    count: int


@attrs.frozen
class Settle:
    """The master gives the worker the time to read all that was written."""


@attrs.frozen(kw_only=True)
class End:
    """The master closes the worker's standard input."""

    inside: Message | None = None
    """A message of which only the beginning is written."""
    kept: float = 0.5
    """Which part of its bytes."""
    at_once: bool = False
    """Whether the worker is stopped meanwhile, so that it finds the last requests and the end together."""


Step: TypeAlias = Message | Take | Settle | End


@attrs.frozen
class Script:
    """A conversation, from the start of the worker to its end."""

    steps: tuple[Step, ...]
    taken: tuple[str, ...] = ()
    """The transitions of the state table that it takes, by name."""

    def messages(self) -> Iterator[Message]:
        """All that is written whole, and what is not."""
        for step in self.steps:
            if isinstance(step, Message):
                yield step
            elif isinstance(step, End) and step.inside is not None:
                yield step.inside


def op_of(payload: object) -> str:
    """The conformance payload that this is; ``other`` if it is none. Spec section 14."""
    op = payload.get("op") if isinstance(payload, dict) else None
    return op if isinstance(op, str) and op in OPS else "other"


def is_legal(script: Script, *, tagged: bool) -> bool:
    """
    Whether a master may have this conversation: what shrinking makes of one must be one that the spec allows.

    Args:
        script: The conversation.
        tagged: False for the untagged dialect, where a request waits for the last response. Spec UNT-3.
    """
    prepared, unanswered, ended = False, 0, False
    for step in script.steps:
        if ended:
            return False
        match step:
            case Message(is_item=True):
                if prepared:
                    return False
                prepared = step.ends_preparation
            case Message():
                if not prepared or (unanswered and not tagged):
                    return False
                unanswered += 1
            case Take():
                unanswered -= step.count
            case End():
                ended = True
            case Settle():
                pass
        if unanswered < 0 or (isinstance(step, End) and not _may_end(step, prepared=prepared, unanswered=unanswered)):
            return False
        if isinstance(step, End) and step.inside is not None and not tagged and unanswered:
            return False
    return True


def _may_end(end: End, *, prepared: bool, unanswered: int) -> bool:
    """A message that breaks off is an item before the end of the preparation, and a request behind it."""
    if end.inside is None:
        return True
    return end.inside.is_item != prepared and (unanswered >= 0)
