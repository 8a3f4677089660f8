"""``spread-jobs-conform``: the command."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

import attrs

from spreadjobs_conform.baseline import Baseline, load_baseline
from spreadjobs_conform.catalogue import all_cases, choose
from spreadjobs_conform.explain import explain, list_json, list_text
from spreadjobs_conform.findings import CannotStart, DoesNotFit, HarnessFault, Interrupted, ReaderGone, UsageFault
from spreadjobs_conform.options import (
    AllBytesOptions,
    BytesOptions,
    ExplainOptions,
    ListOptions,
    RunOptions,
    VerifyOptions,
    parse,
)
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.registry import Case
from spreadjobs_conform.report_json import JsonReport
from spreadjobs_conform.report_lines import read_lines
from spreadjobs_conform.report_text import TextReport
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.runner import Runner, not_run
from spreadjobs_conform.vector_bytes import write_bytes
from spreadjobs_conform.vector_files import files_of, write_files
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
            return int(_run(options, out))
        if isinstance(options, VerifyOptions):
            return int(_verify(options, out))
        if isinstance(options, AllBytesOptions):
            write_files(options.folder, files_of(all_cases(), load_requirements()))
            return Exit.CONFORMANT
        if isinstance(options, BytesOptions):
            with _told_when_gone(out):
                write_bytes(options, all_cases(), out, err)
            return Exit.CONFORMANT
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


def _run(options: RunOptions, out: TextIO) -> Exit:
    requirements = load_requirements()
    cases = choose(all_cases(), requirements, patterns=options.patterns, skipped=options.skipped, ids=options.ids)
    candidate = attrs.evolve(options.candidate, mark=f"SPREAD_JOBS_CONFORM_RUN={secrets.token_hex(8)}")
    if all((idle := not_run(case, candidate)) and idle[0] is Status.NOT_APPLICABLE for case in cases):
        raise UsageFault("nothing is selected that applies to this class, codec, dialect and protocol")
    baseline = load_baseline(options.baseline) if options.baseline is not None else Baseline()
    began_s = time.monotonic()
    runner = Runner(candidate, Patience(options.timeout_scale, time.monotonic), requirements)
    with _opened(options.report) as stream:
        report = JsonReport(stream)
        report.header(candidate, len(cases), strict=options.strict)
        verdicts: list[Verdict] = []
        try:
            runner = _collect(runner, cases, options.jobs, baseline, report, verdicts)
        except (CannotStart, KeyboardInterrupt, Interrupted) as ending:
            status = Exit.NOT_STARTED if isinstance(ending, CannotStart) else Exit.INTERRUPTED
            report.footer(Outcome(tuple(verdicts), (), status), time.monotonic() - began_s, complete=False)
            raise
        outcome = judge(verdicts, baseline.problems(verdicts, all_cases()), strict=options.strict)
        took_s = time.monotonic() - began_s
        report.footer(outcome, took_s, complete=True)
    text = TextReport(out, requirements, options.again, runner.candidate if runner.unanswered else None)
    with _told_when_gone(out):
        text.write(outcome, took_s, runner.patience.cut())
    return outcome.exit


def _collect(  # noqa: PLR0913 - all that a run has
    runner: Runner, cases: Sequence[Case], jobs: int, baseline: Baseline, report: JsonReport, verdicts: list[Verdict]
) -> Runner:
    try:
        calibrated = runner.calibrate()
        report.calibrated(calibrated.candidate)
        for verdict in calibrated.run(cases, jobs):
            seen = baseline.apply(verdict)
            report.verdict(seen)
            verdicts.append(seen)
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
