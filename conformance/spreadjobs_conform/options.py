"""The command line. It is stable: scripts outside the project rely on it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from spreadjobs_conform.again import again
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.common_options import CommonOptions, add_choice, add_running, count, processors
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.fuzz_options import FuzzOptions, parse_fuzz
from spreadjobs_conform.language_options import add_language, candidate_of
from spreadjobs_conform.manifest import NAME, Manifest, beside, load_manifest
from spreadjobs_conform.report_options import (
    ReportOptions,
    check_report,
    formats_of,
    parse_report,
)

DEFAULT_PROTOCOL: Final = 4
VERBS: Final = ("run", "list", "explain", "bytes", "verify", "report", "fuzz", "selftest")
EPILOG: Final = """\
commands:
  spread-jobs-conform [run] [options] -- WORKER [ARG...]   run a worker through the specification
  spread-jobs-conform master [options] -- COMMAND [ARG...] run a master through it (spec/1.0/masters.md)
  spread-jobs-conform list [--masters] [--json]            show all cases, for workers or for masters
  spread-jobs-conform explain REQ-OR-CASE                  show a requirement or a case
  spread-jobs-conform verify REPORT                        find every verdict of a report anew, without the worker
  spread-jobs-conform bytes CASE                           write the exact input of a case, for a pipe into a worker
  spread-jobs-conform report REPORT... [--html FILE] ...   show reports, of one worker or several
  spread-jobs-conform fuzz [options] -- WORKER [ARG...]    explore a worker with random conversations
  spread-jobs-conform selftest [options]                   show that the kit finds what workers do wrong

