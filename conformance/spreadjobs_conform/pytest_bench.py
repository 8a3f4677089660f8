"""What the tests of one pytest process share: the worker, the options, the baseline, and how a case is run."""

from __future__ import annotations

import contextlib
import io
import secrets
import shlex
import threading
import time
from collections.abc import Sequence
from typing import Final

import attrs

from spreadjobs_conform.baseline import Baseline
from spreadjobs_conform.baseline_toml import load_baseline
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.control import Controls
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.options import RunOptions, parse
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.registry import Case
from spreadjobs_conform.report_escape import escaped_line
from spreadjobs_conform.report_text import TextReport
from spreadjobs_conform.required import load_required
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.runner import Runner, not_run
from spreadjobs_conform.selection import select
from spreadjobs_conform.verdicts import Status, Verdict

ALLOWED: Final = (
    "--class",
    "--codec",
    "--dialect",
    "--pickle-protocol",
    "--manifest",
    "--no-manifest",
    "--case",
    "--skip",
    "--req",
    "--strict",
    "--baseline",
    "--timeout-scale",
    "--all-scored",
)
"""The options of the kit that have a meaning here: reports, and how many tests run at a time, are pytest's business."""


class Bench:
    """
    Runs cases, one at a time.

    Args:
        options: What was asked for.
        cases: What to run.
        idle: What was selected too, and does not apply.
        baseline: What is known to fail.
        required: The ids of the cases that score; None: all.
    """

    def __init__(
        self,
        options: RunOptions,
        cases: Sequence[Case],
        idle: Sequence[Verdict],
        baseline: Baseline,
        required: frozenset[str] | None,
    ) -> None:
        self.options = options
        self.cases = cases
        self.idle = idle
        self.baseline = baseline
        self._requirements = load_requirements()
        candidate = attrs.evolve(options.candidate, mark=f"SPREAD_JOBS_CONFORM_RUN={secrets.token_hex(8)}")
        self._fresh = Runner(candidate, self._patience(), self._requirements, required=required)
        self._calibrated: Runner | None = None
        self._begun = False
        self._controls = contextlib.ExitStack()

    def _patience(self) -> Patience:
        return Patience(self.options.timeout_scale, time.monotonic)

    def start(self) -> Runner:
        """
        Starts the worker once, as the first conversation of a run does.

        Raises:
            CannotStart: It could not be started.
        """
        if self._calibrated is None:
            self._calibrated = self._fresh.calibrate()
        return self._calibrated

    def run(self, case: Case) -> Verdict:
        """
        The verdict on a case, as the baseline sees it.

        Raises:
            CannotStart: The worker could not be started.
        """
        runner = self.start()
        if not self._begun:
            # Limits depend on how long the run has been going on: the tests that ran before are none of it.
            patience = self._patience()
            patience.start_s = runner.patience.start_s
            self._controls.enter_context(Controls(patience))
            runner = self._calibrated = attrs.evolve(runner, patience=patience)
            self._begun = True
        # One that was stopped, as by a time limit of pytest's, must not stop the next.
        (verdict,) = attrs.evolve(runner, stop=threading.Event()).run([case], 1)
        return self.baseline.apply(verdict)

    def scores(self, case: Case) -> bool:
        """Whether the case can make the run fail."""
        return self._fresh.scores(case)

    def told(self, verdict: Verdict) -> str:
        """A failure as the kit tells it, what it comes to first: that is the line in pytest's summary."""
        stream = io.StringIO()
        if verdict.status is not Status.HARNESS_ERROR:
            stream.write(f"{escaped_line(verdict.reason)}\n\n")
        TextReport(stream, self._requirements, self.options.again).failure(verdict)
        return stream.getvalue().strip("\n")

    def close(self) -> None:
        """Ends what the worker has left behind."""
        self._controls.close()
        self._fresh.sweep()


def bench_for(worker: str | None, words: str | None) -> Bench:
    """
    The bench for a command line of pytest.

    Args:
        worker: The worker's command, quoted as for a shell; None: the manifest has it.
        words: Options of the kit, quoted likewise; None: none.

    Raises:
        UsageFault: They make no sense.
    """
    options = _options(worker, words)
    requirements = load_requirements()
    required = None if options.all_scored else load_required()
    cases: list[Case] = []
    idle: list[Verdict] = []
    for case in select(options, all_cases(), requirements, required):
        why = not_run(case, options.candidate)
        if why is not None and why[0] is Status.NOT_APPLICABLE:
            level = case.level(requirements)
            scored = required is None or case.id in required
            idle.append(Verdict(case=case, level=level, status=why[0], reason=why[1], scored=scored))
        else:
            cases.append(case)
    baseline = load_baseline(options.baseline) if options.baseline is not None else Baseline()
    return Bench(options, cases, idle, baseline, required)


def _options(worker: str | None, words: str | None) -> RunOptions:
    given = _split("--spread-jobs-options", words or "")
    for word in given:
        if word.startswith("-") and word.partition("=")[0] not in ALLOWED:
            hint = "; reports and the number of tests at a time are pytest's: --junit-xml, and -n of pytest-xdist"
            raise UsageFault(f"--spread-jobs-options: {word} means nothing under pytest{hint}")
    command = [] if worker is None else ["--", *_split("--spread-jobs-worker", worker)]
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            options = parse(["run", *given, *command])
    except SystemExit as end:
        said = complaint.getvalue().strip().rpartition("\n")[2]
        raise UsageFault(f"--spread-jobs-options: {said}") from end
    if isinstance(options, RunOptions):
        return options
    raise AssertionError("run was parsed as another verb")


def _split(option: str, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageFault(f"{option} {text!r}: {error}") from error
