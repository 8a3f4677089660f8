"""The options that ask for reports, which ``run`` and ``report`` have in common, and the command line of ``report``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import attrs

from spreadjobs_conform.findings import UsageFault

STANDARD_OUTPUT: Final = Path("-")
FORMATS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "junit": "JUnit XML",
        "tap": "TAP 14",
        "markdown": "Markdown, for the summary page of a CI",
        "html": "one self-contained page",
        "badge": "an SVG image",
    }
)


@attrs.frozen
class Formats:
    """Which reports are asked for: format to file, ``-`` for standard output."""

    files: Mapping[str, Path] = MappingProxyType({})

    def on_standard_output(self, report: Path | None = None) -> bool:
        """Whether one goes there, or the report of a run does: then nothing else may."""
        return STANDARD_OUTPUT in (report, *self.files.values())


@attrs.frozen(kw_only=True)
class ReportOptions:
    """What `report` was asked to do."""

    reports: tuple[Path, ...]
    names: tuple[str, ...]
    """Of the workers, in the order of the reports; may be fewer."""
    formats: Formats


def add_formats(parser: argparse.ArgumentParser) -> None:
    """Adds the options of all formats."""
    for name, what in FORMATS.items():
        parser.add_argument(
            f"--{name}", type=Path, metavar="FILE", help=f"write a report: {what}; - is standard output"
        )


def formats_of(given: argparse.Namespace, others: Sequence[Path | None] = ()) -> Formats:
    """
    What was asked for.

    Args:
        given: What a parser with these options read.
        others: Files that must not be overwritten by a report.

    Raises:
        UsageFault: Two things would be written to one file.
    """
    files: dict[str, Path] = {}
    taken = {_place(path) for path in others if path is not None}
    for name in FORMATS:
        path: Path | None = getattr(given, name)
        if path is None:
            continue
        if _place(path) in taken:
            what = "standard output" if path == STANDARD_OUTPUT else str(path)
            raise UsageFault(f"--{name} {path}: {what} is taken already; each report wants a file of its own")
        taken.add(_place(path))
        files[name] = path
    return Formats(MappingProxyType(files))


def check_report(path: Path | None, kept: Sequence[Path | None]) -> None:
    """
    Makes sure that the file of ``--report`` is none that the run reads.

    Args:
        path: The file.
        kept: Files that must not be overwritten.

    Raises:
        UsageFault: It is one of the others.
    """
    if path is not None and _place(path) in {_place(each) for each in kept if each is not None}:
        raise UsageFault(f"--report {path}: {path} is taken already; each report wants a file of its own")


def _place(path: Path) -> Path:
    # The file itself, by whatever name or link it was given.
    return path if path == STANDARD_OUTPUT else Path(os.path.realpath(path))


def parse_report(words: Sequence[str]) -> ReportOptions:
    """
    Reads the command line of `report`.

    Raises:
        UsageFault: It makes no sense.
        SystemExit: By argparse: status 2 for usage, 0 after ``--help``.
    """
    parser = argparse.ArgumentParser(
        prog="spread-jobs-conform report",
        description="Shows reports of runs, one or several workers; without an option, as text.",
        allow_abbrev=False,
    )
    parser.add_argument("reports", type=Path, nargs="+", metavar="REPORT", help="what --report wrote")
    parser.add_argument("--name", action="append", default=[], metavar="NAME", help="of the worker of the next report")
    add_formats(parser)
    given = parser.parse_intermixed_args(words)
    reports, names = tuple(given.reports), tuple(given.name)
    if len(names) > len(reports):
        raise UsageFault(f"{len(names)} --name for {len(reports)} reports: there is one too many")
    if not all(name.strip() for name in names):
        raise UsageFault("--name '': a name is due, such as --name rust")
    return ReportOptions(reports=reports, names=names, formats=formats_of(given, reports))
