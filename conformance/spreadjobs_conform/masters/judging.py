"""What becomes of cases for masters: a play each, some side by side, and whatever happens a verdict for every one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from spreadjobs_conform.findings import CannotStart, Finding, HarnessFault, Interrupted
from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.cures import START_WORKERS
from spreadjobs_conform.masters.patience import Patience
from spreadjobs_conform.masters.play import Performer, Play
from spreadjobs_conform.masters.registry import MasterCase
from spreadjobs_conform.masters.rehearsal import NOT_REHEARSED, rehearse
from spreadjobs_conform.report_layout import SHOWN_EVENTS_OF_A_MASTER
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.runner import attempt, weighed, with_ending
from spreadjobs_conform.side_by_side import side_by_side
from spreadjobs_conform.values import show
from spreadjobs_conform.verdicts import Status, Verdict

SHOWN_STDERR_LINES: Final = 8
_TASK: Final = re.compile(r"\btask (\d+)\b")


@attrs.frozen
class MasterRunner:
    """What all cases of a run share."""

    performer: Performer
    requirements: Mapping[str, Requirement]
    required: frozenset[str] | None = None
    """The ids of the cases that score; None: all."""
    patience: Patience = attrs.field(factory=Patience)

    def run(self, cases: Sequence[MasterCase], jobs: int) -> Iterator[Verdict]:
        """
        The verdicts, in the order of the cases; long ones come last, and those that do not score after all others.

        Where the command gives no account of the simplest job there is, one case tells that, and no other is run.

        Args:
            cases: What to run; one of them applies at least.
            jobs: How many cases run side by side.

        Raises:
            CannotStart: The executable could not be started.
            KeyboardInterrupt: As it came; all that was started has been ended then.
        """
        applying = [case for case in cases if self.applies(case)]
        first = min(applying, key=lambda case: (not self.scores(case), case.idle))
        verdict = None
        if len(applying) == 1 or not self._rehearsed(first):
            verdict = self._alone(first)
        if verdict is not None and (len(applying) == 1 or verdict.status in (Status.FAIL, Status.HARNESS_ERROR)):
            yield from (verdict if case is first else self._not_tried(case) for case in cases)
        else:
            yield from side_by_side(cases, jobs, self.run_case, self.performer.stop, self.scores)

    # Each in a thread of the pool, as all others: an interruption then finds nothing that is half started.

    def _rehearsed(self, case: MasterCase) -> bool:
        [took_s] = side_by_side([case], 1, lambda _: rehearse(self.performer), self.performer.stop)
        if took_s is not None:
            self.patience.rehearsed(took_s)
        return took_s is not None

    def _alone(self, case: MasterCase) -> Verdict:
        run_case = lambda each: self.run_case(each, first=True)  # noqa: E731
        [verdict] = side_by_side([case], 1, run_case, self.performer.stop)
        return verdict

    def scores(self, case: MasterCase) -> bool:
        """Whether the case is one of the required set."""
        return self.required is None or case.id in self.required

    def applies(self, case: MasterCase) -> bool:
        """Whether the case is one of this codec."""
        return applies(case, self.performer.codec)

    def _not_tried(self, case: MasterCase) -> Verdict:
        return self._idle(case) or self._unseen(case, Status.NOT_TESTABLE, NOT_REHEARSED)

    def _idle(self, case: MasterCase) -> Verdict | None:
        if self.applies(case):
            return None
        return self._unseen(case, Status.NOT_APPLICABLE, f"for the codec {case.codecs[0]}")

    def _unseen(self, case: MasterCase, status: Status, reason: str) -> Verdict:
        level = case.level(self.requirements)
        return Verdict(case=case, level=level, status=status, reason=reason, scored=self.scores(case))

    def run_case(self, case: MasterCase, *, first: bool = False) -> Verdict:
        """
        Runs one case, unless it does not apply.

        Args:
            case: Which.
            first: Whether the executable was not started before.

        Raises:
            CannotStart: It is the first, and the executable could not be started.
            Interrupted: The run was stopped.
        """
        idle = self._idle(case)
        if idle is not None:
            return idle
        began_s = time.monotonic()
        performer = self.patience.with_limits(self.performer)
        verdict = judged(case, performer, case.level(self.requirements), first=first)
        verdict = self.patience.saw(verdict, cut=performer is not self.performer)
        verdict = attrs.evolve(verdict, scored=self.scores(case), took_s=time.monotonic() - began_s)
        return weighed(verdict, self.requirements)


def applies(case: MasterCase, codec: str) -> bool:
    """Whether the case is one of this codec."""
    return codec in case.codecs


def judged(case: MasterCase, performer: Performer, level: str, *, first: bool = False) -> Verdict:
    """
    Have the play of a case, and say what came of it.

    Args:
        case: Which.
        performer: Whose.
        level: ``MUST`` or ``SHOULD``.
        first: Whether the executable was not started before.

    Raises:
        CannotStart: It is the first, and the executable could not be started.
        Interrupted: The run was stopped.
    """
    play = Play(performer, case.requirements[0])
    ending = attempt(lambda: case.body(play))
    if isinstance(ending, Interrupted) or (first and isinstance(ending, CannotStart)):
        raise ending
    few = ending is None and play.checks < case.checks
    if few:
        ending = HarnessFault(f"{play.checks} checks were made, {case.checks} are declared: this pass proves nothing")
    if isinstance(ending, HarnessFault) and (not play.actors or (few and _starts_too_few(play))):
        # A case may look for the workers of a job and for what they were sent: what is missing is no fault of the kit.
        came = (
            f"the master started {len(play.actors) or 'no'} worker{'s' * (len(play.actors) > 1)} for {play.job.told()}"
        )
        came += "" if any(actor.messages for actor in play.actors) else ", and sent nothing"
        ending = Finding(case.requirements[0], came, "a worker for each argument list, and the tasks", START_WORKERS)
    verdict = Verdict(
        case=case,
        level=level,
        status=Status.PASS,
        checks=play.checks,
        transcript=tuple(event.record() for event in play.transcript.events()),
        conversation=tuple(around(play, str(ending or ""))),
        stderr=tuple(play.screen.splitlines()[-SHOWN_STDERR_LINES:]),
    )
    return verdict if ending is None else with_ending(verdict, ending)


def _starts_too_few(play: Play) -> bool:
    """Whether a slot of the last job had no worker, or nobody was sent anything though there was something to send."""
    slots = {actor.slot for actor in play.actors}
    idle = bool(play.job.tasks) and not any(actor.messages for actor in play.actors)
    return len(slots) < play.job.workers or idle


def around(play: Play, ending: str) -> list[str]:
    """
    The events around a failure; where they are many, of the workers that it is about.

    Args:
        play: What happened, in its last run.
        ending: How it ended, for people; empty: well.
    """
    told = play.transcript.events()
    if len(told) > SHOWN_EVENTS_OF_A_MASTER:
        names = [_as_word(actor.name) for actor in _concerned(play, ending)]
        about = [event for event in told[1:] if any(name.search(event.what) for name in names)]
        end = [event for event in told[-1:] if event.what.startswith("exits")]
        told = [told[0], *about, *end] if about else told
    return [event.line() for event in told]


def _concerned(play: Play, ending: str) -> list[Actor]:
    """The workers that a text names, or those that had the task that it names."""
    named = [actor for actor in play.actors if _as_word(actor.name).search(ending)]
    task = _TASK.search(ending)
    if named or task is None or int(task[1]) >= len(play.job.tasks):
        return named
    payload = show(play.job.tasks[int(task[1])])
    return [actor for actor in play.actors if any(show(request.payload) == payload for request in actor.requests)]


def _as_word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\d.]){re.escape(name)}(?![\d.]*\d)")
