"""Whole runs of the kit in this process: status, streams, and the lines of the report."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import attrs
import spreadjobs_conform.__main__ as program


@attrs.frozen
class Run:
    """What one run of the kit gave."""

    status: int
    out: str
    err: str
    lines: tuple[dict[str, object], ...] = ()

    @property
    def unfolded(self) -> str:
        """The text, lines that were too long for a screen in one again."""
        return re.sub(r"\n {10}(?=\S)", " ", self.out)

    def statuses(self) -> dict[object, object]:
        """The status of each case."""
        return {line["case"]: line["status"] for line in self.lines if line["kind"] == "case"}


def kit(*words: str) -> Run:
    """Runs the kit in this process."""
    out, err = io.StringIO(), io.StringIO()
    status = program.main(words, out, err)
    return Run(status, out.getvalue(), err.getvalue())


def kit_with_report(folder: Path, *words: str, verb: str = "run") -> Run:
    """Runs the kit in this process and reads its report."""
    report = folder / "report.jsonl"
    run = kit(verb, "--report", str(report), *words)
    lines = tuple(json.loads(line) for line in report.read_text(encoding="utf-8").splitlines())
    assert [lines[0]["kind"], lines[-1]["kind"]] == ["header", "footer"]
    assert lines[-1]["exit_status"] == run.status
    return attrs.evolve(run, lines=lines)
