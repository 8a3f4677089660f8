"""The report: JSON lines, a header, a line a case and a footer, so that a report that was cut short shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TextIO

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.candidate_record import calibrated, declared
from spreadjobs_conform.common_options import CommonOptions
from spreadjobs_conform.findings import ReaderGone, UsageFault
from spreadjobs_conform.report_lines import FORMAT, SPEC
from spreadjobs_conform.verdicts import Outcome, Verdict


class JsonReport:
    """
    Writes a report while the run goes on.

    Args:
        stream: Where to; None: nowhere.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.kept: list[str] = []
        """The lines so far, of which other reports are made: without the records, which ``verify`` alone needs."""

    def header(  # noqa: PLR0913 - one argument a fact
        self,
        candidate: Candidate,
        options: CommonOptions,
        *,
        selected: int,
        left_out: int,
        baseline: Sequence[Mapping[str, object]] = (),
        prune_baseline: bool = False,
    ) -> datetime:
        """
        What is tested, and how.

        Args:
            candidate: The program.
            options: Of the run.
            selected: How many cases will be run.
            left_out: How many others apply and score.
            baseline: The entries of the baseline.
            prune_baseline: Whether what is stale is removed from it.

        Returns:
            When the run started: by that day the baseline is looked at.
        """
        started = datetime.now(UTC)
        self._line(
            {
                "kind": "header",
                "format": FORMAT,
                "spec": SPEC,
                **declared(candidate),
                "selected": selected,
                "left_out": left_out,
                "strict": options.strict,
                "all_scored": options.all_scored,
                "timeout_scale": options.timeout_scale,
                "baseline": list(baseline),
                "prune_baseline": prune_baseline,
                "again": options.again,
                "started": started.isoformat(timespec="seconds"),
            }
        )
        return started

    def calibrated(self, candidate: Candidate) -> None:
        """What the first conversation showed."""
        self._line({"kind": "calibration", **calibrated(candidate)})

    def verdict(self, verdict: Verdict) -> None:
        """What became of one case."""
        self._line({**case_line(verdict), "record": None if verdict.record is None else dict(verdict.record)})

    def footer(self, outcome: Outcome, took_s: float, *, complete: bool) -> None:
        """The totals."""
        self._line(
            {
                "kind": "footer",
                "complete": complete,
                "totals": outcome.totals(),
                "problems": list(outcome.problems),
                "exit_status": int(outcome.exit),
                "took_s": round(took_s, 3),
            }
        )

    def _line(self, record: Mapping[str, object]) -> None:
        self.kept.append(json.dumps({key: value for key, value in record.items() if key != "record"}))
        if self._stream is not None:
            # ASCII alone: what a worker wrote may hold lone surrogates, which UTF-8 cannot carry.
            try:
                self._stream.write(_json(record) + "\n")
                self._stream.flush()
            except BrokenPipeError as error:
                raise ReaderGone from error
            except OSError as error:
                raise UsageFault(f"--report: {error}") from error


def _json(record: Mapping[str, object]) -> str:
    # In a string, where alone it may stand: no CI takes a line of a report for a command to itself.
    return json.dumps(record, ensure_ascii=True).replace("##", "#\\u0023")


def case_line(verdict: Verdict) -> dict[str, object]:
    """What a report says of one case, but for the record of its conversation."""
    return {
        "kind": "case",
        "case": verdict.case.id,
        "requirements": list(verdict.case.requirements),
        "level": verdict.level,
        "family": verdict.case.family,
        "summary": verdict.case.summary,
        "status": verdict.status.value,
        "scored": verdict.scored,
        "reason": verdict.reason,
        "violated": list(verdict.violated),
        "came": verdict.came,
        "due": verdict.due,
        "cure": verdict.cure,
        "hang": verdict.hang,
        "evidence": list(verdict.evidence),
        "checks": verdict.checks,
        "took_s": round(verdict.took_s, 4),
        "stderr": list(verdict.stderr),
        "transcript": list(verdict.transcript),
    }
