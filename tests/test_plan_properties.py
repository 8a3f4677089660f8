"""Whatever workers do, in whatever order: every task of a run ends exactly once, and every run ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from spreadjobs.arglists import read_arglists
from spreadjobs.events import (
    Came,
    CloseStdin,
    Discard,
    Evidence,
    Exit,
    Exited,
    Fact,
    Kill,
    Launch,
    NotStarted,
    Order,
    Send,
    Show,
    Started,
    StdinBroken,
    StdoutEnded,
    Terminate,
    Took,
    Unencodable,
)
from spreadjobs.ledger import Ledger
from spreadjobs.outcomes import Answered, Cancelled, Failed, Outcome, Quarantined
from spreadjobs.plan import Plan
from spreadjobs.settings import Settings
from spreadjobs.slots import LARGEST_WINDOW
from spreadjobs.stall import stall_text

MOST_STEPS = 400
"""A run whose workers behave ends well within so many steps of the loop."""
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
    departures: int = 0
    solo: bool = False
    ids: list[int] = attrs.field(factory=list)
    failed_on: set[int] = attrs.field(factory=set)
    """Slots on which it was charged."""


natures = st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, 6, 7])


class Conversation(RuleBasedStateMachine):
    """Plays the loop: tells facts, obeys orders, moves the clock; and keeps its own books beside it."""

    # --- the beginning

    @initialize(
        slots=st.integers(1, 8),
        window=st.sampled_from([1, 4, "auto"]),
        max_attempts=st.integers(1, 3),
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
            restarts=restarts,
            task_timeout_s=task_timeout_s,
            start_timeout_s=start_timeout_s,
            shutdown_timeout_s=shutdown_timeout_s,
            replace_departed=replace_departed,
        )
        self.now_s = 1000.0
        self.ledger = Ledger(first_task_id=100, max_attempts=max_attempts)
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
                assert order.sent_s <= order.answered_s <= self.now_s

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
                record.charges, record.solo = record.charges + 1, True
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
                assert max(record.charges, record.departures) == self.settings.max_attempts
                assert charged == record.charges + record.departures
                continue
            assert charged == record.charges < self.settings.max_attempts
            assert record.departures < self.settings.max_attempts
            if isinstance(outcome, Answered):
                assert outcome.value == self.todo[index], "the answer is the task's own"

    def pull(self, *, payloads: int) -> None:
        """Take elements of todo as far as they are wanted."""
        for _ in range(min(payloads, max(self.plan.wanted(), 1 if not self.todo else 0))):
            # Now and then there is one that no codec can carry.
            self.todo.append(f"{len(self.todo)} {BAD if len(self.todo) % 7 == 5 else ''}")
            self.records.append(Record(len(self.records)))
            self.ledger.add(self.todo[-1])

    def candidates(self) -> list[Script]:
        """The workers, in a settled order."""
        return [script for script in self.scripts.values() if not script.gone]

    def pick(self, number: int, scripts: Sequence[Script]) -> Script | None:
        """One of them, if there is one."""
        return scripts[number % len(scripts)] if scripts else None

    # --- rules: the master's side

    @rule(payloads=st.integers(0, 8), nature=natures)
    def turn(self, payloads: int, nature: int) -> None:
        """A turn of the loop: todo is taken lazily, workers are started and refilled."""
        self.nature = nature
        if not (self.ended or self.plan.exhausted):
            self.pull(payloads=payloads)
        self.obey(self.plan.dispatch(self.now_s))

    @rule(payloads=st.integers(1, 12), nature=natures, answers=st.integers(0, 3))
    def turn_in_which_all_goes_well(self, payloads: int, nature: int, answers: int) -> None:
        """What is started runs, what is sent is answered; then workers are refilled."""
        self.turn(payloads, nature)
        for script in self.candidates():
            if not script.started:
                self.start(script, "starts")
            elif script.talks and script.pipe:
                self.respond(script, ["answer"] * answers, 0)
        self.turn(payloads, nature)

    @rule(passed_s=st.sampled_from([0.0, 0.001, 0.06, 0.5, 1.0, 1.5, 3.0, 6.0, 40.0]))
    def time_passes(self, passed_s: float) -> None:
        """The clock goes on."""
        self.now_s += passed_s
        self.obey(self.plan.tick(self.now_s))

    @rule()
    def time_passes_until_something_is_due(self) -> None:
        """The loop slept as long as it was told to."""
        wake_s = self.plan.wake_s()
        if wake_s < math.inf:
            self.now_s = max(self.now_s, wake_s)
            self.obey(self.plan.tick(self.now_s))

    @precondition(lambda self: not self.ended and len(self.todo) > 0)
    @rule(now=st.sampled_from([False, False, False, True]))
    def all_of_todo_is_taken(self, now: bool) -> None:  # noqa: FBT001 - drawn
        """No further elements will come."""
        self.plan.exhausted = self.plan.exhausted or now

    @precondition(lambda self: not self.ended and len(self.todo) > 0)
    @rule(now=st.sampled_from([False, False, False, True]))
    def caller_gives_up_a_run_and_begins_another(self, now: bool) -> None:  # noqa: FBT001 - drawn
        """What is still at workers belongs to an earlier run from then on."""
        if not now:
            return
        self.ledger.cancel_all("the run was ended")
        self.collect()
        assert len(self.outcomes) == len(self.todo)
        self.ledger = Ledger(first_task_id=self.ledger.next_task_id(), max_attempts=self.settings.max_attempts)
        self.plan.begin(self.ledger)
        self.todo, self.records, self.outcomes = [], [], {}
        self.requests.clear()

    @precondition(lambda self: not self.ended and len(self.todo) > 0)
    @rule(how=st.sampled_from(["not yet"] * 12 + ["finish", "stop", "abort"]))
    def caller_ends_the_workers(self, how: str) -> None:
        """The end of the block, of a run that was stopped, or an exception."""
        if how == "not yet":
            return
        self.ledger.cancel_all("the run was ended")
        self.ended = True
        if how == "abort":
            self.abort()
        else:
            self.obey(self.plan.finish(self.now_s, hurried=how == "stop"))

    def abort(self) -> None:
        """An exception: it may have come before a worker was started whose start was ordered."""
        for script in self.candidates():
            script.gone = not script.started
        self.obey(self.plan.abort(self.now_s))

    # --- rules: the workers' side

    @rule(number=st.integers(0, 7), nature=st.sampled_from([*["starts"] * 8, "fails", "fails", "is missing"]))
    def worker_starts_or_not(self, number: int, nature: str) -> None:
        """A process that was to be started is there, or could not be made."""
        script = self.pick(number, [script for script in self.candidates() if not script.started])
        if script is not None:
            self.start(script, nature)

    def start(self, script: Script, nature: str) -> None:
        """Tell that a worker was started, or not."""
        if nature == "starts":
            script.started = True
            self.tell(script, Started())
        else:
            script.gone = True
            self.tell(script, NotStarted(f"cannot start: {nature}", hopeless=nature == "is missing"))

    @rule(
        number=st.integers(0, 7),
        kinds=st.lists(st.sampled_from(["answer", "answer", "list", "busy", "raise", "alive"]), min_size=1, max_size=6),
        delay_s=st.sampled_from([0, 0.5, 20.0, 1e9]),
    )
    def worker_responds(self, number: int, kinds: list[str], delay_s: float) -> None:
        """The right responses to some of its requests, in order, in one read."""
        script = self.pick(number, [script for script in self.candidates() if script.talks and script.pipe])
        if script is not None:
            self.respond(script, kinds, delay_s)

    def respond(self, script: Script, kinds: Sequence[str], delay_s: float, wrong: Sequence[object] = ()) -> None:
        """Tell of responses of these kinds, as far as there are requests for them, and of what is none."""
        messages: list[object] = []
        for kind in kinds:
            if not script.pipe:
                break
            if kind == "alive":
                messages.append((("Alive", script.pipe[-1]), None, None))
                continue
            task_id = script.pipe.pop(0)
            position = self.requests.get(task_id)
            value = None if position is None else self.todo[position]
            if kind == "answer":
                messages.append(((task_id, value), None, None))
            elif kind == "list":
                messages.append([[task_id, value], "printed\n", []])
            elif kind == "raise":
                messages.append((("RemoteException", task_id, "ValueError", "no", ""), None, ["e\n"]))
            else:
                messages.append((("TooBusy", task_id, delay_s), None, None))
                script.rests_until_s = max(script.rests_until_s, self.now_s + 0.1 * min(1000, max(0.01, delay_s)))
            if kind != "busy":
                self.answered_slots.add(script.slot)
        self.tell(script, Came([*messages, *wrong]))

    @rule(
        number=st.integers(0, 7),
        before=st.integers(0, 2),
        wrong=st.sampled_from(["id", "earlier id", "float id", "shape", "out", "name", "none", "bytes", "delay"]),
    )
    def worker_breaks_the_protocol(self, number: int, before: int, wrong: str) -> None:
        """Right answers, and then something that no worker may write: it is killed, and the answers are kept."""
        script = self.pick(number, [script for script in self.candidates() if script.talks])
        if script is None or (script.stdin_closed and len(script.pipe) <= before):
            return  # In shutdown it would be text.
        script.accused = True
        if wrong == "bytes" or not script.pipe:
            self.tell(script, Came((), undue=GARBAGE, fault="no pickle" if script.pipe else ""))
        else:
            due = script.pipe[min(before, len(script.pipe) - 1)]
            message = {
                "id": ((due + 1, 0), None, None),
                "earlier id": ((99, 0), None, None),
                "float id": ((float(due), 0), None, None),
                "shape": ((due, 0), None),
                "out": ((due, 0), [1], None),
                "name": (("Later", due), None, None),
                "none": None,
                "delay": (("TooBusy", due, math.inf), None, None),
            }[wrong]
            self.respond(script, ["answer"] * min(before, len(script.pipe) - 1), 0, wrong=[message])
        assert script.killed, "a violation is the end of the worker"

    @rule(number=st.integers(0, 7))
    def worker_writes_text_in_shutdown(self, number: int) -> None:
        """The loop tells of a read even where it brought no message."""
        script = self.pick(number, [script for script in self.candidates() if script.talks and script.stdin_closed])
        if script is not None:
            self.tell(script, Came(()))

    @rule(number=st.integers(0, 7), inside=st.booleans())
    def worker_closes_its_output(self, number: int, inside: bool) -> None:  # noqa: FBT001 - drawn
        """End of standard output, inside a message or between two."""
        open_ = [script for script in self.candidates() if script.started and not script.stdout_ended]
        script = self.pick(number, open_)
        if script is not None:
            script.stdout_ended, script.inside = True, inside
            self.tell(script, StdoutEnded(inside_message=inside))

    @rule(number=st.integers(0, 7), status=st.sampled_from([1, None, 1, 0]))
    def worker_exits(self, number: int, status: int | None) -> None:
        """Its process ends: well, badly or by a signal. What holds its output may live on."""
        script = self.pick(number, [script for script in self.candidates() if script.runs])
        if script is not None:
            self.exit(script, status)

    def exit(self, script: Script, status: int | None) -> None:
        """Tell of the end of a process."""
        script.exited, script.status = True, status
        self.tell(script, Exited(Exit(status, "SIGKILL" if status is None else None)))

    @rule(number=st.integers(0, 7))
    def worker_closes_its_input(self, number: int) -> None:
        """The master finds that nobody reads what it writes."""
        open_ = [script for script in self.candidates() if script.runs and not script.stdin_closed]
        script = self.pick(number, open_)
        if script is not None and not script.stdin_broken:
            script.stdin_broken = True
            self.tell(script, StdinBroken())

    @rule(number=st.integers(0, 7), status=st.sampled_from([1, None, 1, None, 0]), turns=st.integers(0, 3))
    def worker_is_lost_with_what_it_holds(self, number: int, status: int | None, turns: int) -> None:
        """It ends all at once, time passes until its slot may be started again, and the run goes on."""
        held = [script for script in self.candidates() if script.runs and script.pipe and not script.stdout_ended]
        script = self.pick(number, held)
        if script is None:
            return
        script.stdout_ended = True
        self.tell(script, StdoutEnded(inside_message=False))
        self.exit(script, status)
        self.time_passes(5.0)
        for _ in range(turns):
            self.turn_in_which_all_goes_well(payloads=4, nature=0, answers=1)

    # --- what always holds

    @invariant()
    def books_agree(self) -> None:
        """Nothing is lost and nothing is doubled; the plan knows what the workers hold."""
        self.collect()
        assert self.ledger.added == len(self.todo) == self.ledger.unfinished + len(self.outcomes)
        assert set(self.plan.workers) == {script.key for script in self.candidates()}
        for key, worker in self.plan.workers.items():
            script = self.scripts[key]
            assert list(worker.machine.outstanding) == script.pipe
            assert len(worker.sent_s) == len(script.pipe)
            self.look_at_pipe(script)
        assert self.plan.over is (not self.candidates())
        assert stall_text(self.plan, self.now_s)

    # --- the end: from here on every worker behaves, or dies

    def behave(self, script: Script) -> bool:
        """One step of a worker that does what it should; False if it has nothing to do."""
        if not script.started:
            self.start(script, "starts")
        elif script.talks and script.pipe and not script.exited:
            self.respond(script, ["answer"] * len(script.pipe), 0)
        elif not script.exited and self.leaves(script):
            self.exit(script, None if script.termed else 0)
        elif script.exited and not script.stdout_ended and (script.killed or not script.clings):
            script.stdout_ended = True
            self.tell(script, StdoutEnded(inside_message=False))
        else:
            return False
        return True

    @staticmethod
    def leaves(script: Script) -> bool:
        """Whether it has a reason to end that it heeds."""
        reasons = (script.stdin_closed or script.stdin_broken or script.stdout_ended, script.termed, script.killed)
        return any(reasons[script.stubborn :])

    def drive(self) -> bool:
        """One step of everybody; False if nothing happened and nothing is waited for."""
        self.nature = 0
        self.obey(self.plan.dispatch(self.now_s))
        acted = [self.behave(script) for script in self.candidates() if not script.gone]
        self.obey(self.plan.tick(self.now_s))
        self.books_agree()
        if any(acted) or self.plan.eager:
            return True
        wake_s = self.plan.wake_s()
        self.now_s = max(self.now_s, wake_s) if wake_s < math.inf else self.now_s
        self.obey(self.plan.tick(self.now_s))
        return wake_s < math.inf

    def teardown(self) -> None:
        """With workers that behave at last the run ends, and after it all workers do."""
        if not hasattr(self, "plan"):
            return
        self.plan.exhausted = True
        for _ in range(MOST_STEPS):
            if not self.ledger.unfinished or self.plan.lost:
                break
            if not self.drive():
                # Only a worker that closed its input or its output and lives on, without a limit, can hold a run up.
                held_up = [script for script in self.candidates() if script.stubborn and not script.exited]
                assert held_up
                assert self.settings.shutdown_timeout_s is None
                for script in held_up:
                    self.exit(script, 1)
        else:
            raise AssertionError(f"the run goes on for ever: {stall_text(self.plan, self.now_s)}")
        if self.plan.lost:
            self.ledger.cancel_all("no worker is left")
        self.collect()
        assert len(self.outcomes) == len(self.todo)
        kinds = (Answered, Failed, Quarantined, Cancelled)
        assert all(isinstance(outcome, kinds) for outcome in self.outcomes.values())
        self.see_everybody_out()

    def see_everybody_out(self) -> None:
        """All workers end, and at once where that was asked for."""
        if not self.ended:
            self.ended = True
            self.obey(self.plan.finish(self.now_s, hurried=self.settings.shutdown_timeout_s is None))
        elif not self.plan.over:
            self.abort()
        for _ in range(MOST_STEPS):
            if self.plan.over:
                break
            self.drive()
        assert self.plan.over
        assert not self.plan.workers
        assert not self.candidates()
        names = [report.name for report in self.plan.reports]
        assert len(names) == len(set(names)), "one report a worker at most"


TestConversation = pytest.mark.slow(pytest.mark.timeout(600)(Conversation.TestCase))
TestConversation.settings = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
