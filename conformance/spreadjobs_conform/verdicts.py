"""What became of each case, and of the whole run."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import attrs

from spreadjobs_conform.registry import CaseFacts


class Status(enum.Enum):
    """How a case ended."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    KNOWN = "known"
    """It failed as the baseline says that it does."""
    FLAKY = "flaky"
    """It failed, and the baseline says that it sometimes does."""
    NOT_APPLICABLE = "not-applicable"
    NOT_TESTABLE = "not-testable"
    HARNESS_ERROR = "harness-error"


class Exit(enum.IntEnum):
    """The exit statuses of the kit."""

    CONFORMANT = 0
    FAILED = 1
    USAGE = 2
    NOT_TESTED = 3
    NOT_STARTED = 4
    KIT_FAULT = 5
    INTERRUPTED = 130
    READER_GONE = 141


@attrs.frozen(kw_only=True)
class Verdict:
    """What became of one case."""

    case: CaseFacts
    level: str
    status: Status
    scored: bool = True
    """Whether the case is in the required set; otherwise its status is shown and counts for nothing."""
    reason: str = ""
    violated: tuple[str, ...] = ()
    """The requirements that the worker, or the master, was seen to break."""
    came: str = ""
    due: str = ""
    cure: str = ""
    hang: str = ""
    """Which sort of hang it was, if it was one."""
    evidence: tuple[str, ...] = attrs.field(default=(), repr=False)
    """The bytes that are no message, or what is wrong with the last one, for people."""
    checks: int = 0
    took_s: float = 0.0
    transcript: tuple[dict[str, object], ...] = attrs.field(default=(), repr=False)
    conversation: tuple[str, ...] = attrs.field(default=(), repr=False)
    """The last events, for people."""
    stderr: tuple[str, ...] = attrs.field(default=(), repr=False)
    record: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    """All that the conversation learned, for ``verify``; None if it was not had, or is too large."""


@attrs.frozen
class Outcome:
    """What became of the run."""

    verdicts: tuple[Verdict, ...]
    problems: tuple[str, ...]
    """What is wrong with the baseline: entries that match nothing any more."""
    exit: Exit
    notes: tuple[str, ...] = ()
    """What was done to files, for people."""
    left_out: int = 0
    """How many cases apply and score, and were not selected."""

    @property
    def party(self) -> str:
        """What was tested: a worker, or a master."""
        return party_of([verdict.case.worker_class for verdict in self.verdicts])

    def count(self, status: Status, *, scored: bool = False) -> int:
        """How many cases ended so; with ``scored``, of those that score."""
        return sum(verdict.status is status and (verdict.scored or not scored) for verdict in self.verdicts)

    def totals(self) -> dict[str, int]:
        """The number of cases of every status."""
        return {status.value: self.count(status) for status in Status}


def party_of(classes: Sequence[str]) -> str:
    """
    What programs of these classes are called: worker or master, and where both are there, program.

    Args:
        classes: Such as ``worker``, ``command`` and ``master``.
    """
    masters = sum(each == "master" for each in classes)
    return "worker" if not masters else "master" if masters == len(classes) else "program"


def verdict_line(status: Exit, *, known: int, failed: int, left_out: int, party: str = "worker") -> str:
    """
    The outcome of a run, in one line.

    Args:
        status: Of the run.
        known: How many failures a baseline tolerates.
        failed: How many cases failed; of a run that conforms, those of a SHOULD.
        left_out: How many cases apply and score, and were not selected.
        party: What was tested: a worker, or a master.
    """
    match status:
        case Exit.CONFORMANT:
            where = (
                f" in what was selected ({left_out} {'case' if left_out == 1 else 'cases'} left out)"
                if left_out
                else ""
            )
            failures = f"{known} known {'failure' if known == 1 else 'failures'}"
            parts = [failures] * bool(known) + [f"{failed} SHOULD that failed"] * bool(failed)
            return f"CONFORMANT{where}" + (f", but for {' and '.join(parts)}" if parts else "")
        case Exit.NOT_TESTED:
            return "NOTHING FAILED, but not every MUST could be tested"
        case Exit.KIT_FAULT:
            return f"THE KIT FAILED: this says nothing about the {party}"
        case Exit.FAILED if not failed:
            return "THE BASELINE IS STALE: no case failed that it does not know"
        case _:
            return "NOT CONFORMANT"


def judge(verdicts: Sequence[Verdict], problems: Sequence[str], *, strict: bool, notes: Sequence[str] = ()) -> Outcome:
    """
    The outcome of a run.

    Args:
        verdicts: What became of its cases.
        problems: What is wrong with the baseline.
        strict: Whether a SHOULD that failed counts too.
        notes: What was done to files.
    """
    ended = [(verdict.status.value, verdict.level) for verdict in verdicts if verdict.scored]
    status = exit_of(ended, stale=bool(problems), strict=strict)
    return Outcome(tuple(verdicts), tuple(problems), status, tuple(notes))


def exit_of(ended: Sequence[tuple[str, str]], *, stale: bool, strict: bool) -> Exit:
    """
    The exit status of a run.

    Args:
        ended: Status and level of each case that scores.
        stale: Whether the baseline is.
        strict: Whether a SHOULD that failed counts too.
    """
    binding = ("MUST", "SHOULD") if strict else ("MUST",)
    if any(status == Status.HARNESS_ERROR.value for status, _ in ended):
        return Exit.KIT_FAULT
    if stale or any(status == Status.FAIL.value and level in binding for status, level in ended):
        return Exit.FAILED
    return Exit.NOT_TESTED if (Status.NOT_TESTABLE.value, "MUST") in ended else Exit.CONFORMANT
