"""Running cases: one conversation each, some side by side, and whatever happens a verdict for every one."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

import attrs

from spreadjobs_conform import observe, payloads
from spreadjobs_conform.asking import FIXED_PREPARATION
from spreadjobs_conform.candidate import Candidate, Ops
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.findings import (
    CannotStart,
    DoesNotFit,
    Finding,
    Hang,
    HarnessFault,
    Interrupted,
    KitError,
    NotTestable,
    UsageFault,
)
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.recording import RecordingStage
from spreadjobs_conform.registry import Case
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.responses import Answer, Failure, First
from spreadjobs_conform.side_by_side import side_by_side
from spreadjobs_conform.stage import LiveStage, Stage
from spreadjobs_conform.verdicts import Status, Verdict

PROBE: Final = "are you there?"
FORM: Final = "PKL-"
"""Requirements about opcodes: there the opcodes of a whole message tell what is wrong with it."""
OTHER_CODEC_SCALE: Final = 0.4
"""Of the time limits, where it is found out whether a worker speaks another codec."""
SHOWN_EVENTS: Final = 12
SHOWN_STDERR_LINES: Final = 8


@attrs.frozen
class Runner:
    """What all cases of a run share."""

    candidate: Candidate
    patience: Patience
    requirements: Mapping[str, Requirement]
    stop: threading.Event = attrs.field(factory=threading.Event)
    required: frozenset[str] | None = None
    """The ids of the cases that score; None: all."""
    unanswered: bool = False
    """Whether not one byte came for the first request of the run."""

    def calibrate(self) -> Runner:
        """
        Starts the worker once: how long it takes to its first answer, and whether it serves the conformance payloads.

        Returns:
            A runner that knows.

        Raises:
            CannotStart: The executable could not be started.
            Interrupted: The run was stopped.
            UsageFault: The worker speaks another codec than was declared.
        """
        conv = Conversation(self.candidate, self.stage(), "EXEC-3")
        try:
            candidate = self._probe(conv)
        except Finding:
            other = "json" if self.candidate.codec == "pickle" else "pickle"
            if not conv.has_answered and self._answers_in(other):
                declared = self.candidate.codec
                raise UsageFault(f"the worker answers in {other}, not in {declared}: give --codec {other}") from None
            # The cases will find it too, and say it better.
            return attrs.evolve(self, unanswered=not conv.has_written)
        finally:
            conv.end()
        return attrs.evolve(self, candidate=candidate)

    def _answers_in(self, codec: str) -> bool:
        """Whether the worker gives a response in this codec to the first request that it is sent so."""
        if self.candidate.worker_class == "command" or not self.candidate.tagged:
            return False
        # Its waits are its own: those of the run are not cut for what is found out here.
        stage = LiveStage(Patience(OTHER_CODEC_SCALE, time.monotonic), self.stop)
        conv = Conversation(attrs.evolve(self.candidate, codec=codec), stage, "EXEC-3")
        try:
            conv.start(hints=False)
            conv.prepare()
            conv.ask_sample()
        except (Finding, NotTestable):
            return False
        finally:
            conv.end()
        return True

    def _probe(self, conv: Conversation) -> Candidate:
        began_s = time.monotonic()
        conv.start()
        if self.candidate.worker_class == "command":
            return self.candidate
        conv.prepare()
        samples, both = self.candidate.samples, self.candidate.serves_ops
        first = self._ask(conv, samples[0].payload if samples else payloads.echo(PROBE))
        self.patience.start_s = time.monotonic() - began_s
        if samples and not both:
            note = "the manifest declares tasks of its own (if it serves both, say conformance_payloads = true there)"
            return attrs.evolve(self.candidate, ops=Ops.ABSENT, ops_note=note)
        if samples:
            first = self._ask(conv, payloads.echo(PROBE))
        if isinstance(first, Failure):
            note = f"it answered RemoteException ({first.type_name}: {first.message[:80]}) to the echo payload"
            return attrs.evolve(self.candidate, ops=Ops.ABSENT, any_payload_fails=not samples, ops_note=note)
        if isinstance(first, Answer) and first.value == PROBE:
            return attrs.evolve(self.candidate, ops=Ops.SERVED)
        return self.candidate

    def _ask(self, conv: Conversation, payload: object) -> First:
        request = conv.request(payload)
        conv.send(request)
        return conv.response(request).first

    def run(self, cases: Sequence[Case], jobs: int) -> Iterator[Verdict]:
        """
        The verdicts, in the order of the cases; long ones come last, and those that do not score after all others.

        Args:
            cases: What to run.
            jobs: How many cases run side by side.

        Raises:
            KeyboardInterrupt: As it came; all workers have been ended then.
        """
        yield from side_by_side(cases, jobs, self.run_case, self.stop, self.scores)

    def scores(self, case: Case) -> bool:
        """Whether the case is one of the required set."""
        return self.required is None or case.id in self.required

    def run_case(self, case: Case) -> Verdict:
        """
        Runs one case, unless it does not apply.

        Raises:
            Interrupted: The run was stopped.
        """
        level = case.level(self.requirements)
        idle = not_run(case, self.candidate)
        if idle is not None:
            return Verdict(case=case, level=level, status=idle[0], reason=idle[1], scored=self.scores(case))
        candidate = self.candidate
        stage = RecordingStage(self.stage())
        began_s = time.monotonic()
        verdict = judged(case, candidate, stage, level)
        took_s = time.monotonic() - began_s
        verdict = attrs.evolve(verdict, scored=self.scores(case), took_s=took_s, record=stage.facts.record())
        return weighed(verdict, self.requirements)

    def stage(self) -> Stage:
        """The world, in which a conversation can take place."""
        return LiveStage(self.patience, self.stop)

    def sweep(self) -> None:
        """Ends the processes that left their group and let go of every pipe, found by the mark in their environment."""
        for pid in observe.marked(self.candidate.mark):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def judged(case: Case, candidate: Candidate, stage: Stage, level: str) -> Verdict:
    """
    Have the conversation of a case, and say what came of it.

    Args:
        case: Which.
        candidate: With whom.
        stage: Where; that of a record gives the verdict of the recorded conversation.
        level: ``MUST`` or ``SHOULD``.

    Raises:
        Interrupted: The run was stopped.
        DoesNotFit: The stage is that of a record, which is not one of this case.
    """
    if case.pickle_protocol is not None:
        candidate = attrs.evolve(candidate, pickle_protocol=case.pickle_protocol)
    conv = Conversation(candidate, stage, case.requirements[0])
    ending = _ending(case, conv)
    verdict = Verdict(
        case=case,
        level=level,
        status=Status.PASS,
        checks=conv.checks,
        transcript=tuple(event.record() for event in conv.transcript.events()),
        conversation=tuple(conv.transcript.last_lines(SHOWN_EVENTS)),
        stderr=tuple(conv.stderr_lines(SHOWN_STDERR_LINES)),
    )
    return verdict if ending is None else with_ending(verdict, ending)


def weighed(verdict: Verdict, requirements: Mapping[str, Requirement]) -> Verdict:
    """The same, as a MUST if one was seen to be broken: that counts, whatever the case is about."""
    is_must = any(requirements[name].level == "MUST" for name in verdict.violated)
    return attrs.evolve(verdict, level="MUST") if is_must else verdict


def _ending(case: Case, conv: Conversation) -> Exception | None:
    """Why the case did not pass; None if it did."""
    ending = attempt(lambda: case.body(conv))
    if ending is None and conv.checks < case.checks:
        ending = HarnessFault(f"{conv.checks} checks were made, {case.checks} are declared: this pass proves nothing")
    if isinstance(ending, Finding) and not isinstance(ending, Hang):
        attempt(conv.linger)
    if isinstance(ending, Finding):
        about_form = any(name.startswith(FORM) for name in (ending.requirement, *ending.also))
        # The bytes behind an outcome that is wrong are innocent.
        if about_form or isinstance(ending, Hang) or "WIRE-1" in (ending.requirement, *ending.also):
            ending.evidence = tuple(conv.evidence(message=about_form))
    ended_badly = attempt(conv.end)
    for each in (ending, ended_badly):
        if isinstance(each, Interrupted | DoesNotFit):
            raise each
    return ended_badly or ending


def attempt(act: Callable[[], None]) -> Exception | None:
    """How it ended, if not well; whatever goes wrong in the kit is a fault of the kit."""
    try:
        act()
    except KitError as ending:
        # The frames would keep what a flooding worker wrote alive until the garbage collector comes by.
        return ending.with_traceback(None)
    except Exception:  # noqa: BLE001 - whatever goes wrong in the kit is a verdict, not the end of the run
        return HarnessFault(traceback.format_exc())
    return None


def with_ending(verdict: Verdict, ending: Exception) -> Verdict:
    """The same, as what a case makes of it that ended so."""
    match ending:
        case Finding():
            return attrs.evolve(
                verdict,
                status=Status.FAIL,
                reason=str(ending),
                violated=tuple(dict.fromkeys((ending.requirement, *ending.also))),
                came=ending.came,
                due=ending.due,
                cure=ending.cure,
                hang=ending.sort if isinstance(ending, Hang) else "",
                evidence=ending.evidence,
            )
        case NotTestable():
            return attrs.evolve(verdict, status=Status.NOT_TESTABLE, reason=str(ending))
        case CannotStart():
            return attrs.evolve(
                verdict, status=Status.HARNESS_ERROR, reason=f"it had started before, but now: {ending}"
            )
        case _:
            return attrs.evolve(verdict, status=Status.HARNESS_ERROR, reason=str(ending))


def not_run(case: Case, candidate: Candidate) -> tuple[Status, str] | None:
    """Why a case is not run for this candidate; None if it is."""
    other = _does_not_apply(case, candidate)
    if other:
        return Status.NOT_APPLICABLE, other
    lacking = sorted(case.needs & candidate.lacks)
    if lacking:
        return Status.NOT_TESTABLE, f"the manifest says that the worker lacks {', '.join(lacking)}"
    if candidate.preparation_counted and "op:prepared" in case.needs:
        return Status.NOT_TESTABLE, FIXED_PREPARATION
    if candidate.ops is Ops.ABSENT and any(need.startswith("op:") for need in case.needs):
        return Status.NOT_TESTABLE, f"it takes the conformance payloads, and {candidate.ops_note}"
    if "failure" in case.needs and not _can_fail(candidate):
        return Status.NOT_TESTABLE, "it takes a task that raises, and the manifest has none: add [raises]"
    return None


def left_out(
    all_cases: Sequence[Case], chosen: Iterable[str], candidate: Candidate, required: frozenset[str] | None
) -> int:
    """
    How many cases a run does without, although they apply and score: what it shows is shown for the others alone.

    Args:
        all_cases: That the kit has.
        chosen: The ids of those of the run.
        candidate: As it was declared.
        required: The ids of the cases that score; None: all.
    """
    had = set(chosen)
    missing = [case for case in all_cases if case.id not in had and (required is None or case.id in required)]
    return sum(not _does_not_apply(case, candidate) for case in missing)


def _can_fail(candidate: Candidate) -> bool:
    served = candidate.ops is not Ops.ABSENT and "op:raise" not in candidate.lacks
    return served or candidate.any_payload_fails or candidate.failing is not None


def _does_not_apply(case: Case, candidate: Candidate) -> str:
    if case.worker_class != candidate.worker_class:
        return f"for the class {case.worker_class}"
    if candidate.worker_class == "command":
        return ""
    if candidate.codec not in case.codecs:
        return f"for the codec {case.codecs[0]}"
    dialect = "tagged" if candidate.tagged else "untagged"
    if dialect not in case.dialects:
        return f"for the dialect {case.dialects[0]}"
    protocol = case.pickle_protocol
    if protocol is not None and candidate.protocol_given and protocol > candidate.pickle_protocol:
        return f"protocol {candidate.pickle_protocol} was declared for this worker"
    return ""
