"""What became of each case, and of the whole run."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import attrs

from spreadjobs_conform.registry import Case


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

    case: Case
    level: str
    status: Status
    reason: str = ""
    violated: tuple[str, ...] = ()
    """The requirements that the worker was seen to break."""
    came: str = ""
    due: str = ""
    cure: str = ""
    checks: int = 0
    took_s: float = 0.0
    transcript: tuple[dict[str, object], ...] = attrs.field(default=(), repr=False)
    conversation: tuple[str, ...] = attrs.field(default=(), repr=False)
    """The last events, for people."""
    stderr: tuple[str, ...] = attrs.field(default=(), repr=False)


@attrs.frozen
class Outcome:
    """What became of the run."""

    verdicts: tuple[Verdict, ...]
    problems: tuple[str, ...]
    """What is wrong with the baseline: entries that match nothing any more."""
    exit: Exit

    def count(self, status: Status) -> int:
        """How many cases ended so."""
        return sum(verdict.status is status for verdict in self.verdicts)

    def totals(self) -> dict[str, int]:
        """The number of cases of every status."""
        return {status.value: self.count(status) for status in Status}


def judge(verdicts: Sequence[Verdict], problems: Sequence[str], *, strict: bool) -> Outcome:
    """
    The outcome of a run.

    Args:
        verdicts: What became of its cases.
        problems: What is wrong with the baseline.
        strict: Whether a SHOULD that failed counts too.
    """
    binding = ("MUST", "SHOULD") if strict else ("MUST",)
    statuses = {verdict.status for verdict in verdicts}
    failed = any(verdict.status is Status.FAIL and verdict.level in binding for verdict in verdicts)
    untested = any(verdict.status is Status.NOT_TESTABLE and verdict.level == "MUST" for verdict in verdicts)
    if Status.HARNESS_ERROR in statuses:
        status = Exit.KIT_FAULT
    elif failed or problems:
        status = Exit.FAILED
    else:
        status = Exit.NOT_TESTED if untested else Exit.CONFORMANT
    return Outcome(tuple(verdicts), tuple(problems), status)
