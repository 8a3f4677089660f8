"""``spread-jobs-conform``: the command."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn, TextIO

from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.explain import explain, list_json, list_text
from spreadjobs_conform.findings import CannotStart, DoesNotFit, HarnessFault, Interrupted, ReaderGone, UsageFault
from spreadjobs_conform.fuzz_options import FuzzOptions
from spreadjobs_conform.fuzz_running import fuzz
from spreadjobs_conform.masters.catalogue import REQUIRED, master_cases
from spreadjobs_conform.masters.options import VERB, MasterOptions, parse_master
from spreadjobs_conform.masters.running import run_master
from spreadjobs_conform.options import (
    AllBytesOptions,
    BytesOptions,
    ExplainOptions,
    ListOptions,
    Options,
    RunOptions,
    SelftestOptions,
    VerifyOptions,
    parse,
)
from spreadjobs_conform.report_escape import escaped_line, visible
from spreadjobs_conform.report_files import makeable, open_outputs, told_when_gone, write_text
from spreadjobs_conform.report_lines import read_lines
from spreadjobs_conform.report_markdown import as_text
from spreadjobs_conform.report_options import ReportOptions
from spreadjobs_conform.report_read import read_reports, worst_exit
from spreadjobs_conform.required import load_required
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.running import run_cases
from spreadjobs_conform.selftest import selftest
from spreadjobs_conform.vector_bytes import write_bytes
from spreadjobs_conform.vector_files import files_of, write_files
from spreadjobs_conform.verdicts import Exit
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
        return int(_done(_parsed(arguments), out, err))
    except UsageFault as fault:
        err.write(f"spread-jobs-conform: {escaped_line(str(fault))}\n")
        return Exit.USAGE
    except CannotStart as fault:
        err.write(f"spread-jobs-conform: {escaped_line(str(fault))}\n")
        return Exit.NOT_STARTED
    except (KeyboardInterrupt, Interrupted):
        started = "masters and workers" if _is_of_master(arguments) else "workers"
        err.write(f"spread-jobs-conform: interrupted; all {started} were ended\n")
        return Exit.INTERRUPTED
    except ReaderGone:
        return Exit.READER_GONE
    except HarnessFault as fault:
        err.write(f"spread-jobs-conform: a fault of the kit: {visible(str(fault))}\n")
        return Exit.KIT_FAULT
    except Exception:  # noqa: BLE001 - exit status 1 would blame what is tested
        err.write(f"spread-jobs-conform: a fault of the kit:\n{visible(traceback.format_exc())}")
        return Exit.KIT_FAULT


def _parsed(arguments: Sequence[str]) -> Options | MasterOptions:
    return parse_master(arguments[1:]) if _is_of_master(arguments) else parse(arguments)


def _is_of_master(arguments: Sequence[str]) -> bool:
    return list(arguments[:1]) == [VERB]


def _done(options: Options | MasterOptions, out: TextIO, err: TextIO) -> Exit:  # noqa: PLR0911 - one row a verb
    match options:
        case RunOptions():
            return run_cases(options, out, err)
        case MasterOptions():
            return run_master(options, out, err)
        case VerifyOptions():
            return _verify(options, out)
        case ReportOptions():
            return _report(options, out)
        case AllBytesOptions():
            write_files(options.folder, files_of(all_cases(), load_requirements()))
            return Exit.CONFORMANT
        case _:
            pass
    with told_when_gone(out):
        match options:
            case SelftestOptions() | FuzzOptions():
                return selftest(options, out) if isinstance(options, SelftestOptions) else fuzz(options, out)
            case BytesOptions():
                write_bytes(options, all_cases(), out, err)
            case _:
                out.write(_shown(options) + "\n")
    return Exit.CONFORMANT


def _shown(options: ListOptions | ExplainOptions) -> str:
    requirements = load_requirements()
    if isinstance(options, ExplainOptions):
        return explain(options.subject, (*all_cases(), *master_cases()), requirements)
    listed = list_json if options.as_json else list_text
    if options.masters:
        return listed(master_cases(), requirements, load_required(REQUIRED))
    return listed(all_cases(), requirements, load_required())


def _verify(options: VerifyOptions, out: TextIO) -> Exit:
    report = read_lines(options.report)
    try:
        found = list(verify(report, all_cases(), load_requirements()))
    except DoesNotFit as misfit:
        raise UsageFault(f"report {options.report}: {misfit}") from misfit
    text = io.StringIO()
    status = write_verified(report, found, text)
    with told_when_gone(out):
        write_text(out, text.getvalue())
    return status


def _report(options: ReportOptions, out: TextIO) -> Exit:
    requirements = load_requirements()
    reports = read_reports(options.reports, options.names)
    formats, lacking = makeable(options.formats)
    with told_when_gone(out), open_outputs(formats, out) as outputs:
        if not options.formats.files:
            write_text(out, as_text(reports, requirements))
        outputs.write(reports, requirements)
    if lacking:
        raise UsageFault(lacking)
    return worst_exit(reports)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def run() -> None:
    """The entry point of the installed command."""
    # Ended by its parent or with its terminal, the kit still ends its workers; under nohup it goes on.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)
    status = main(sys.argv[1:], sys.stdout, sys.stderr)
    if status == Exit.READER_GONE:
        # What is still in the buffer would make the interpreter complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


if __name__ == "__main__":
    run()
