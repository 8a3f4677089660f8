"""A plan on the bench: facts go in, orders come out, and the clock is in the test's hand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeVar

from spreadjobs.arglists import read_arglists
from spreadjobs.events import (
    Came,
    Evidence,
    Exit,
    Exited,
    Fact,
    Launch,
    NotStarted,
    Order,
    Send,
    Started,
    StdoutEnded,
    TaskId,
)
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Outcome
from spreadjobs.plan import Plan
from spreadjobs.settings import Settings
from spreadjobs.slots import WorkerState

O = TypeVar("O", bound=Order)  # noqa: E741 - an order

FIRST_ID = 100
LOCK_STEP = Settings(window=1)
FOUR = Settings(window=4)
TIMED = Settings(window=1, task_timeout_s=10.0)
ONE_TRY = Settings(window=1, max_attempts=1)


class Bench:
    """A plan, its ledger, and what a loop would do with them."""

    def __init__(self, settings: Settings = LOCK_STEP, *, slots: int = 1, factors: Sequence[float] = (1.0,)) -> None:
        random = itertools.cycle(factors)
        self.settings = settings
        self.now_s = 1000.0
        self.ledger = Ledger(first_task_id=FIRST_ID, max_attempts=settings.max_attempts, max_kills=settings.max_kills)
        self.last_words: dict[int, Sequence[str]] = {}
        self.evidence: dict[int, Evidence] = {}
        self.plan = Plan(
            read_arglists([["worker"]] * slots),
            settings,
            self.ledger,
            draw=lambda: next(random),
            last_words=lambda key: self.last_words.get(key, ()),
            evidence=lambda key: self.evidence.get(key, Evidence()),
        )

    # --- the master's side

    def add(self, *payloads: object, exhausted: bool = True) -> None:
        """Take these elements of todo; no others come unless said otherwise."""
        self.ledger.add(payloads)
        self.plan.exhausted = exhausted

    def dispatch(self) -> Sequence[Order]:
        """What is started and sent now."""
        return self.plan.dispatch(self.now_s)

    def start(self) -> list[int]:
        """Start what is to be started; the keys of the new workers."""
        keys = [launch.worker for launch in of(Launch, self.dispatch())]
        for key in keys:
            self.tell(key, Started())
        return keys

    def hand_out(self) -> dict[int, list[object]]:
        """Send what can be sent: the payloads, by worker."""
        return {send.worker: [payload for _, payload in send.requests] for send in of(Send, self.dispatch())}

    def run(self, *payloads: object) -> list[int]:
        """Take these payloads, start workers, hand out; the keys of the workers."""
        self.add(*payloads)
        keys = self.start()
        self.hand_out()
        return keys

    def later(self, seconds: float) -> Sequence[Order]:
        """Let time pass; what is ordered because of that."""
        self.now_s += seconds
        return self.plan.tick(self.now_s)

    def wake(self) -> Sequence[Order]:
        """Let time pass until the plan wants to be looked at."""
        return self.later(self.plan.wake_s() - self.now_s)

    def outcomes(self) -> list[Outcome[object]]:
        """The outcomes since the last call."""
        return self.ledger.take_done()

    # --- the workers' side

    def worker(self, key: int) -> WorkerState:
        """What the plan knows of a worker."""
        return self.plan.workers[key]

    def held(self, key: int) -> list[TaskId]:
        """The unanswered requests of a worker, oldest first."""
        return list(self.worker(key).machine.outstanding)

    def tell(self, key: int, fact: Fact) -> Sequence[Order]:
        """One fact; what is ordered for it."""
        return self.plan.handle(key, fact, self.now_s)

    def answer(self, key: int, *values: object) -> Sequence[Order]:
        """Answers to its oldest requests, in one read."""
        pairs = zip(self.held(key), values, strict=False)
        return self.tell(key, Came([((task_id, value), None, None) for task_id, value in pairs]))

    def refuse(self, key: int, delay_s: float) -> Sequence[Order]:
        """A refusal of its oldest request."""
        return self.tell(key, Came([(("TooBusy", self.held(key)[0], delay_s), None, None)]))

    def garbage(self, key: int, undue: bytes = b"hello\n") -> Sequence[Order]:
        """Bytes that are no message."""
        return self.tell(key, Came((), undue=undue, fault="no pickle begins so (spec PKL-4)"))

    def end(self, key: int, exit_: Exit | None = None, *, inside: bool = False) -> Sequence[Order]:
        """Its process ends, with status 1 if nothing else is said, and its output does."""
        orders = self.tell(key, StdoutEnded(inside_message=inside))
        return [*orders, *self.tell(key, Exited(Exit(status=1) if exit_ is None else exit_))]

    def miss(self, key: int, reason: str = "no such file", *, hopeless: bool = True) -> Sequence[Order]:
        """It cannot be started."""
        return self.tell(key, NotStarted(reason, hopeless=hopeless))


def of(kind: type[O], orders: Sequence[Order]) -> list[O]:
    """The orders of one kind."""
    return [order for order in orders if isinstance(order, kind)]


def kinds(orders: Sequence[Order]) -> list[str]:
    """The names of the orders."""
    return [type(order).__name__ for order in orders]


def experienced(settings: Settings = LOCK_STEP, *, slots: int = 1) -> tuple[Bench, list[int]]:
    """A bench whose workers have each answered one task and hold nothing."""
    bench = Bench(settings, slots=slots)
    bench.add(*range(slots))
    keys = bench.start()
    bench.hand_out()
    for key in keys:
        bench.answer(key, "v")
    bench.outcomes()
    return bench, keys


def why(bench: Bench) -> str:
    """Why the last worker ended, as its report has it."""
    return bench.plan.reports[-1].reason
