"""What was said in a conversation, bounded, for the report and for the account of a failure."""

from __future__ import annotations

from collections import deque
from typing import Final, Literal, TypeAlias

import attrs

MAX_HEAD_EVENTS: Final = 30
MAX_TAIL_EVENTS: Final = 30
MAX_SHOWN_BYTES: Final = 96

Actor: TypeAlias = Literal["kit", "worker", "master"]


@attrs.frozen
class Event:
    """One thing that happened."""

    at_s: float
    """Seconds since the worker was started."""
    actor: Actor
    what: str
    size_bytes: int = 0
    head: bytes = b""
    offset: int | None = None
    """The place of the first of the bytes in what was sent, or in what came."""

    def line(self) -> str:
        """For people."""
        place = "" if self.offset is None else f" from byte {self.offset}"
        size = f" [{self.size_bytes} bytes{place}]" if self.size_bytes else ""
        return f"{self.at_s:8.3f} s  {self.actor:<6}  {self.what}{size}"

    def record(self) -> dict[str, object]:
        """For the report; bytes as text with escapes."""
        made: dict[str, object] = {"at_s": round(self.at_s, 4), "actor": self.actor, "what": self.what}
        if self.size_bytes:
            made["size_bytes"] = self.size_bytes
            made["offset"] = self.offset
            made["head"] = repr(self.head[:MAX_SHOWN_BYTES])[2:-1]
        return made


class Transcript:
    """The first and the last events of a conversation, and how many there were between them."""

    def __init__(self) -> None:
        self._head: list[Event] = []
        self._tail: deque[Event] = deque(maxlen=MAX_TAIL_EVENTS)
        self._count = 0

    def add(self, event: Event) -> None:
        """Takes one more event."""
        self._count += 1
        if len(self._head) < MAX_HEAD_EVENTS:
            self._head.append(event)
        else:
            self._tail.append(event)

    def events(self) -> list[Event]:
        """What was kept, with a note where something was left out."""
        missing = self._count - len(self._head) - len(self._tail)
        if not missing:
            return [*self._head, *self._tail]
        gap = Event(self._head[-1].at_s, "kit", f"... {missing} events are left out here ...")
        return [*self._head, gap, *self._tail]

    def last_lines(self, count: int) -> list[str]:
        """The last events, for people."""
        return [event.line() for event in self.events()[-count:]]
