"""``spread-jobs-conform``: the command."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

import attrs

from spreadjobs_conform.baseline import Baseline, load_baseline
from spreadjobs_conform.catalogue import all_cases, choose
from spreadjobs_conform.control import Controls
from spreadjobs_conform.explain import explain, list_json, list_text
from spreadjobs_conform.findings import CannotStart, DoesNotFit, HarnessFault, Interrupted, ReaderGone, UsageFault
from spreadjobs_conform.options import ExplainOptions, ListOptions, RunOptions, SelftestOptions, VerifyOptions, parse
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.registry import Case
from spreadjobs_conform.report_files import Outputs, open_outputs, write_text
from spreadjobs_conform.report_json import JsonReport
from spreadjobs_conform.report_lines import lines_of, read_lines
from spreadjobs_conform.report_markdown import as_text
from spreadjobs_conform.report_options import ReportOptions
from spreadjobs_conform.report_read import read_reports, typed, worst_exit
from spreadjobs_conform.report_terminal import Terminal
from spreadjobs_conform.report_text import TextReport
from spreadjobs_conform.requirements import Requirement, load_requirements
from spreadjobs_conform.runner import Runner, not_run
from spreadjobs_conform.selftest import selftest
from spreadjobs_conform.verdicts import Exit, Outcome, Status, Verdict, judge
from spreadjobs_conform.verify import verify, write_verified


def main(arguments: Sequence[str], out: TextIO, err: TextIO) -> int:  # noqa: PLR0911 - one row an ending
    """
    The whole command.

    Args:
        arguments: Without the program's name.
        out: For the report.
        err: For errors.

    Returns:
        The exit status.
    """
    try:
        options = parse(arguments)
        if isinstance(options, RunOptions):
            return int(_run(options, out, err))
        if isinstance(options, VerifyOptions):
            return int(_verify(options, out))
        if isinstance(options, ReportOptions):
            return int(_report(options, out))
        if isinstance(options, SelftestOptions):
            with _told_when_gone(out):
                return int(selftest(options, out))
        with _told_when_gone(out):
            out.write(_shown(options) + "\n")
    except UsageFault as fault:
        err.write(f"spread-jobs-conform: {fault}\n")
        return Exit.USAGE
    except CannotStart as fault:
        err.write(f"spread-jobs-conform: {fault}\n")
        return Exit.NOT_STARTED
    except (KeyboardInterrupt, Interrupted):
        err.write("spread-jobs-conform: interrupted; all workers were ended\n")
        return Exit.INTERRUPTED
    except ReaderGone:
        return Exit.READER_GONE
    except HarnessFault as fault:
        err.write(f"spread-jobs-conform: a fault of the kit: {fault}\n")
        return Exit.KIT_FAULT
    except Exception:  # noqa: BLE001 - exit status 1 would blame the worker
        err.write(f"spread-jobs-conform: a fault of the kit:\n{traceback.format_exc()}")
        return Exit.KIT_FAULT
    return Exit.CONFORMANT


def _shown(options: ListOptions | ExplainOptions) -> str:
    requirements = load_requirements()
    if isinstance(options, ExplainOptions):
        return explain(options.subject, all_cases(), requirements)
    return list_json(all_cases(), requirements) if options.as_json else list_text(all_cases(), requirements)


def _verify(options: VerifyOptions, out: TextIO) -> Exit:
    report = read_lines(options.report)
    try:
        found = list(verify(report, all_cases(), load_requirements()))
    except DoesNotFit as misfit:
        raise UsageFault(f"report {options.report}: {misfit}") from misfit
    with _told_when_gone(out):
        return write_verified(report, found, out)


def _report(options: ReportOptions, out: TextIO) -> Exit:
    requirements = load_requirements()
    reports = read_reports(options.reports, options.names)
    with _told_when_gone(out), open_outputs(options.formats, out) as outputs:
        if not options.formats.files:
            write_text(out, as_text(reports, requirements))
        outputs.write(reports, requirements)
    return worst_exit(reports)


def _run(options: RunOptions, out: TextIO, err: TextIO) -> Exit:
    requirements = load_requirements()
    cases = choose(all_cases(), requirements, patterns=options.patterns, skipped=options.skipped, ids=options.ids)
    candidate = attrs.evolve(options.candidate, mark=f"SPREAD_JOBS_CONFORM_RUN={secrets.token_hex(8)}")
    if all((idle := not_run(case, candidate)) and idle[0] is Status.NOT_APPLICABLE for case in cases):
        raise UsageFault("nothing is selected that applies to this class, codec, dialect and protocol")
    baseline = load_baseline(options.baseline) if options.baseline is not None else Baseline()
    runner = Runner(candidate, Patience(options.timeout_scale, time.monotonic), requirements)
    # What is asked for on standard output has it for itself.
    terminal = Terminal(err if options.formats.on_standard_output else out, len(cases), quiet=options.quiet)
    text = io.StringIO()
    with _opened(options.report) as stream, open_outputs(options.formats, out) as outputs:
        report = JsonReport(stream)
        try:
            exit_status = _collect(runner, cases, options, baseline, report, terminal, text)
        finally:
            # Also of a run that was cut short: no file may be taken for that of an earlier run.
            _write(outputs, report.kept, options, requirements, out)
    with _told_when_gone(out):
        terminal.write(text.getvalue())
    return exit_status


def _write(
    outputs: Outputs,
    lines: Sequence[str],
    options: RunOptions,
    requirements: Mapping[str, Requirement],
    out: TextIO,
) -> None:
    """Every other report is made of the lines of the one."""
    if lines and options.formats.files:
        with _told_when_gone(out):
            outputs.write((typed(lines_of(lines, options.report or Path("--report"))),), requirements)


def _collect(  # noqa: PLR0913 - all that a run has
    runner: Runner,
    cases: Sequence[Case],
    options: RunOptions,
    baseline: Baseline,
    report: JsonReport,
    terminal: Terminal,
    text: TextIO,
) -> Exit:
    began_s = time.monotonic()
    verdicts: list[Verdict] = []
    report.header(runner.candidate, len(cases), strict=options.strict, again=options.again)
    try:
        with terminal:
            runner = _run_cases(runner, cases, options.jobs, baseline, report, verdicts, terminal)
    except (CannotStart, KeyboardInterrupt, Interrupted) as ending:
        status = Exit.NOT_STARTED if isinstance(ending, CannotStart) else Exit.INTERRUPTED
        report.footer(Outcome(tuple(verdicts), (), status), time.monotonic() - began_s, complete=False)
        raise
    outcome = judge(verdicts, baseline.problems(verdicts, all_cases()), strict=options.strict)
    took_s = time.monotonic() - began_s
    report.footer(outcome, took_s, complete=True)
    unanswered = runner.candidate if runner.unanswered else None
    shown = TextReport(text, runner.requirements, options.again, unanswered, quiet=options.quiet)
    shown.write(outcome, took_s, runner.patience.cut())
    return outcome.exit


def _run_cases(  # noqa: PLR0913 - all that a run has
    runner: Runner,
    cases: Sequence[Case],
    jobs: int,
    baseline: Baseline,
    report: JsonReport,
    verdicts: list[Verdict],
    terminal: Terminal,
) -> Runner:
    try:
        with Controls(runner.patience):
            calibrated = runner.calibrate()
            report.calibrated(calibrated.candidate)
            for verdict in calibrated.run(cases, jobs):
                seen = baseline.apply(verdict)
                report.verdict(seen)
                verdicts.append(seen)
                terminal.saw(seen)
    finally:
        runner.sweep()
    return calibrated


@contextlib.contextmanager
def _told_when_gone(out: TextIO) -> Iterator[None]:
    # A broken pipe anywhere else is the worker's, or a fault of the kit.
    try:
        yield
        out.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    try:
        stream = path.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageFault(f"--report {path}: {error}") from error
    with stream:
        yield stream


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def run() -> None:
    """The entry point of the installed command."""
    # Ended by its parent, the kit still ends its workers.
    signal.signal(signal.SIGTERM, _interrupt)
    status = main(sys.argv[1:], sys.stdout, sys.stderr)
    if status == Exit.READER_GONE:
        # What is still in the buffer would make the interpreter complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


if __name__ == "__main__":
    run()
