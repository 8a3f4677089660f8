"""A run of a master: what ``spread-jobs-conform master -- COMMAND`` does."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from typing import TextIO

import attrs

from spreadjobs_conform.findings import CannotStart, Interrupted
from spreadjobs_conform.masters.catalogue import REQUIRED, master_cases
from spreadjobs_conform.masters.judging import MasterRunner, applies
from spreadjobs_conform.masters.options import MasterOptions
from spreadjobs_conform.masters.play import Performer
from spreadjobs_conform.masters.registry import MasterCase
from spreadjobs_conform.report_files import open_outputs, told_when_gone, write_reports
from spreadjobs_conform.report_json import JsonReport
from spreadjobs_conform.report_terminal import Terminal
from spreadjobs_conform.report_text import Look, TextReport
from spreadjobs_conform.required import load_required
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.selection import select_for_master
from spreadjobs_conform.verdicts import Exit, Outcome, Verdict, judge


@attrs.frozen
class _Run:
    """What belongs to one run."""

    options: MasterOptions
    cases: Sequence[MasterCase]
    left_out: int
    report: JsonReport
    terminal: Terminal


def run_master(options: MasterOptions, out: TextIO, err: TextIO) -> Exit:
    """
    Runs a master through the cases, and reports.

    Args:
        options: What was asked for.
        out: For the text.
        err: For the text, if a report was asked for on standard output.

    Raises:
        UsageFault: Nothing is selected, or a file cannot be written; no master was started.
        CannotStart: The command could not be started.
        ReaderGone: Nobody reads the text any more.
        Interrupted: The run was stopped.
    """
    requirements = load_requirements()
    required = None if options.all_scored else load_required(REQUIRED)
    codec = options.candidate.codec
    cases = select_for_master(options, master_cases(), requirements, required, lambda case: applies(case, codec))
    runner = MasterRunner(
        Performer(command=options.candidate.command, codec=codec, scale=options.timeout_scale), requirements, required
    )
    # What is asked for on standard output has it for itself.
    shared = options.formats.on_standard_output(options.report)
    terminal = Terminal(err if shared else out, len(cases), quiet=options.quiet)
    text = io.StringIO()
    with open_outputs(options.formats, out, options.report) as outputs:
        report = JsonReport(outputs.lines)
        try:
            exit_status = _collect(runner, _Run(options, cases, _left_out(runner, cases), report, terminal), text)
        finally:
            # Also of a run that was cut short: no file may be taken for that of an earlier run.
            write_reports(outputs, report.kept, options, requirements, out)
    with told_when_gone(out):
        terminal.write(text.getvalue())
    return exit_status


def _left_out(runner: MasterRunner, chosen: Sequence[MasterCase]) -> int:
    """How many cases the run does without, although they apply and score."""
    had = {case.id for case in chosen}
    return sum(case.id not in had and runner.scores(case) and runner.applies(case) for case in master_cases())


def _collect(runner: MasterRunner, run: _Run, text: TextIO) -> Exit:
    began_s = time.monotonic()
    options = run.options
    verdicts: list[Verdict] = []
    run.report.header(options.candidate, options, selected=len(run.cases), left_out=run.left_out)
    try:
        with run.terminal:
            for verdict in runner.run(run.cases, options.jobs):
                run.report.verdict(verdict)
                verdicts.append(verdict)
                run.terminal.saw(verdict)
    except (CannotStart, KeyboardInterrupt, Interrupted) as ending:
        status = Exit.NOT_STARTED if isinstance(ending, CannotStart) else Exit.INTERRUPTED
        run.report.footer(Outcome(tuple(verdicts), (), status), time.monotonic() - began_s, complete=False)
        raise
    outcome = attrs.evolve(judge(verdicts, (), strict=options.strict), left_out=run.left_out)
    took_s = time.monotonic() - began_s
    run.report.footer(outcome, took_s, complete=True)
    look = Look(quiet=options.quiet, columns=run.terminal.columns)
    TextReport(text, runner.requirements, options.again, look=look).write(outcome, took_s, runner.patience.cut())
    return outcome.exit
