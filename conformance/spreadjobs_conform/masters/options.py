"""The command line of ``master``. It is stable: scripts outside the project rely on it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence

import attrs

from spreadjobs_conform.again import again
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.common_options import CommonOptions, add_choice, add_running, processors
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.report_options import formats_of

VERB = "master"
EPILOG = """\
COMMAND is an adapter: it is given the path of a job, a JSON file, as its last argument, has the master under test do
it, and prints an account of it. Both forms are in spec/1.0/masters.md. `list --masters` shows the cases.

exit status: 0 conformant; 1 a MUST failed (a SHOULD too with --strict); 2 usage; 3 nothing failed, but a MUST could not
be tested; 4 COMMAND could not be started; 5 a fault of the kit; 130 interrupted; 141 nobody reads standard output
"""


@attrs.frozen(kw_only=True)
class MasterOptions(CommonOptions):
    """What `master` was asked to do."""

    candidate: Candidate


def parse_master(words: Sequence[str]) -> MasterOptions:
    """
    Reads the command line behind ``master``.

    Raises:
        UsageFault: It makes no sense.
        SystemExit: By argparse: status 2 for usage, 0 after ``--help``.
    """
    cut = list(words).index("--") if "--" in words else len(words)
    command = tuple(words[cut + 1 :])
    given, strange = _parser().parse_known_args(words[:cut])
    if strange:
        raise UsageFault(f"{shlex.join(strange)} is no option of {VERB}; the master's command goes behind --")
    if not command:
        raise UsageFault(f"no master is given: put its adapter's command behind -- ({VERB} --help)")
    return MasterOptions(
        candidate=Candidate(command=command, worker_class="master", codec=given.codec),
        patterns=tuple(given.case),
        skipped=tuple(given.skip),
        ids=tuple(given.req),
        strict=given.strict,
        all_scored=given.all_scored,
        jobs=given.jobs if given.jobs is not None else processors(),
        timeout_scale=given.timeout_scale,
        report=given.report,
        formats=formats_of(given, [given.report]),
        quiet=given.quiet,
        again=_again(given, command),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"spread-jobs-conform {VERB}",
        usage=f"spread-jobs-conform {VERB} [options] -- COMMAND [ARG...]",
        description="Runs a master through the specification of the worker protocol 1.0: the kit plays its workers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--codec", choices=("pickle", "json"), default="pickle", help="of the jobs; default pickle")
    add_choice(parser)
    add_running(parser)
    return parser


def _again(given: argparse.Namespace, command: tuple[str, ...]) -> str:
    options = {
        "--codec": None if given.codec == "pickle" else given.codec,
        "--timeout-scale": None if given.timeout_scale == 1 else str(given.timeout_scale),
        "--all-scored": "" if given.all_scored else None,
    }
    return again({option: value for option, value in options.items() if value is not None}, command, VERB)
