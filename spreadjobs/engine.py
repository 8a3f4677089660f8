"""The engine: runs of one Master, from todo to outcomes in the order of completion. It joins the loop and the plan."""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from spreadjobs.backoff import HIGHEST_FACTOR, LOWEST_FACTOR
from spreadjobs.errors import JournalError, NoResponse
from spreadjobs.fates import fates, no_response
from spreadjobs.intake import SHORTEST_PAUSE_S, Intake
from spreadjobs.interrupts import deferred_interrupt
from spreadjobs.ledger import Ledger
from spreadjobs.loop import Loop
from spreadjobs.means import Means
from spreadjobs.outcomes import Outcome, WorkerReport
from spreadjobs.past_performance import PastPerformance, ordered
from spreadjobs.plan import Plan
from spreadjobs.stall import stall_text
from spreadjobs.tails import lines_of

if TYPE_CHECKING:
    from spreadjobs.keeper import Keeper

STALL_S: Final = 60.0
"""A run in which nothing was answered for so long says so, again and again."""
FIRST_STALL_S: Final = 10.0
"""The same while no worker has ever answered: that is a mistake more often than a long task."""
LONGEST_ABORT_S: Final = 4.0
"""An abort is over sooner: TERM, a second later KILL, a second later no more waiting. If not, all are killed."""
_ENDED: Final = "the Master's with block has ended, and its workers with it: make another Master"