exit status: 0 conformant; 1 a MUST failed (a SHOULD too with --strict), or the baseline is stale; 2 usage;
3 nothing failed, but a MUST could not be tested; 4 the worker or master could not be started; 5 a fault of the kit;
130 interrupted; 141 nobody reads standard output any more
"""


@attrs.frozen(kw_only=True)
class RunOptions(CommonOptions):
    """What `run` was asked to do, with the manifest worked in."""

    candidate: Candidate
    baseline: Path | None
    write_baseline: Path | None
    prune_baseline: bool
    found: Path | None
    """The manifest, if it was found beside the worker without being asked for."""


@attrs.frozen
class ListOptions:
    """What `list` was asked to do."""

    as_json: bool
    masters: bool = False
    """Whether the cases for masters are to be shown, in place of those for workers."""


@attrs.frozen
class ExplainOptions:
    """What `explain` was asked about."""

    subject: str


@attrs.frozen
class VerifyOptions:
    """What `verify` was asked to do."""

    report: Path


@attrs.frozen(kw_only=True)
class SelftestOptions:
    """What `selftest` was asked to do."""

    jobs: int
    only: tuple[str, ...] = ()
    whole: bool = False
    matrix: Path | None = None


@attrs.frozen
class BytesOptions:
    """What `bytes` was asked for."""

    case: str
    candidate: Candidate
    output: Path | None
    """None: standard output."""
    as_text: bool


@attrs.frozen
class AllBytesOptions:
    """What `bytes --all` was asked for."""

    folder: Path


Options: TypeAlias = (
    RunOptions
    | ListOptions
    | ExplainOptions
    | VerifyOptions
    | ReportOptions
    | FuzzOptions
    | SelftestOptions
    | BytesOptions
    | AllBytesOptions
)


def parse(arguments: Sequence[str]) -> Options:  # noqa: PLR0911 - one row a verb
    """
    Reads the command line.

    Raises:
        UsageFault: It makes no sense, or the manifest does not.
        SystemExit: By argparse: status 2 for usage, 0 after ``--help``.
    """
    words = list(arguments)
    verb = words.pop(0) if words and words[0] in VERBS else "run"
    if verb == "list":
        parser = argparse.ArgumentParser(prog="spread-jobs-conform list", allow_abbrev=False)
        parser.add_argument("--json", action="store_true", help="a JSON array instead of a table")
        parser.add_argument("--masters", action="store_true", help="the cases for masters")
        given = parser.parse_args(words)
        return ListOptions(as_json=given.json, masters=given.masters)
    if verb == "explain":
        parser = argparse.ArgumentParser(prog="spread-jobs-conform explain", allow_abbrev=False)
        parser.add_argument("subject", metavar="REQ-OR-CASE", help="such as RUN-5, or run/task-id-0")
        return ExplainOptions(subject=str(parser.parse_args(words).subject))
    if verb == "verify":
        parser = argparse.ArgumentParser(prog="spread-jobs-conform verify", allow_abbrev=False)
        parser.add_argument("report", type=Path, metavar="REPORT", help="what --report wrote")
        return VerifyOptions(report=Path(parser.parse_args(words).report))
    if verb == "report":
        return parse_report(words)
    if verb == "fuzz":
        return parse_fuzz(words)
    if verb == "selftest":
        return _selftest_options(words)
    if verb == "bytes":
        return _bytes_options(words)
    return _run_options(words)


def _selftest_options(words: list[str]) -> SelftestOptions:
    parser = argparse.ArgumentParser(prog="spread-jobs-conform selftest", allow_abbrev=False)
    add = parser.add_argument
    add("-j", dest="jobs", type=count, metavar="N", help="processors to use; default all")
    add("--only", action="append", default=[], metavar="GLOB", help="these workers alone")
    add("--whole", action="store_true", help="every case on every wrong worker: takes some ten minutes")
    add("--matrix", type=Path, metavar="FILE", help="the same, and write the kill matrix, Markdown")
    given = parser.parse_args(words)
    return SelftestOptions(
        jobs=given.jobs if given.jobs is not None else processors(),
        only=tuple(given.only),
        whole=given.whole,
        matrix=given.matrix,
    )


def _bytes_options(words: list[str]) -> BytesOptions | AllBytesOptions:
    parser = argparse.ArgumentParser(
        prog="spread-jobs-conform bytes",
        usage="spread-jobs-conform bytes CASE [options] | bytes --all FOLDER",
        description="Writes what the kit writes to a worker's standard input in a case, from its start to its end.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("case", nargs="?", metavar="CASE", help="such as run/task-id-0; `list` shows them all")
    add_language(parser)
    parser.set_defaults(worker_class="worker")
    add("-o", dest="output", type=Path, metavar="FILE", help="write to a file")
    add("--text", action="store_true", help="for people: each message with its place and its meaning")
    add("--all", type=Path, metavar="FOLDER", help="write the inputs of all cases as files, with what is due")
    given = parser.parse_args(words)
    if given.all is not None:
        others = (given.case, given.codec, given.dialect, given.pickle_protocol, given.output, given.text or None)
        if any(each is not None for each in others):
            raise UsageFault("bytes --all FOLDER takes no case and no other option: it writes all of them")
        return AllBytesOptions(given.all)
    if given.case is None:
        raise UsageFault("bytes: a case is due, such as run/task-id-0, or --all FOLDER; `list` shows all cases")
    candidate = candidate_of(given, Manifest(), ("a worker in memory",))
    return BytesOptions(given.case, candidate, given.output, as_text=given.text)


def _run_options(words: list[str]) -> RunOptions:
    cut = words.index("--") if "--" in words else len(words)
    command = tuple(words[cut + 1 :])
    parser = _run_parser()
    given, strange = parser.parse_known_args(words[:cut])
    if strange:
        raise UsageFault(f"{shlex.join(strange)} is no option; the worker's command goes behind --")
    found = _found(given, command)
    if found is not None:
        given.manifest = found
    manifest = load_manifest(given.manifest) if given.manifest is not None else Manifest()
    candidate = candidate_of(given, manifest, command)
    kept = [given.baseline, given.manifest, given.write_baseline]
    check_report(given.report, kept)
    return RunOptions(
        candidate=candidate,
        patterns=tuple(given.case),
        skipped=tuple(given.skip),
        ids=tuple(given.req),
        strict=given.strict,
        baseline=given.baseline,
        write_baseline=given.write_baseline,
        prune_baseline=given.prune_baseline,
        all_scored=given.all_scored,
        jobs=given.jobs if given.jobs is not None else processors(),
        timeout_scale=given.timeout_scale,
        report=given.report,
        formats=formats_of(given, [given.report, *kept]),
        quiet=given.quiet,
        found=found,
        again=_again(given, command),
    )


def _found(given: argparse.Namespace, command: tuple[str, ...]) -> Path | None:
    """The manifest beside the worker, where none is named and none excluded."""
    if given.manifest is not None or given.no_manifest or given.worker_class != "worker":
        return None
    return beside(command)


def _run_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spread-jobs-conform",
        usage="spread-jobs-conform [run] [options] -- WORKER [ARG...]",
        description="Runs a worker through the specification of the worker protocol 1.0.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--class", dest="worker_class", choices=("worker", "command"), default="worker", help="what the program is")
    add_language(parser)
    manifest = parser.add_mutually_exclusive_group().add_argument
    manifest(
        "--manifest",
        type=Path,
        metavar="FILE",
        help=f"TOML, what is declared about the worker; default {NAME} beside it",
    )
    manifest("--no-manifest", action="store_true", help="look for no manifest beside the worker")
    add_choice(parser)
    add("--baseline", type=Path, metavar="FILE", help="TOML: cases that are known to fail, with reasons")
    add("--write-baseline", type=Path, metavar="FILE", help="add an entry for each case that fails and has none")
    add("--prune-baseline", action="store_true", help="remove the entries that are stale from the baseline")
    add_running(parser)
    return parser


def _again(given: argparse.Namespace, command: tuple[str, ...]) -> str:
    values: dict[str, object] = {
        "--class": None if given.worker_class == "worker" else given.worker_class,
        "--codec": given.codec,
        "--dialect": given.dialect,
        "--pickle-protocol": given.pickle_protocol,
        "--manifest": given.manifest,
        "--timeout-scale": None if given.timeout_scale == 1 else given.timeout_scale,
        "--all-scored": "" if given.all_scored else None,
        "--no-manifest": "" if given.no_manifest else None,
    }
    return again({option: str(value) for option, value in values.items() if value is not None}, command)
