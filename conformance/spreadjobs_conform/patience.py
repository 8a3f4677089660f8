"""
How long each wait may take: one object for the whole run, shared by the cases that run side by side.

A limit has a floor, and grows where the machine is slow: the control worker, which is known to be right, shows that.
"""

from __future__ import annotations

import enum
import math
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

DEFAULT_LIMIT_S: Final = 5.0
PER_MEBIBYTE_S: Final = 2.0
CASE_LIMIT_S: Final = 45.0
HANGS_BEFORE_CUT: Final = 3
CUT_LIMIT_S: Final = 0.5
CUT_PER_MEBIBYTE_S: Final = 0.2
CUT_FIRST_MEBIBYTE_S: Final = 1.0
"""Beside that. A right answer to a mebibyte in JSON took more than 0.6 s where two processors had ten processes."""
LATE_S: Final = 40.0
"""A run that has met a hang and is still going on after this time cuts every wait: it ends within 60 s."""
LATE_WITHOUT_ANSWER_S: Final = 25.0
"""The same for a worker that has not even answered the first request."""
LATE_LIMIT_S: Final = 0.1
LETTING_GO_S: Final = 1.0
"""
For how long standard output may be held after the exit. Spec SHUT-4, CMD-5.

By the text, not at all. But a child that ends because its parent did, such as the resource tracker of Python's
multiprocessing, needs a moment for that: 18 to 424 ms, measured on two processors that nine processes wanted.
"""
QUIET_FACTOR: Final = 3.0
CONTROL_FACTOR: Final = 50.0
"""
A wait may take so many times what the control worker took lately, if that is more than the floor, ``DEFAULT_LIMIT_S``.

Measured on two processors with the reference worker, busy loops beside it, small messages | some 200 KiB, the control:
none 0.45 s | 0.1 s, 0.04 s; 4 loops 0.3 | 0.5, 0.05; 16 loops 1.2 | 0.9, 0.14; 40 loops 1.2 | 3.2, 0.18 and once 3.1.
So the longest wait was 6 to 18 times the middle control; 50 leaves room for slower workers. The floor is not for the
machine but for the worker: what it does by itself, such as loading a library, may take seconds wherever it runs.
"""
MOST_SLOWNESS: Final = 6.0
"""Limits are made so many times longer at most: 30 s, as long as SHUT-3 lets a worker take for its exit."""
MOST_SLOWNESS_OF_LETTING_GO: Final = 2.0
"""That limit grows less: a child that stays for three seconds is to be seen on a slow machine, too."""
NOTED_SLOWNESS: Final = 1.5
"""From there on a report says that limits were longer."""
REMEMBERED_CONTROLS: Final = 5
JITTER_S: Final = 0.001
"""By so much a wait may seem shorter than it was."""
UNKNOWN_START_S: Final = 0.2
MAX_START_S: Final = 10.0


class Wait(enum.Enum):
    """What is waited for. Hangs are counted for each by itself."""

    RESPONSE = "a response"
    EXIT = "exit"
    RELEASE = "the end of standard output"
    READING = "the worker to read"
    LETTING_GO = "the processes that a worker started to let go of its standard output"