class Engine:
    """
    The workers of one Master, and its runs, one at a time.

    Args:
        means: Slots, settings, codec, console.
        memory: Decides the order of starts, and learns from the run; None: the given order.
        keeper: Has the answers of earlier runs, and keeps those of this one; None: there is no journal.
    """

    def __init__(self, means: Means, memory: PastPerformance | None, keeper: Keeper | None = None) -> None:
        self._means = means
        self._memory = memory
        self._keeper = keeper
        settings = means.settings
        first = settings.first_task_id
        if first is None:
            first = random.randrange(10**4, 2**31)  # noqa: S311 - against noise shaped like answers, not against attackers
        self._ledger = self._new_ledger(first)
        last_words: dict[int, Sequence[str]] = {}
        self._plan = Plan(
            ordered(means.slots, memory),
            settings,
            self._ledger,
            draw=lambda: random.uniform(LOWEST_FACTOR, HIGHEST_FACTOR),  # noqa: S311 - it only spreads retries
            last_words=lambda key: tuple(last_words.get(key, ())),
            evidence=lambda key: self._loop.witness.evidence(key),
        )
        self._loop = Loop(means, self._plan, last_words)
        self._running = self._closed = self._broken = self._remembered = self._heard = False
        self._intake = Intake(self._plan, keeper)
        self._pid = os.getpid()
        self._news_s = 0.0
        self._left_s = 0.0  # when the caller's code went on, or the workers were looked after since

    # --- a run

    def outcomes(
        self, todo: Iterable[object], *, bound: int | None = None, go_on: bool = False
    ) -> Generator[Sequence[Outcome[object]]]:
        """
        Do all of todo.

        Args:
            todo: Payloads, taken as they are needed.
            bound: Most tasks that may have been taken and not delivered; None: no limit.
            go_on: Whether to go on past a task that raised; otherwise nothing more is handed out after it.

        Yields:
            The outcomes of tasks that ended together, in the order of completion; Cancelled where no worker is left.

        Raises:
            RuntimeError: another run of this Master is not over, or was interrupted.
        """
        self.check_usable()
        if self._running:
            raise RuntimeError("another run of this Master is not over: finish or close its iterator first")
        self._running = True
        ledger = self._new_ledger(self._ledger.next_task_id())
        self._ledger = ledger
        self._plan.begin(ledger)
        self._intake.begin(iter(todo), bound)
        self._news_s = time.monotonic()
        with self._unbroken():
            try:
                yield from self._outcomes(ledger, go_on=go_on)
            finally:
                self._running = False
                ledger.cancel_all("the run was ended")
                self._keep_rest()

    def _take_done(self) -> Sequence[Outcome[object]]:
        """What has ended, and is in the journal from now on."""
        done = self._ledger.take_done()
        if done and self._keeper is not None:
            self._keeper.record(done)
        return done

    def _keep_rest(self) -> None:
        """Keep what was answered and not taken, where the caller left early."""
        try:
            self._take_done()
        except JournalError as error:  # Said, not raised: in place of what ends the run, such as Ctrl-C.
            self._means.console.say(str(error), warning=True)

    def note_delivered(self, index: int) -> None:
        """The caller has the outcome of a task."""
        self._intake.note_delivered(index)

    def _outcomes(self, ledger: Ledger, *, go_on: bool) -> Generator[Sequence[Outcome[object]]]:
        self._intake.pull(1)
        while self._keeper is not None and not ledger.unfinished and (done := self._take_done()):
            # No worker is started for answers that are there.
            yield done
            self._intake.pull(1)
        # Whoever died meanwhile is not given a task that it would then be blamed with.
        self._loop.turn(patience_s=0.0)
        self._refill()
        while True:
            done = self._take_done()
            if not done:
                if self._plan.exhausted and not ledger.unfinished:
                    break
                self._advance()
                continue
            if not go_on and ledger.raised is not None:
                self._hand_out_no_more(ledger.raised)
            self._left_s = time.monotonic()
            if self._means.cases is not None:
                done = self._means.cases.save(done, ledger.take_kept())
            yield done
            self.attend()
            self._news_s = time.monotonic()
            if self._intake.bound is not None:
                self._refill()

    def attend(self) -> None:
        """
        Look after the workers, where the caller's code ran for long since they were looked after.

        Call it between the outcomes that were given together, whenever the caller's code has run.

        Raises:
            RuntimeError: the Master's with block has ended meanwhile.
        """
        if self._closed:
            raise RuntimeError(_ENDED)
        away_s = time.monotonic() - self._left_s
        if away_s > SHORTEST_PAUSE_S:
            with self._unbroken():
                self._plan.excuse(away_s)
                # The workers did not wait meanwhile, and who died is not given a task to be blamed with.
                self._loop.turn(patience_s=0.0)
                self._refill()
            self._left_s = time.monotonic()

    @contextmanager
    def _unbroken(self) -> Iterator[None]:
        """Break off where Ctrl-C, or another exception that may come anywhere, leaves the books half written."""
        try:
            yield
        except (Exception, GeneratorExit):  # These come from the caller's code, between two steps.
            raise
        except BaseException:
            self._break_off()
            raise

    def _break_off(self) -> None:
        """No further run; the workers end, within about a second, and at once if Ctrl-C comes again."""
        self._broken = True
        try:
            self.abort()
        except Exception:  # noqa: BLE001 - what interrupted the run is raised, not what came of it
            self.close()
        except BaseException:
            self.close()
            raise

    def check_usable(self) -> None:
        """
        Say whether there can be a further run.

        Raises:
            RuntimeError: there cannot.
        """
        if self._broken:
            raise RuntimeError("a run of this Master was interrupted, and its workers were ended: make another Master")
        if self._closed:
            raise RuntimeError(_ENDED)

    @property
    def inherited(self) -> bool:
        """Whether this process was forked from the one that made it: the workers are not ours to end."""
        return os.getpid() != self._pid

    def _new_ledger(self, first_task_id: int) -> Ledger:
        means = self._means
        most, kills = means.settings.max_attempts, means.settings.max_kills
        return Ledger(first_task_id=first_task_id, max_attempts=most, max_kills=kills, keep=means.cases is not None)

    @property
    def taken(self) -> int:
        """How many elements of todo the current or last run took."""
        return self._ledger.added

    def _advance(self) -> None:
        """One turn; workers are refilled before the caller gets what has come."""
        if self._plan.lost:
            if not self._ledger.unfinished:
                self._intake.pull(1)
            self._ledger.cancel_all(f"no worker is left: {fates(self._plan.places)}")
            return
        self._loop.turn(patience_s=0.0 if self._intake.hurries else self._patience_s())
        self._refill()
        now_s = time.monotonic()
        # A look at all slots is too much for each turn.
        if now_s - self._news_s >= FIRST_STALL_S and now_s - self._news_s >= self._patience_s():
            self._news_s = now_s
            self._means.console.say(stall_text(self._plan, now_s), warning=True)

    def _patience_s(self) -> float:
        """How long nothing may be answered before that is said: sooner where nothing ever was."""
        self._heard = self._heard or any(place.ever_answered for place in self._plan.places)
        return STALL_S if self._heard else FIRST_STALL_S

    def _refill(self) -> None:
        # The next element of todo may be long in coming: what waits is sent before, to workers just started as well.
        for _ in range(2):
            if self._ledger.ready:
                self._loop.hand_out()
        self._intake.pull(self._plan.wanted())
        self._loop.hand_out()

    def _hand_out_no_more(self, failed: int) -> None:
        """A task raised: what comes before it in todo is still finished, for a stream in order; nothing else is."""
        self._plan.exhausted = True
        self._ledger.cancel_waiting(behind=failed, reason="another task raised")

    # --- the end of the workers

    def stop(self) -> None:
        """Nothing more is to be done: end the workers, a second later with TERM, and wait for that."""
        with self._unbroken():
            self._remember()
            self._loop.obey(self._plan.finish(time.monotonic(), hurried=True))
            self._wait_for_the_end()

    def finish(self) -> None:
        """
        Close the workers' standard input and wait until they have ended. Spec SHUT-1.

        Where no task was ever sent, every slot is started once for that: command mode. Spec CMD-1. (Not where a journal
        had all the answers.)

        Raises:
            CannotCreateConnection: command mode, and nothing could be started.
        """
        if self._broken:
            return  # They have ended.
        plan = self._plan
        recalled = self._keeper is not None and self._keeper.recalled
        plan.workless = not recalled and not any(place.incarnations for place in plan.places)
        plan.command = plan.workless and not self._means.preparation
        self._remember()
        self._loop.obey(plan.finish(time.monotonic()))
        self._wait_for_the_end()
        if plan.workless and not any(place.ever_started for place in plan.places):
            raise self.no_response(missing=())

    def abort(self) -> None:
        """Something was raised: end the workers at once, within about a second."""
        if self._closed:
            return
        try:
            self._remember()
        finally:
            self._loop.obey(self._plan.abort(time.monotonic()))
            self._wait_for_the_end(LONGEST_ABORT_S)

    def close(self) -> None:
        """Kill what is left, and give back every descriptor. A second call does nothing, nor does a forked child's."""
        if self.inherited:
            return
        with deferred_interrupt():
            self._closed = True
            self._loop.close()
        self._keep_rest()

    def _wait_for_the_end(self, longest_s: float = math.inf) -> None:
        begun_s = said_s = time.monotonic()
        while not self._plan.over:
            self._loop.hand_out()
            if not self._plan.over:
                self._loop.turn(patience_s=min(STALL_S, longest_s))
            now_s = time.monotonic()
            if now_s - begun_s >= longest_s:
                return self.close()  # An interrupt came at a bad moment: the plan waits for what will not come.
            if now_s - said_s >= STALL_S:
                said_s = now_s
                self._means.console.say(stall_text(self._plan, said_s), warning=True)
        return None

    def _remember(self) -> None:
        """Teach the memory how useful each worker was, before shutdown says otherwise."""
        if self._memory is not None and not self._remembered:
            self._remembered = True
            for place in self._plan.places:
                if place.incarnations:
                    self._memory.record(place.slot.arguments, place.usefulness)

    # --- what is left to tell

    def outputs(self, groups: int) -> list[list[str]]:
        """What the workers wrote after their last answers: a list of lines for each element of list_of_args. SHUT-8."""
        texts: list[list[bytes]] = [[] for _ in range(groups)]
        for slot in self._means.slots:
            texts[slot.group] += self._loop.outputs.get(slot.index, [])
        return [[line for text in group for line in lines_of(text)] for group in texts]

    def lines_of(self, slot: int) -> list[str] | None:
        """The same of one slot; None if it was never started."""
        started = {place.slot.index for place in self._plan.places if place.ever_started}
        if slot not in started:
            return None
        return [line for text in self._loop.outputs.get(slot, []) for line in lines_of(text)]

    def reports(self) -> list[WorkerReport]:
        """How each worker ended, in the order of their names."""
        return sorted(self._plan.reports, key=lambda report: tuple(map(int, report.name.split("."))))

    def no_response(self, missing: Sequence[int]) -> NoResponse:
        """The error for a run that has no worker left. Spec JOB-4."""
        codec = self._means.settings.codec
        return no_response(self._plan.places, codec, self.reports(), taken=self.taken, missing=missing)
