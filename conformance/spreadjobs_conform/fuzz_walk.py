"""
Conversations, thought up by walking the worker's rows of the state table.

At each state the rows say what may happen. Of those that a master can bring about, one is drawn, and what the master
does for it becomes a step. A table with a row less gives conversations without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Final, TypeAlias

import attrs

from spreadjobs_conform import payloads
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.fuzz_draw import drawn, odds
from spreadjobs_conform.fuzz_payloads import STATUSES, PayloadMaker
from spreadjobs_conform.fuzz_script import End, Form, Message, Script, Settle, Step, Take
from spreadjobs_conform.fuzz_values import MOST_LEVELS, ValueMaker
from spreadjobs_conform.state_table import BEGINNING, Transition
from spreadjobs_conform.wire_json import MAX_INT

_ITEMS: Final = {0: 50, 1: 14, 2: 10, 3: 8, 7: 8, 20: 6, 100: 3, 257: 1}
_REQUESTS: Final = {0: 5, 1: 12, 2: 12, 4: 16, 8: 18, 15: 14, 30: 12, 60: 8, 100: 3}
_AHEAD: Final = {1: 35, 2: 10, 5: 15, 20: 20, 100: 20}
"""So many requests are unanswered at most."""
_SIZES: Final = {1 << 7: 25, 1 << 10: 30, 1 << 13: 25, 1 << 16: 18, 1 << 18: 2}
"""About so large a single text is at most."""
_CUTS: Final = {"none": 40, "some": 25, "two ends": 15, "bytes": 10, "many": 10}
_FORMS: Final = {Form.PLAIN: 40, Form.BARE: 20, Form.FREE: 40}
MOST_SINGLE_BYTES: Final = 160
FIRST_IDS: Final = range(10**4, 2**31)
"""Where ids of a run begin. Spec RUN-16."""
EDGES_OF_IDS: Final = (0, 1, 2**8, 2**15, 2**16, 2**24, 2**31, 2**32, 2**40, 2**48, MAX_INT - 1000)


_Weight: TypeAlias = Callable[[str], float]
_Act: TypeAlias = Callable[[str], None]


@attrs.frozen
class _Wishes:
    """What this conversation is to be like."""

    items: int
    requests: int
    ahead: int
    cuts: str
    settled: bool
    joined_percent: float
    ends_in_preparation: bool
    form: Form | None
    """None: another one for each message."""


class Walk:
    """
    One conversation.

    Args:
        table: The state table.
        candidate: What the worker speaks.
        rng: Where chance comes from.
        served: The ops of section 14 that the worker serves.
    """

    def __init__(self, table: Sequence[Transition], candidate: Candidate, rng: Random, served: frozenset[str]) -> None:
        self._rows = [row for row in table if row.party == "worker"]
        self._candidate = candidate
        self._rng = rng
        self._served = served
        self._values = ValueMaker(rng, candidate.codec, drawn(rng, _SIZES))
        self._payloads = PayloadMaker(rng, self._values, served)
        self._wishes = _wishes(rng, candidate)
        self._ids = _ids(rng)
        self._steps: list[Step] = []
        self._items = 0
        self._requests = 0
        self._unanswered: list[object] = []
        self._prepared = False
        self._went_on = False
        """Whether nothing but that has happened since a task goes on."""

    def script(self) -> Script:
        """Walks from the beginning of the table to a state in which nothing more can happen."""
        state, taken = BEGINNING, list[str]()
        events = self._events()
        while True:
            rows = [row for row in self._rows if row.state == state and row.event in events]
            weights = {row: weight for row in rows if (weight := events[row.event][0](state)) > 0}
            if not weights:
                return Script(tuple(self._steps), tuple(taken))
            row = drawn(self._rng, weights)
            self._went_on = False
            events[row.event][1](state)
            taken.append(row.name)
            state = row.next

    def _events(self) -> Mapping[str, tuple[_Weight, _Act]]:
        """For each event of the table: how likely it is now, and what the master does for it."""
        return {
            "executed": (self._always, self._begin),
            "item read": (self._may_send_item, self._send_item),
            "request read": (self._may_send_request, self._send_request),
            "task goes on": (self._may_go_on, self._go_on),
            "task ended": (self._may_take, self._take),
            "input ended": (self._may_end, self._end),
            "input ended inside a message": (self._may_break_off, self._break_off),
            "leaves": (self._may_leave, self._leave),
            "nothing left to do": (self._may_be_over, self._begin),
        }

    # What may happen now, and how likely it is.

    def _may_send_item(self, _state: str) -> float:
        return 0 if self._prepared else 10

    def _may_send_request(self, _state: str) -> float:
        if not self._prepared or self._requests >= self._wishes.requests or len(self._unanswered) >= self._wishes.ahead:
            return 0
        return 10

    def _may_take(self, state: str) -> float:
        if not self._unanswered:
            return 0
        full = len(self._unanswered) >= self._wishes.ahead
        return 10 if full or state == "shutdown" else 10 / self._wishes.ahead

    def _may_go_on(self, _state: str) -> float:
        """While the oldest unanswered task takes its time, the worker may write Alive."""
        oldest = self._unanswered[0] if self._unanswered else None
        return 2 if not self._went_on and isinstance(oldest, dict) and oldest.get("op") == "sleep" else 0

    def _may_end(self, state: str) -> float:
        if state == "preparation":
            early = self._wishes.ends_in_preparation and self._items >= self._wishes.items
            return 10 if not self._wishes.requests and (self._prepared or early) else 0
        return 8 if self._requests >= self._wishes.requests else 0

    def _may_break_off(self, state: str) -> float:
        if self._unanswered and not self._candidate.tagged:
            return 0  # Spec UNT-3: there is no further request yet.
        return self._may_end(state) / 4

    def _may_leave(self, state: str) -> float:
        ends = state == "running" and self._requests >= self._wishes.requests
        free = self._candidate.tagged or not self._unanswered
        return 2 if ends and free and "exit" in self._served else 0

    def _may_be_over(self, _state: str) -> float:
        return 0 if self._unanswered else 10

    def _always(self, _state: str) -> float:
        return 1

    # What the master does.

    def _begin(self, _state: str) -> None:
        """Nothing: the worker is started with the first step."""

    def _send_item(self, _state: str) -> None:
        ends = self._items >= self._wishes.items
        self._steps.append(self._message(None if ends else self._item(), is_item=True))
        self._items += not ends
        self._prepared = ends

    def _item(self) -> object:
        while True:
            # One level less: the answer to ``prepared`` is a list of them.
            item = self._values.value(rare=False, levels=MOST_LEVELS - 1)
            if item is not None:
                return item

    def _send_request(self, _state: str) -> None:
        payload = self._payloads.payload()
        self._steps.append(self._message(payload))
        self._unanswered.append(payload)
        self._requests += 1

    def _take(self, state: str) -> None:
        count = len(self._unanswered) if odds(self._rng, 70) else self._rng.randint(1, len(self._unanswered))
        del self._unanswered[:count]
        if state == "running":
            # What comes after the end of input needs no step: all that is due then is waited for.
            self._steps.append(Take(count))

    def _go_on(self, state: str) -> None:
        self._went_on = True
        if state == "running":
            self._steps.append(Settle())

    def _end(self, _state: str) -> None:
        self._steps.append(End(at_once=odds(self._rng, 30)))

    def _break_off(self, _state: str) -> None:
        message = (
            self._message(self._payloads.payload()) if self._prepared else self._message(self._item(), is_item=True)
        )
        kept = self._rng.choice((0.0, 0.5, 1.0, self._rng.random()))
        self._steps.append(End(inside=message, kept=kept, at_once=odds(self._rng, 30)))

    def _leave(self, _state: str) -> None:
        """With status 0 it leaves, with another one it dies; what was sent behind gets no response. Spec OPS-6."""
        status = 0 if odds(self._rng, 40) else self._rng.choice(STATUSES)
        self._steps.append(self._message(payloads.leaving(status)))
        if self._candidate.tagged and odds(self._rng, 40):
            self._steps += [self._message(self._payloads.payload()) for _ in range(self._rng.randint(1, 3))]

    # Messages.

    def _message(self, value: object, *, is_item: bool = False) -> Message:
        rng, wishes = self._rng, self._wishes
        return Message(
            value=value,
            is_item=is_item,
            task_id=None if is_item or not self._candidate.tagged else next(self._ids),
            form=wishes.form or drawn(rng, _FORMS),
            seed=rng.getrandbits(32),
            cuts=self._cuts(),
            settled=wishes.settled,
            joined=odds(rng, wishes.joined_percent),
        )

    def _cuts(self) -> tuple[int, ...]:
        rng = self._rng
        match self._wishes.cuts:
            case "some" if odds(rng, 60):
                return tuple(rng.randint(-60, 60) for _ in range(rng.randint(1, 3)))
            case "two ends":
                return rng.choice(((1,), (-1,), (1, -1), (-2,), (2, -2)))
            case "bytes" if odds(rng, 30):
                return tuple(range(1, MOST_SINGLE_BYTES))
            case "many":
                return tuple(2**power + rng.choice((-1, 0, 1)) for power in range(4, 18) if odds(rng, 50))
            case _:
                return ()


def _wishes(rng: Random, candidate: Candidate) -> _Wishes:
    requests = drawn(rng, _REQUESTS)
    return _Wishes(
        items=drawn(rng, _ITEMS),
        requests=requests,
        ahead=drawn(rng, _AHEAD) if candidate.tagged else 1,
        cuts=drawn(rng, _CUTS),
        settled=odds(rng, 50),
        joined_percent=rng.choice((0, 50, 100)),
        ends_in_preparation=requests == 0 and odds(rng, 60),
        form=rng.choice((None, *Form)),
    )


def _ids(rng: Random) -> Iterator[int]:
    """Ids from 0 to 2**53-1, new for every request: mostly as RUN-16 has them. Spec RUN-2."""
    given: set[int] = set()
    next_id = rng.choice(FIRST_IDS) if odds(rng, 70) else max(0, rng.choice(EDGES_OF_IDS) + rng.randint(-2, 2))
    step = rng.choice((1, 1, 1, 2, -1, 1000))
    while True:
        while next_id in given or not 0 <= next_id <= MAX_INT:
            next_id = rng.choice(FIRST_IDS)
        given.add(next_id)
        yield next_id
        next_id += step