class Patience:
    """
    The limits of all waits of a run.

    Args:
        scale: Factor on every limit, for slow machines and slow workers.
        clock: Monotonic seconds.
    """

    def __init__(self, scale: float, clock: Callable[[], float]) -> None:
        self._scale = scale
        self._clock = clock
        self._began_s = clock()
        self._hangs = dict.fromkeys(Wait, 0)
        self._lock = threading.Lock()
        self._controls: deque[float] = deque(maxlen=REMEMBERED_CONTROLS)
        self._control_began_s: float | None = None
        self._most_slowness = 1.0
        self.start_s: float | None = None
        """From the start of a worker to its first answer, measured once; None if none came."""

    def limit_s(self, wait: Wait, *, mebibytes: float = 0.0, first: bool = False) -> float:
        """
        Seconds that this wait may take now; it may shrink while the wait goes on.

        Args:
            wait: What is waited for.
            mebibytes: Size of what has to travel or to be computed meanwhile.
            first: True if the worker has not answered yet and may still be starting.
        """
        with self._lock:
            hangs, any_hang = self._hangs[wait], any(self._hangs.values())
        late_s = LATE_S if self.start_s is not None else LATE_WITHOUT_ANSWER_S
        late = any_hang and self._clock() - self._began_s > late_s
        slowness = self.slowness()
        if wait is Wait.LETTING_GO:
            return self._scale * min(slowness, MOST_SLOWNESS_OF_LETTING_GO) * LETTING_GO_S
        if hangs < HANGS_BEFORE_CUT and not late:
            return (
                self._scale * slowness * (DEFAULT_LIMIT_S + self._starting_s(first=first) + PER_MEBIBYTE_S * mebibytes)
            )
        # Late, the end of the run comes before patience with a busy machine; but where no hang was met, patience costs
        # nothing, and a right worker must not be taken for one that hangs.
        floor = LATE_LIMIT_S if late and hangs else CUT_LIMIT_S * slowness
        sending_s = CUT_FIRST_MEBIBYTE_S * min(mebibytes, 1.0) + CUT_PER_MEBIBYTE_S * mebibytes
        return self._scale * (floor + 3 * self._starting_s(first=first) + sending_s)

    def case_limit_s(self) -> float:
        """Seconds that all waits of one case may take together: a worker that trickles must not take for ever."""
        return self._scale * self.slowness() * CASE_LIMIT_S

    def quiet_s(self) -> float:
        """For how long output is looked for where none may come: three times a start to its first answer."""
        known = self.start_s if self.start_s is not None else UNKNOWN_START_S
        return QUIET_FACTOR * min(known, MAX_START_S)

    def slowness(self) -> float:
        """By how much limits are longer now than on a machine that has time: 1 to ``MOST_SLOWNESS``."""
        with self._lock:
            under_way = [] if self._control_began_s is None else [self._clock() - self._control_began_s]
            control_s = max([*self._controls, *under_way], default=0.0)
            slowness = min(MOST_SLOWNESS, max(1.0, CONTROL_FACTOR * control_s / DEFAULT_LIMIT_S))
            self._most_slowness = max(self._most_slowness, slowness)
        return slowness

    def control_began(self) -> None:
        """The control worker is being started."""
        with self._lock:
            self._control_began_s = self._clock()

    def control_ended(self) -> None:
        """The control worker has ended, or had to be."""
        with self._lock:
            if self._control_began_s is not None:
                self._controls.append(self._clock() - self._control_began_s)
            self._control_began_s = None

    def control_failed(self) -> None:
        """The control worker is of no use here."""
        with self._lock:
            self._control_began_s = None

    def hang(self, wait: Wait, waited_s: float = math.inf) -> bool:
        """Counts a wait that came to nothing, and tells whether it had been cut short."""
        with self._lock:
            self._hangs[wait] += 1
        return waited_s < self._scale * DEFAULT_LIMIT_S - JITTER_S

    def cut(self) -> str:
        """What was done to the limits, for the report; empty if nothing was."""
        with self._lock:
            kinds = [wait.value for wait, hangs in self._hangs.items() if hangs >= HANGS_BEFORE_CUT]
            slowness = self._most_slowness
        notes = [f"waits for {' and '.join(kinds)} were cut short after {HANGS_BEFORE_CUT} hangs"] if kinds else []
        if slowness >= NOTED_SLOWNESS:
            notes.append(f"this machine was slow, so limits were made up to {slowness:.1f} times longer")
        return "; ".join(notes)

    def _starting_s(self, *, first: bool) -> float:
        return min(self.start_s, MAX_START_S) if first and self.start_s is not None else 0.0
