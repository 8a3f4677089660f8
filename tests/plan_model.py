"""The plan beside a model: worker processes and tasks as scripts and records, and every order checked against them."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from spreadjobs.arglists import read_arglists
from spreadjobs.events import (
    CloseStdin,
    Discard,
    Evidence,
    Fact,
    Kill,
    Launch,
    Order,
    Send,
    Show,
    Terminate,
    Took,
    Unencodable,
)
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Answered, Cancelled, Outcome, Quarantined
from spreadjobs.plan import Plan
from spreadjobs.settings import Settings
from spreadjobs.slots import LARGEST_WINDOW

BAD = "cannot be encoded"
GARBAGE = b"hello\n"


@attrs.define(eq=False)
class Script:
    """One worker process as the operating system and its author see it: the model that the plan is compared with."""

    key: int
    slot: int
    stubborn: int
    """0 ends at the end of its standard input, 1 at TERM, 2 at KILL, 3 never."""
    clings: bool
    """Something that it started holds its standard output after it has ended, until KILL."""
    started: bool = False
    pipe: list[int] = attrs.field(factory=list)
    """The requests that it got and has not answered."""
    stdin_closed: bool = False
    closing: bool = False
    """Its input was closed since the run is over, not since it did not read it."""
    accused: bool = False
    """It broke the protocol."""
    stdin_broken: bool = False
    termed: bool = False
    killed: bool = False
    exited: bool = False
    stdout_ended: bool = False
    gone: bool = False
    """Discarded, or never started."""
    status: int | None = None
    struck: bool = False
    """A signal ended it that the master had not sent."""
    inside: bool = False
    blamed: bool = False
    """Its requests were taken from it."""
    rests_until_s: float = 0.0

    @property
    def runs(self) -> bool:
        """Whether it can still do something."""
        return self.started and not self.exited and not self.gone

    @property
    def takes_tasks(self) -> bool:
        """Whether it can be sent tasks, now or later."""
        ends = (self.stdin_closed, self.stdin_broken, self.termed, self.killed, self.exited, self.stdout_ended)
        return not any((*ends, self.gone))

    @property
    def talks(self) -> bool:
        """Whether its standard output can still bring something that counts."""
        return self.started and not (self.gone or self.stdout_ended or self.termed or self.killed)


@attrs.define(eq=False)
class Record:
    """What the model knows about one task."""

    number: int
    charges: int = 0
    kills: int = 0
    """Ends by a signal from outside."""
    departures: int = 0
    solo: bool = False
    ids: list[int] = attrs.field(factory=list)
    failed_on: set[int] = attrs.field(factory=set)
    """Slots on which it was charged."""


class ModelledPlan(RuleBasedStateMachine):
    """Plays the loop: tells facts, obeys orders, takes outcomes; and keeps its own books beside it."""

    # --- the beginning

    @initialize(
        slots=st.integers(1, 8),
        window=st.sampled_from([1, 4, "auto"]),
        max_attempts=st.integers(1, 3),
        max_kills=st.integers(1, 4),
        restarts=st.sampled_from([None, 1, 3]),
        task_timeout_s=st.sampled_from([None, 2.0]),
        start_timeout_s=st.sampled_from([None, 3.0]),
        shutdown_timeout_s=st.sampled_from([None, 5.0]),
        replace_departed=st.booleans(),
    )
    def begin(  # noqa: PLR0913 - one argument a setting
        self,
        slots: int,
        window: object,
        max_attempts: int,
        max_kills: int,
        restarts: int | None,
        task_timeout_s: float | None,
        start_timeout_s: float | None,
        shutdown_timeout_s: float | None,
        replace_departed: bool,  # noqa: FBT001 - drawn
    ) -> None:
        """A plan with its slots, and nothing to do yet."""
        self.settings = Settings(
            window="auto" if not isinstance(window, int) else window,
            max_attempts=max_attempts,
            max_kills=max_kills,
            restarts=restarts,
            task_timeout_s=task_timeout_s,
            start_timeout_s=start_timeout_s,
            shutdown_timeout_s=shutdown_timeout_s,
            replace_departed=replace_departed,
        )
        self.now_s = 1000.0
        self.ledger = self.new_ledger(100)
        self.plan = Plan(
            read_arglists([["worker"]] * slots),
            self.settings,
            self.ledger,
            draw=lambda: 1.0,
            last_words=lambda _key: (),
            evidence=lambda _key: Evidence(),
        )
        self.scripts: dict[int, Script] = {}
        self.todo: list[str] = []
        self.requests: dict[int, int] = {}
        """Task id of each request ever sent to the task's position in its run; those of earlier runs are taken out."""
        self.used_ids: set[int] = set()
        self.records: list[Record] = []
        self.outcomes: dict[int, Outcome[object]] = {}
        self.answered_slots: set[int] = set()
        self.ended = False

    def new_ledger(self, first_task_id: int) -> Ledger:
        """The tasks of a run."""
        limits = self.settings
        return Ledger(first_task_id=first_task_id, max_attempts=limits.max_attempts, max_kills=limits.max_kills)

    def tell(self, script: Script, fact: Fact) -> None:
        """One fact, and what is ordered for it."""
        self.obey(self.plan.handle(script.key, fact, self.now_s))

    # --- obeying

    def obey(self, orders: Sequence[Order]) -> None:
        """Do what the plan ordered, and see that it may be ordered."""
        for order in orders:
            if isinstance(order, Launch):
                assert order.worker not in self.scripts, "a worker's key is used once"
                others = [other for other in self.scripts.values() if other.slot == order.slot and not other.gone]
                assert not others, "a slot has one worker at a time"
                assert not self.ended or self.plan.workless, "no worker is started for nothing"
                self.scripts[order.worker] = Script(order.worker, order.slot, self.nature // 2, self.nature % 2 == 1)
            elif isinstance(order, Send):
                self.obey_send(self.scripts[order.worker], order)
            elif isinstance(order, CloseStdin | Terminate | Kill | Discard):
                script = self.scripts[order.worker]
                assert not script.gone, "nothing is ordered for a worker that was let go"
                self.obey_end(script, order)
            elif isinstance(order, Show):
                assert order.out or order.err
            elif isinstance(order, Took):
                assert max(order.sent_s) <= order.answered_s <= self.now_s

    nature = 0
    """How the next worker will end: see ``Script.stubborn`` and ``Script.clings``."""

    def obey_send(self, script: Script, order: Send) -> None:
        """Requests reach the worker's pipe."""
        assert script.started, "nothing is sent to a worker that does not run yet"
        assert script.takes_tasks, "nothing is sent to a worker that is on its way out"
        assert script.rests_until_s <= self.now_s, "a worker that refused is left alone"
        assert order.requests
        bad = []
        for task_id, payload in order.requests:
            assert task_id not in self.used_ids, "an id is used once"
            self.used_ids.add(task_id)
            position = int(str(payload).partition(" ")[0])
            assert position not in self.outcomes, "a task that has ended is not sent"
            assert all(other_id not in each.pipe for each in self.scripts.values() for other_id in self.ids(position))
            if script.slot in self.records[position].failed_on:
                live = {each.slot for each in self.candidates() if each.takes_tasks}
                assert live <= self.records[position].failed_on, "a charged task waits for another live slot"
            self.requests[task_id] = position
            self.records[position].ids.append(task_id)
            script.pipe.append(task_id)
            if BAD in str(payload):
                bad.append(task_id)
        self.look_at_pipe(script)
        for task_id in bad:
            script.pipe.remove(task_id)
            self.tell(script, Unencodable(task_id, BAD))

    def ids(self, position: int) -> list[int]:
        """The ids under which a task was sent so far."""
        return self.records[position].ids

    def look_at_pipe(self, script: Script) -> None:
        """No more requests than the window allows, and a solo task is alone."""
        window = self.settings.window
        assert len(script.pipe) <= (window if isinstance(window, int) else LARGEST_WINDOW)
        solos = [task_id for task_id in script.pipe if task_id in self.requests and self.record(task_id).solo]
        assert not solos or len(script.pipe) == 1, "a task that was lost among others is sent alone"

    def record(self, task_id: int) -> Record:
        """The model's record of the task of a request of this run."""
        return self.records[self.requests[task_id]]

    def obey_end(self, script: Script, order: CloseStdin | Terminate | Kill | Discard) -> None:
        """A rung of the ladder."""
        if isinstance(order, CloseStdin):
            script.stdin_closed, script.closing = True, self.ended
        elif isinstance(order, Discard):
            self.blame(script, departed=script.closing or (script.status == 0 and not script.inside))
            script.gone = True
            assert (script.exited and script.stdout_ended) or script.killed, "only what has ended is let go"
        else:
            if script.accused or not (script.closing or script.exited):
                self.blame(script, departed=False)
            script.termed, script.killed = True, script.killed or isinstance(order, Kill)

    def blame(self, script: Script, *, departed: bool) -> None:
        """What must have become of the requests that a worker held when it ended."""
        if script.blamed:
            return
        script.blamed = True
        held = [self.record(task_id) for task_id in script.pipe if task_id in self.requests]
        if len(script.pipe) != 1:
            for record in held:
                record.solo = True
        elif departed:
            for record in held:
                record.departures, record.solo = record.departures + 1, True
        elif script.slot in self.answered_slots:
            for record in held:
                if script.struck and not script.accused:  # What it said before its end counts first.
                    record.kills += 1
                else:
                    record.charges += 1
                record.solo = True
                record.failed_on.add(script.slot)
        script.pipe.clear()

    # --- the loop's turn

    def collect(self) -> None:
        """Take the outcomes and compare them with the model's books."""
        for outcome in self.ledger.take_done():
            index = outcome.task_index
            assert index not in self.outcomes, "a task ends once"
            self.outcomes[index] = outcome
            record = self.records[index]
            charged = len(outcome.attempts)
            if isinstance(outcome, Quarantined):
                spent = max(record.charges, record.departures) == self.settings.max_attempts
                assert spent or record.kills == self.settings.max_kills
                assert charged == record.charges + record.kills + record.departures
                continue
            departures = record.departures if isinstance(outcome, Cancelled) else 0
            assert charged == record.charges + record.kills + departures
            assert record.charges < self.settings.max_attempts
            assert record.kills < self.settings.max_kills
            assert record.departures < self.settings.max_attempts
            if isinstance(outcome, Answered):
                assert outcome.value == self.todo[index], "the answer is the task's own"

    def pull(self, *, payloads: int) -> None:
        """Take elements of todo as far as they are wanted."""
        for _ in range(min(payloads, max(self.plan.wanted(), 1 if not self.todo else 0))):
            # Now and then there is one that no codec can carry.
            self.todo.append(f"{len(self.todo)} {BAD if len(self.todo) % 7 == 5 else ''}")
            self.records.append(Record(len(self.records)))
            self.ledger.add(self.todo[-1:])

    def candidates(self) -> list[Script]:
        """The workers, in a settled order."""
        return [script for script in self.scripts.values() if not script.gone]

    def pick(self, number: int, scripts: Sequence[Script]) -> Script | None:
        """One of them, if there is one."""
        return scripts[number % len(scripts)] if scripts else None
