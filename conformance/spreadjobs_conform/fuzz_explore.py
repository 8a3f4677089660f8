"""Thinks up one conversation after another and has them, some side by side, until the time is over."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from random import Random
from typing import Final

import attrs

from spreadjobs_conform import payloads
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.findings import Finding, Hang, HarnessFault, NotTestable
from spreadjobs_conform.fuzz_options import FuzzOptions
from spreadjobs_conform.fuzz_play import Close, Play, Stop, play_of
from spreadjobs_conform.fuzz_script import Script
from spreadjobs_conform.fuzz_shrink import Shrinker
from spreadjobs_conform.fuzz_trial import Had, Kind, SteadyStage, had
from spreadjobs_conform.fuzz_walk import Walk
from spreadjobs_conform.manifest import OPS
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.responses import Failure
from spreadjobs_conform.state_table import Transition
from spreadjobs_conform.verdicts import Status

AHEAD: Final = 2
"""So many conversations for each thread are thought up before they are had."""
SHUT_2: Final = "SHUT-2"
LEFT: Final = "exited with status 0"
CONFIRMED: Final = 3
"""So often a failure is looked for again before it is said to come and go."""
PROBES: Final = (
    payloads.echo("are you there?"),
    payloads.busy("key", 0.0, 0),
    payloads.printing([], []),
    payloads.sleeping(0),
    payloads.prepared(),
)


@attrs.frozen(kw_only=True)
class Conversed:
    """A conversation that was thought up, and what became of it."""

    number: int
    script: Script
    play: Play
    had: Had


@attrs.frozen(kw_only=True)
class Shrunk:
    """A failure, made smaller."""

    origin: Conversed
    """Of those in which it was seen, the one with the fewest bytes."""
    count: int
    """In how many conversations it was seen."""
    script: Script
    play: Play
    had: Had
    """What was seen in the smallest conversation; in the first one if it did not come again."""
    tried: int
    """How many conversations it took to make it smaller."""
    is_smallest: bool
    """Whether nothing more could be taken away."""
    is_flaky: bool
    """Whether it did not come again."""


@attrs.define
class Seen:
    """The conversations with failures of one kind: a common one comes thousands of times in an hour."""

    smallest: Conversed
    """The one with the fewest bytes is the way that is shortest."""
    count: int = 1

    def add(self, conversed: Conversed) -> None:
        """Counts one more."""
        self.count += 1
        if len(conversed.play.data) < len(self.smallest.play.data):
            self.smallest = conversed


@attrs.define
class Tally:
    """What was explored."""

    conversations: int = 0
    requests: int = 0
    left: int = 0
    """Conversations that ended because the worker left by itself."""
    lacking: int = 0
    transitions: Counter[str] = attrs.field(factory=Counter)
    ops: Counter[str] = attrs.field(factory=Counter)
    kinds: dict[Kind, Seen] = attrs.field(factory=dict)
    faults: list[Conversed] = attrs.field(factory=list)
    """Those in which the kit itself went wrong."""
    took_s: float = 0.0
    interrupted: bool = False
    """Whether it was stopped before its time was over."""

    def add(self, conversed: Conversed) -> None:
        """Counts one more."""
        one = conversed.had
        self.conversations += 1
        self.requests += sum(one.ops.values())
        self.ops += one.ops
        self.transitions.update(conversed.script.taken)
        self.lacking += one.lacking
        self.left += one.verdict.status is Status.NOT_TESTABLE
        if one.kind in self.kinds:
            self.kinds[one.kind].add(conversed)
        elif one.kind is not None:
            self.kinds[one.kind] = Seen(conversed)
        elif one.verdict.status is Status.HARNESS_ERROR:
            self.faults.append(conversed)


class Explorer:
    """
    Explores one worker.

    Args:
        options: How long, and from which seed.
        candidate: The worker.
        patience: The limits of the run.
        table: The state table.
        served: The ops that the worker serves.
    """

    def __init__(
        self,
        options: FuzzOptions,
        candidate: Candidate,
        patience: Patience,
        table: Sequence[Transition],
        served: frozenset[str],
    ) -> None:
        self._options = options
        self._candidate = candidate
        self._patience = patience
        self._table = table
        self._served = served
        self._stop = threading.Event()

    def script(self, number: int) -> Script:
        """The conversation of that number: always the same for the same seed and worker."""
        rng = Random(f"{self._options.seed}/{number}")  # noqa: S311 - it is for tests
        return Walk(self._table, self._candidate, rng, self._served).script()

    def explore(self) -> Tally:
        """
        Has conversations until the time is over, or there are enough, or enough kinds of failures, or it is stopped.

        All workers have been ended then: what was found is worth telling however it was ended.
        """
        tally = Tally()
        began_s = time.monotonic()
        end_s = began_s + self._options.budget_s
        pool = ThreadPoolExecutor(self._options.jobs, thread_name_prefix="fuzz")
        try:
            for conversed in self._in_order(pool, tally, end_s):
                tally.add(conversed)
        except KeyboardInterrupt:
            self._stop.set()
            tally.interrupted = True
        except BaseException:
            self._stop.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        tally.took_s = time.monotonic() - began_s
        return tally

    def _in_order(self, pool: ThreadPoolExecutor, tally: Tally, end_s: float) -> Iterator[Conversed]:
        waiting: deque[Future[Conversed]] = deque()
        number = 0
        while True:
            while self._goes_on(number, tally, end_s) and len(waiting) < AHEAD * self._options.jobs:
                waiting.append(pool.submit(self._converse, number))
                number += 1
            if not waiting:
                return
            yield waiting.popleft().result()

    def _goes_on(self, number: int, tally: Tally, end_s: float) -> bool:
        if number == 0:
            return True  # One at least: none would show nothing.
        enough = self._options.most is not None and number >= self._options.most
        enough = enough or len(tally.kinds) >= self._options.most_kinds or bool(tally.faults)
        return not enough and time.monotonic() < end_s

    def _converse(self, number: int) -> Conversed:
        script = self.script(number)
        play = play_of(script, self._candidate)
        return Conversed(number=number, script=script, play=play, had=self._had(number, play))

    def _had(self, number: int, play: Play, *, hurried: bool = False) -> Had:
        stage = SteadyStage(self._patience, self._stop, hurried=hurried)
        messages = len(play.reads)
        summary = f"conversation {number} of seed {self._options.seed}: {messages} messages"
        return had(f"fuzz/{self._options.seed}-{number}", summary, play, self._candidate, stage)

    # Making failures smaller.

    def shrink(self, tally: Tally) -> list[Shrunk]:
        """
        The failures of each kind, made smaller, some side by side; what is none after all is counted as leaving.

        Raises:
            KeyboardInterrupt: As it came; all workers have been ended then.
        """
        pool = ThreadPoolExecutor(self._options.jobs, thread_name_prefix="shrink")
        try:
            futures = [pool.submit(self._shrink, kind, seen) for kind, seen in tally.kinds.items()]
            found = [future.result() for future in futures]
        except BaseException:
            self._stop.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        for seen, each in zip(tally.kinds.values(), found, strict=True):
            tally.left += seen.count if each is None else 0
        return [each for each in found if each is not None]

    def as_they_came(self, tally: Tally) -> list[Shrunk]:
        """The failures of each kind, as they are: nobody waits for smaller ones."""
        return [
            Shrunk(
                origin=seen.smallest,
                count=seen.count,
                script=seen.smallest.script,
                play=seen.smallest.play,
                had=seen.smallest.had,
                tried=0,
                is_smallest=False,
                is_flaky=False,
            )
            for seen in tally.kinds.values()
        ]

    def _leaves_by_itself(self, conversed: Conversed) -> bool:
        """
        Whether the worker has left, as RUN-13 allows, where nothing could tell because its input had ended.

        It is had again with its input left open: then leaving shows.
        """
        if SHUT_2 not in conversed.had.verdict.violated or LEFT not in conversed.had.verdict.came:
            return False
        moves = tuple(move for move in conversed.play.moves if not isinstance(move, Stop | Close))
        ended = self._had(conversed.number, attrs.evolve(conversed.play, moves=moves))
        return ended.verdict.status is Status.NOT_TESTABLE

    def _shrink(self, kind: Kind, seen: Seen) -> Shrunk | None:
        smallest = seen.smallest
        if self._leaves_by_itself(smallest):
            return None
        shrinker = Shrinker(
            lambda script: self._fails(smallest.number, script, kind),
            tagged=self._candidate.tagged,
            now_s=time.monotonic,
            end_s=time.monotonic() + self._options.shrink_s,
        )
        for script in (shrinker.shrink(smallest.script), smallest.script):
            again = self._seen_again(smallest.number, script, kind)
            if again is not None:
                return self._shrunk(smallest, seen.count, script, again, shrinker)
        return self._shrunk(smallest, seen.count, smallest.script, smallest.had, shrinker, is_flaky=True)

    def _shrunk(  # noqa: PLR0913 - what there is to say of it
        self,
        origin: Conversed,
        count: int,
        script: Script,
        had: Had,
        shrinker: Shrinker,
        *,
        is_flaky: bool = False,
    ) -> Shrunk:
        return Shrunk(
            origin=origin,
            count=count,
            script=script,
            play=play_of(script, self._candidate),
            had=had,
            tried=shrinker.tried,
            is_smallest=shrinker.finished and script != origin.script,
            is_flaky=is_flaky,
        )

    def _fails(self, number: int, script: Script, kind: Kind) -> bool:
        try:
            play = play_of(script, self._candidate)
        except HarnessFault:
            return False
        return self._had(number, play, hurried=True).kind == kind

    def _seen_again(self, number: int, script: Script, kind: Kind) -> Had | None:
        """The same failure with the limits of every other conversation, if it comes."""
        for _ in range(CONFIRMED):
            one = self._had(number, play_of(script, self._candidate))
            if one.kind == kind:
                return one
        return None


def served_ops(candidate: Candidate, patience: Patience) -> frozenset[str]:
    """
    The ops of section 14 that a worker serves: all but those that it answers with a failure, or is declared to lack.

    Args:
        candidate: The worker.
        patience: The limits of the run.
    """
    refused: set[str] = set()
    with suppress(Hang):  # Of a worker that does not answer, nothing more is to be known here.
        refused.update(str(payload["op"]) for payload in PROBES if _fails(payload, candidate, patience))
    return frozenset(op for op in OPS if op not in refused and f"op:{op}" not in candidate.lacks)


def _fails(payload: dict[str, object], candidate: Candidate, patience: Patience) -> bool:
    """Whether a worker that is asked nothing else fails at this; what else it does wrong is seen later."""
    conv = Conversation(candidate, SteadyStage(patience, threading.Event()), "RUN-3")
    try:
        conv.start()
        conv.prepare()
        request = conv.request(payload)
        conv.send(request)
        return isinstance(conv.response(request).first, Failure)
    except Hang:
        raise
    except (Finding, NotTestable):
        return False
    finally:
        conv.end()
