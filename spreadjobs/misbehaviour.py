"""
What a chaotic worker does to its responses: bytes go in, bytes and deeds come out. No input, no output, no clock.

What becomes of the nth response of a worker follows from the seed, the worker's name and n alone. The name has the
incarnation in it: a worker that was started again does not end at the same response for ever.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from enum import Enum, auto
from typing import Final, Literal, TypeAlias, assert_never

import attrs

from spreadjobs.framing import HEAD_BYTES, Framing
from spreadjobs.opcodes import Refused

Misdeed: TypeAlias = Literal["kill", "stall", "garbage", "busy", "truncate"]
"""
``kill``: the process is killed before the response goes on. ``stall``: neither the response nor anything after it goes
on. ``garbage``: bytes that are no message come before it. ``busy``: a TooBusy comes in its place, for a task that the
worker has done. ``truncate``: a beginning of it comes, then the process is killed.
"""

GARBAGE: Final = b"chaos: these bytes are no message\n"
"""Its first byte begins no message, in neither codec; the master quotes it, so that who did it can be seen."""
_NEWLINE: Final = 0x0A
_ROUNDING: Final = 1e-9
"""Ten times 0.1 is a little less than 1, and other sums are a little more."""


def is_number(value: object, most: float) -> bool:
    """Whether a value is a real number from 0 to so much."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


@attrs.frozen(kw_only=True)
class Odds:
    """
    How likely each misdeed is, for each response. At most one of them befalls a response.

    Raises:
        ValueError: one is no probability, or all together are more than 1; the text says which.
    """

    kill: float = 0.05
    stall: float = 0.02
    garbage: float = 0.01
    busy: float = 0.2
    truncate: float = 0.01

    def __attrs_post_init__(self) -> None:
        """Check them."""
        for misdeed, chance in self.each():
            if not is_number(chance, 1.0):
                raise ValueError(f"{misdeed}={chance!r}: a probability is due, a number from 0 to 1")
        total = math.fsum(chance for _, chance in self.each())
        if total > 1 + _ROUNDING:
            names = " + ".join(misdeed for misdeed, _ in self.each())
            raise ValueError(f"{names} = {total:g}: 1 at most is due, as one of them at most befalls a response")

    def each(self) -> Sequence[tuple[Misdeed, float]]:
        """All of them, in the order of the draw."""
        return (
            ("kill", self.kill),
            ("stall", self.stall),
            ("garbage", self.garbage),
            ("busy", self.busy),
            ("truncate", self.truncate),
        )

    def befalls(self, draw: float) -> Misdeed | None:
        """What a number from 0 to 1, 1 excluded, means."""
        for misdeed, chance in self.each():
            if draw < chance:
                return misdeed
            draw -= chance
        return None


@attrs.frozen
class Incident:
    """A misdeed that was done."""

    worker: str
    """The worker's name, such as ``3.1``."""
    response: int
    """Which of the worker's responses it befell, counted from 1; Alive is none."""
    misdeed: Misdeed


class Deed(Enum):
    """What is to be done besides passing bytes on."""

    KILL = auto()


class _Mode(Enum):
    WATCHING = auto()
    OPEN = auto()
    """All passes untouched."""
    MUTE = auto()
    """Nothing passes any more."""


