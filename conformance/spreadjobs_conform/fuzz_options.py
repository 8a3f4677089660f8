"""The command line of ``fuzz``."""

from __future__ import annotations

import argparse
import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from spreadjobs_conform.again import again
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.common_options import count, processors, scale
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.language_options import add_language, candidate_of
from spreadjobs_conform.manifest import NAME, Manifest, beside, load_manifest

DEFAULT_SEED: Final = 1
DEFAULT_BUDGET_S: Final = 60.0
DEFAULT_FOLDER: Final = Path("spread-jobs-fuzz")
MOST_KINDS: Final = 5
SHRINK_S: Final = 20.0
USAGE: Final = "spread-jobs-conform fuzz [options] -- WORKER [ARG...] | fuzz --again FILE -- WORKER [ARG...]"


@attrs.frozen(kw_only=True)
class FuzzOptions:
    """What `fuzz` was asked to do, with the manifest worked in."""

    candidate: Candidate
    seed: int
    budget_s: float
    most: int | None
    """How many conversations are had at most; None: as many as there is time for."""
    jobs: int
    timeout_scale: float
    strict: bool
    output: Path
    """The folder for the vectors of what is found; made when something is."""
    again: Path | None
    """The vector that is to be played once more, and nothing else."""
    command_again: str
    """The command line that runs this worker again, with ``{}`` where the choice goes."""
    given: frozenset[str] = frozenset()
    """Which of ``--codec``, ``--dialect`` and ``--pickle-protocol`` were given."""
    most_kinds: int = MOST_KINDS
    """When so many kinds of failures are found, no further conversation is begun."""
    shrink_s: float = SHRINK_S
    """For how long each kind is made smaller at most."""


def parse_fuzz(words: Sequence[str]) -> FuzzOptions:
    """
    Reads the command line of `fuzz`.

    Raises:
        UsageFault: It makes no sense, or the manifest does not.
        SystemExit: By argparse: status 2 for usage, 0 after ``--help``.
    """
    cut = list(words).index("--") if "--" in words else len(words)
    command = tuple(words[cut + 1 :])
    given, strange = _parser().parse_known_args(words[:cut])
    if strange:
        raise UsageFault(f"{shlex.join(strange)} is no option of fuzz; the worker's command goes behind --")
    if given.manifest is None and not given.no_manifest:
        given.manifest = beside(command)
    manifest = load_manifest(given.manifest) if given.manifest is not None else Manifest()
    given.worker_class = "worker"
    candidate = candidate_of(given, manifest, command)
    if candidate.preparation_counted:
        ends = "the manifest says that this one ends by count (preparation_ends)"
        raise UsageFault(f"fuzz sends preparations of its own, and {ends}")
    language = {"--codec": given.codec, "--dialect": given.dialect, "--pickle-protocol": given.pickle_protocol}
    return FuzzOptions(
        candidate=candidate,
        seed=given.seed,
        budget_s=given.budget,
        most=given.conversations,
        jobs=given.jobs if given.jobs is not None else processors(),
        timeout_scale=given.timeout_scale,
        strict=given.strict,
        output=given.output,
        again=given.again,
        command_again=_again(given, command),
        most_kinds=given.kinds,
        shrink_s=given.shrink,
        given=frozenset(name for name, value in language.items() if value is not None),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spread-jobs-conform fuzz",
        usage=USAGE,
        description=(
            "Has random conversations with a worker that serves the conformance payloads, each of which the "
            "specification allows, and shrinks those in which it does something wrong to vector files."
        ),
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--seed", type=_seed, default=DEFAULT_SEED, metavar="N", help="the same conversations again; default 1")
    add("--budget", type=duration_s, default=DEFAULT_BUDGET_S, metavar="TIME", help="60s, 5m or 90 (s); default 60s")
    add("--conversations", type=count, metavar="N", help="no more than so many; default as there is time for")
    add("--kinds", type=count, default=MOST_KINDS, metavar="N", help="stop after so many kinds of failures; default 5")
    add("--shrink", type=duration_s, default=SHRINK_S, metavar="TIME", help="to make each kind smaller; default 20s")
    add("-j", dest="jobs", type=count, metavar="N", help="side by side; default the number of processors")
    add_language(parser)
    add("--manifest", type=Path, metavar="FILE", help=f"TOML, as for run; default {NAME} beside the worker")
    add("--no-manifest", action="store_true", help="look for no manifest beside the worker")
    add("--timeout-scale", type=scale, default=1.0, metavar="X", help="factor on every time limit")
    add("--strict", action="store_true", help="a SHOULD that is broken counts too")
    add("--output", type=Path, default=DEFAULT_FOLDER, metavar="FOLDER", help=f"for vectors; default {DEFAULT_FOLDER}")
    add("--again", type=Path, metavar="FILE", help="play this vector (NAME.json) once more, and nothing else")
    return parser


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no seed; a whole number of 0 or more is due")
    return int(text)


def duration_s(text: str) -> float:
    """
    Seconds of ``90``, ``60s``, ``1.5m`` or ``2h``.

    Raises:
        argparse.ArgumentTypeError: It is no such text.
    """
    factor = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    try:
        number = float(text if factor is None else text[:-1])
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; such as 60s, 5m or 90 is due")
    return number * (factor or 1.0)


def _again(given: argparse.Namespace, command: tuple[str, ...]) -> str:
    values: dict[str, object] = {
        "--codec": given.codec,
        "--dialect": given.dialect,
        "--pickle-protocol": given.pickle_protocol,
        "--manifest": None if command and beside(command) == given.manifest else given.manifest,
        "--timeout-scale": None if given.timeout_scale == 1 else given.timeout_scale,
        "--no-manifest": "" if given.no_manifest else None,
    }
    text = again({option: str(value) for option, value in values.items() if value is not None}, command)
    return text.replace("spread-jobs-conform", "spread-jobs-conform fuzz", 1)
