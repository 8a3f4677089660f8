"""A run: what ``spread-jobs-conform -- WORKER`` does."""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Sequence
from typing import TextIO

import attrs

from spreadjobs_conform.baseline import NOT_KEPT
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.control import Controls
from spreadjobs_conform.findings import CannotStart, Interrupted, UsageFault
from spreadjobs_conform.options import RunOptions
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.registry import Case
from spreadjobs_conform.report_files import open_outputs, told_when_gone, write_reports
from spreadjobs_conform.report_json import JsonReport
from spreadjobs_conform.report_terminal import Terminal
from spreadjobs_conform.report_text import Look, TextReport
from spreadjobs_conform.required import load_required
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.runner import Runner, left_out
from spreadjobs_conform.selection import select
from spreadjobs_conform.upkeep import Upkeep, open_upkeep
from spreadjobs_conform.verdicts import Exit, Outcome, Verdict, judge


@attrs.frozen
class _Run:
    """What belongs to one run."""

    options: RunOptions
    cases: Sequence[Case]
    left_out: int
    upkeep: Upkeep
    report: JsonReport
    terminal: Terminal


def run_cases(options: RunOptions, out: TextIO, err: TextIO) -> Exit:
    """
    Runs a worker through the cases, and reports.

    Args:
        options: What was asked for.
        out: For the text.
        err: For the text, if a report was asked for on standard output.

    Raises:
        UsageFault: Nothing is selected, or a file cannot be read or written; no worker was started. Or the worker
            speaks another codec than was declared; no case was run.
        CannotStart: The worker could not be started.
        ReaderGone: Nobody reads the text any more.
        Interrupted: The run was stopped.
    """
    requirements = load_requirements()
    required = None if options.all_scored else load_required()
    cases = select(options, all_cases(), requirements, required)
    missing = left_out(all_cases(), [case.id for case in cases], options.candidate, required)
    candidate = attrs.evolve(options.candidate, mark=f"SPREAD_JOBS_CONFORM_RUN={secrets.token_hex(8)}")
    upkeep = open_upkeep(options.baseline, options.write_baseline, prune=options.prune_baseline)
    runner = Runner(candidate, Patience(options.timeout_scale, time.monotonic), requirements, required=required)
    # What is asked for on standard output has it for itself.
    shared = options.formats.on_standard_output(options.report)
    terminal = Terminal(err if shared else out, len(cases), quiet=options.quiet)
    text = io.StringIO()
    if options.found is not None and not options.quiet:
        text.write(f"as {options.found} says (--no-manifest: without it): {_told(options.candidate)}\n")
    with open_outputs(options.formats, out, options.report) as outputs:
        report = JsonReport(outputs.lines)
        try:
            exit_status = _collect(runner, _Run(options, cases, missing, upkeep, report, terminal), text)
        finally:
            # Also of a run that was cut short: no file may be taken for that of an earlier run.
            write_reports(outputs, report.kept, options, requirements, out)
    with told_when_gone(out):
        terminal.write(text.getvalue())
    return exit_status


def _told(candidate: Candidate) -> str:
    samples = f", {len(candidate.samples)} tasks of its own" if candidate.samples else ""
    return f"codec {candidate.codec}{samples}"


def _collect(runner: Runner, run: _Run, text: TextIO) -> Exit:
    began_s = time.monotonic()
    options, report = run.options, run.report
    verdicts: list[Verdict] = []
    entries = [entry.record() for entry in run.upkeep.baseline.entries.values()]
    started = report.header(
        runner.candidate,
        options,
        selected=len(run.cases),
        left_out=run.left_out,
        baseline=entries,
        prune_baseline=options.prune_baseline,
    )
    try:
        with run.terminal:
            runner = _converse(runner, run, verdicts)
    except (CannotStart, UsageFault, KeyboardInterrupt, Interrupted) as ending:
        status = Exit.INTERRUPTED
        if isinstance(ending, CannotStart | UsageFault):
            status = Exit.NOT_STARTED if isinstance(ending, CannotStart) else Exit.USAGE
        report.footer(Outcome(tuple(verdicts), (), status), time.monotonic() - began_s, complete=False)
        raise
    try:
        problems, notes = run.upkeep.settle(verdicts, all_cases(), started.date())
    except UsageFault as fault:  # What the run has found must not be lost with it.
        found = run.upkeep.baseline.problems(verdicts, all_cases(), started.date())
        problems, notes = (*(problem.text for problem in found), f"{NOT_KEPT}{fault}"), ()
    outcome = judge(verdicts, problems, strict=options.strict, notes=notes)
    outcome = attrs.evolve(outcome, left_out=run.left_out)
    took_s = time.monotonic() - began_s
    report.footer(outcome, took_s, complete=True)
    unanswered = runner.candidate if runner.unanswered else None
    shown = TextReport(
        text, runner.requirements, options.again, unanswered, Look(quiet=options.quiet, columns=run.terminal.columns)
    )
    shown.write(outcome, took_s, runner.patience.cut())
    return outcome.exit


def _converse(runner: Runner, run: _Run, verdicts: list[Verdict]) -> Runner:
    try:
        with Controls(runner.patience):
            calibrated = runner.calibrate()
            run.report.calibrated(calibrated.candidate)
            for verdict in calibrated.run(run.cases, run.options.jobs):
                seen = run.upkeep.baseline.apply(verdict)
                run.report.verdict(seen)
                verdicts.append(seen)
                run.terminal.saw(seen)
    finally:
        runner.sweep()
    return calibrated