class Misbehaviour:
    """
    The misdeeds of one worker.

    Args:
        odds: How likely they are.
        seed: Together with the name it says what happens.
        name: Of the worker; each incarnation is to have another one.
        framing: Finds the worker's messages.
        incidents: What is done is added here.
        busy_delay_s: What a made-up TooBusy asks for, seconds.
    """

    def __init__(  # noqa: PLR0913 - what it decides by
        self, odds: Odds, seed: int, name: str, framing: Framing, incidents: list[Incident], *, busy_delay_s: float
    ) -> None:
        self._odds = odds
        self._name = name
        self._framing = framing
        self._incidents = incidents
        self._busy_delay_s = busy_delay_s
        # A str seeds alike in every version of Python and whatever PYTHONHASHSEED is.
        self._random = random.Random(f"{seed}/{name}")  # noqa: S311 - the same chaos for the same seed
        self._response = 0
        self._next: Misdeed | None = None
        self._cut = 0.0
        self._mode = _Mode.WATCHING
        self._buffer = bytearray()
        self._gone = 0  # so many bytes of it have been passed on, of a message that is to pass as it comes
        self._newline_due = False
        self._draw()

    def _draw(self) -> None:
        """Decide what becomes of the next response. Two numbers each time, so that the nth is always the same."""
        self._response += 1
        self._next = self._odds.befalls(self._random.random())
        self._cut = self._random.random()

    def feed(self, data: bytes) -> list[bytes | Deed]:
        """
        Take the next bytes of the worker.

        Args:
            data: One byte or more.

        Returns:
            What to pass on and to do, in this order.
        """
        if self._mode is _Mode.OPEN:
            return [data]
        if self._mode is _Mode.MUTE:
            return []
        self._buffer += data
        steps: list[bytes | Deed] = []
        at = 0
        while at < len(self._buffer) and self._mode is _Mode.WATCHING:
            if self._newline_due and self._buffer[at] == _NEWLINE:
                self._newline_due = False
                at += 1
                continue
            try:
                size = self._framing.size(self._buffer, at)
            except Refused:
                self._mode = _Mode.OPEN  # The worker's own doing: the master is to see it as it is.
                break
            if not size:
                break
            self._newline_due = self._framing.newline_follows
            self._message(at, at + size, steps)
            at += size
        if self._mode is _Mode.MUTE:
            self._buffer.clear()
        elif self._mode is _Mode.OPEN:
            self._pass(len(self._buffer), steps)
            self._buffer.clear()
        else:
            # What will pass need not wait for its end.
            self._pass(at if self._next else len(self._buffer), steps)
            del self._buffer[:at]
            self._gone -= at
        return steps

    def _pass(self, end: int, steps: list[bytes | Deed]) -> None:
        """Pass on what is before the end and has not gone yet."""
        if end > self._gone:
            steps.append(bytes(self._buffer[self._gone : end]))
            self._gone = end

    def _message(self, start: int, end: int, steps: list[bytes | Deed]) -> None:
        """A whole message: nothing of it has gone if something is to befall it."""
        if end - start <= HEAD_BYTES and self._framing.is_alive(bytes(self._buffer[start:end])):
            return
        misdeed, cut = self._next, self._cut
        if misdeed is not None and self._befall(misdeed, cut, start, end, steps):
            self._incidents.append(Incident(self._name, self._response, misdeed))
        self._draw()

    def _befall(self, misdeed: Misdeed, cut: float, start: int, end: int, steps: list[bytes | Deed]) -> bool:
        """Do it. False where it cannot be done to such a response."""
        message = bytes(self._buffer[start:end])
        refusal = self._framing.refusal(message, self._busy_delay_s) if misdeed == "busy" else None
        if misdeed == "busy" and refusal is None:
            return False
        self._pass(start, steps)
        self._gone = end
        match misdeed:
            case "kill":
                steps.append(Deed.KILL)
                self._mode = _Mode.MUTE
            case "stall":
                self._mode = _Mode.MUTE
            case "garbage":
                steps.append(GARBAGE)
                self._gone = start
                self._mode = _Mode.OPEN  # The master ends the worker for that: nobody would see what else befalls it.
            case "busy":
                steps += [refusal] if refusal is not None else []
            case "truncate":
                steps += [message[: 1 + int(cut * (len(message) - 1))], Deed.KILL]
                self._mode = _Mode.MUTE
            case _:
                assert_never(misdeed)
        return True

    def release(self) -> bytes:
        """Let all pass from now on, but for a worker that is mute; gives what was held back."""
        if self._mode is _Mode.MUTE:
            return b""
        held = bytes(self._buffer[self._gone :])
        self._buffer.clear()
        self._gone = 0
        self._mode = _Mode.OPEN
        return held
