"""What ``spread-jobs-conform fuzz -- WORKER`` does."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TextIO

import attrs

from spreadjobs_conform.candidate import Candidate, Ops
from spreadjobs_conform.control import Controls
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.fuzz_explore import CONFIRMED, Explorer, Shrunk, served_ops
from spreadjobs_conform.fuzz_files import FoundVector, read_vector, speaks, write_vector
from spreadjobs_conform.fuzz_options import FuzzOptions
from spreadjobs_conform.fuzz_report import FuzzReport, verdict_of
from spreadjobs_conform.fuzz_trial import Had, SteadyStage, had, level_of
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.requirements import Requirement, load_requirements
from spreadjobs_conform.runner import Runner
from spreadjobs_conform.state_table import load_transitions
from spreadjobs_conform.verdicts import Exit, Status

NO_PAYLOADS: Final = (
    "the worker does not serve the conformance payloads (spec/1.0, section 14), and fuzz sends no others: {note}"
)


def fuzz(options: FuzzOptions, out: TextIO) -> Exit:
    """
    Explores a worker, or plays one vector again, and reports.

    Args:
        options: What was asked for.
        out: For the text.

    Raises:
        UsageFault: The worker serves no conformance payloads or speaks another codec, or files cannot be read or
            written.
        CannotStart: The worker could not be started.
        Interrupted: The run was stopped.
    """
    requirements = load_requirements()
    vector = read_vector(options.again) if options.again is not None else None
    candidate = attrs.evolve(options.candidate, mark=f"SPREAD_JOBS_CONFORM_RUN={secrets.token_hex(8)}")
    if vector is not None:
        _check_language(options, vector)
        candidate = speaks(vector, candidate)
    patience = Patience(options.timeout_scale, time.monotonic)
    runner = Runner(candidate, patience, requirements)
    report = FuzzReport(out, requirements, options.command_again)
    try:
        with Controls(patience):
            runner = _calibrated(runner, options)
            if runner.candidate.ops is Ops.ABSENT:
                raise UsageFault(NO_PAYLOADS.format(note=runner.candidate.ops_note))
            if vector is not None and options.again is not None:
                return _again(vector, options, runner, report)
            return _explore(options, runner, report)
    finally:
        runner.sweep()


def _calibrated(runner: Runner, options: FuzzOptions) -> Runner:
    """The same, knowing the worker; that it hung at the first request makes no wait of the conversations shorter."""
    patience = Patience(options.timeout_scale, time.monotonic)
    calibrated = attrs.evolve(runner, patience=patience).calibrate()
    runner.patience.start_s = patience.start_s
    return attrs.evolve(calibrated, patience=runner.patience)


def _explore(options: FuzzOptions, runner: Runner, report: FuzzReport) -> Exit:
    candidate, patience = runner.candidate, runner.patience
    explorer = Explorer(options, candidate, patience, load_transitions(), served_ops(candidate, patience))
    tally = explorer.explore()
    levels: list[tuple[str, bool]] = []
    found = explorer.as_they_came(tally) if tally.interrupted else explorer.shrink(tally)
    for shrunk in sorted(found, key=lambda each: -each.count):
        level = level_of(shrunk.had.verdict, runner.requirements)
        levels.append((level, level == "MUST" or options.strict))
        report.found(shrunk, _written(shrunk, options, candidate))
    report.kit_faults(tally.faults)
    report.explored(tally, options.seed)
    if tally.interrupted:
        raise KeyboardInterrupt
    status, text = verdict_of(tally, levels)
    report.verdict(text)
    return status


def _written(shrunk: Shrunk, options: FuzzOptions, candidate: Candidate) -> Path:
    verdict = shrunk.had.verdict
    about = {
        "seed": options.seed,
        "conversation": shrunk.origin.number,
        "requirements": list(verdict.violated),
        "came": verdict.came,
        "due": verdict.due,
        "comes_and_goes": shrunk.is_flaky,
    }
    found = FoundVector(
        name=f"fuzz-{options.seed}-{shrunk.origin.number}",
        play=shrunk.play,
        codec=candidate.codec,
        tagged=candidate.tagged,
        pickle_protocol=candidate.pickle_protocol,
        about=about,
    )
    return write_vector(options.output, found, verdict.case)


def _check_language(options: FuzzOptions, vector: FoundVector) -> None:
    """
    Makes sure that no option asks for something else than the vector has.

    Raises:
        UsageFault: One does.
    """
    asked = options.candidate
    wrong = {
        "--codec": asked.codec != vector.codec,
        "--dialect": asked.tagged != vector.tagged,
        "--pickle-protocol": asked.pickle_protocol != vector.pickle_protocol,
    }
    for option in sorted(options.given):
        if wrong[option]:
            raise UsageFault(f"{option}: the vector {options.again} is for another one; leave the option out")


def _again(vector: FoundVector, options: FuzzOptions, runner: Runner, report: FuzzReport) -> Exit:
    """Plays a vector, several times if the worker passes: what comes and goes is to be seen."""
    place = options.again or Path()
    ends: list[Had] = []
    for _ in range(CONFIRMED):
        stage = SteadyStage(runner.patience, threading.Event())
        summary = f"the conversation of {place}"
        ends.append(had(f"fuzz/{vector.name}", summary, vector.play, runner.candidate, stage))
        if ends[-1].verdict.status is not Status.PASS:
            break
    return _told_again(ends, place, options, runner.requirements, report)


def _told_again(
    ends: list[Had], place: Path, options: FuzzOptions, requirements: Mapping[str, Requirement], report: FuzzReport
) -> Exit:
    last = ends[-1].verdict
    summary = last.case.summary + (f"; it passed {len(ends) - 1} times before" if len(ends) > 1 else "")
    match last.status:
        case Status.PASS:
            report.verdict(f"NO FAULT: the worker does all that is due in {place}, {len(ends)} times of {len(ends)}")
            return Exit.CONFORMANT
        case Status.FAIL:
            report.played(last, summary, place)
            binding = level_of(last, requirements) == "MUST" or options.strict
            report.verdict("NOT CONFORMANT" if binding else "CONFORMANT, but for a SHOULD")
            return Exit.FAILED if binding else Exit.CONFORMANT
        case Status.NOT_TESTABLE:
            report.verdict(f"NOT TESTED: {last.reason}")
            return Exit.NOT_TESTED
        case _:
            report.played(last, summary, place)
            return Exit.KIT_FAULT
