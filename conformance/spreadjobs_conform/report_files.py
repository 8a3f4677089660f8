"""Writing the reports that were asked for: each is made of the lines of a report, whoever has them."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO, TypeAlias

import attrs

from spreadjobs_conform.common_options import CommonOptions
from spreadjobs_conform.findings import ReaderGone, UsageFault
from spreadjobs_conform.report_badge import badge
from spreadjobs_conform.report_html import check_installed, page
from spreadjobs_conform.report_junit import junit
from spreadjobs_conform.report_lines import lines_of
from spreadjobs_conform.report_markdown import as_markdown
from spreadjobs_conform.report_options import STANDARD_OUTPUT, Formats
from spreadjobs_conform.report_read import Report, typed
from spreadjobs_conform.report_tap import tap14
from spreadjobs_conform.requirements import Requirement

Maker: TypeAlias = Callable[[Sequence[Report], Mapping[str, Requirement]], str]

MAKERS: Final[Mapping[str, Maker]] = {
    "junit": junit,
    "tap": tap14,
    "markdown": as_markdown,
    "html": page,
    "badge": lambda reports, _requirements: badge(reports),
}


@attrs.frozen
class Outputs:
    """Files that are open for reports."""

    streams: Mapping[str, tuple[Path, TextIO]]
    lines: TextIO | None = None
    """For the lines of the report of a run."""

    def write(self, reports: Sequence[Report], requirements: Mapping[str, Requirement]) -> None:
        """
        Writes every report that was asked for.

        Args:
            reports: One or more, with unique names.
            requirements: All there are, by id.

        Raises:
            UsageFault: A file cannot be written.
            BrokenPipeError: Nobody reads standard output any more.
        """
        for name, (path, stream) in self.streams.items():
            text = MAKERS[name](reports, requirements)
            try:
                write_text(stream, text)
            except BrokenPipeError:
                raise
            except OSError as error:
                raise UsageFault(f"--{name} {path}: {error}") from error


def write_text(stream: TextIO, text: str) -> None:
    """
    Writes a text, with escapes for what the stream's encoding lacks.

    Raises:
        OSError: As the stream raises it.
    """
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


@contextlib.contextmanager
def told_when_gone(out: TextIO) -> Iterator[None]:
    """
    Around what is written to standard output: a broken pipe anywhere else is the worker's, or a fault of the kit.

    Raises:
        ReaderGone: Nobody reads it any more.
    """
    try:
        yield
        out.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error


def makeable(formats: Formats) -> tuple[Formats, str]:
    """What of the formats can be made here, and why the rest cannot; empty if all can."""
    try:
        if "html" in formats.files:
            check_installed()
    except UsageFault as fault:
        return Formats({name: path for name, path in formats.files.items() if name != "html"}), str(fault)
    return formats, ""


@contextlib.contextmanager
def open_outputs(formats: Formats, out: TextIO, report: Path | None = None) -> Iterator[Outputs]:
    """
    Opens the files, before a run that would be lost without them. None is emptied before all are open.

    Args:
        formats: What was asked for.
        out: Standard output.
        report: The file for the lines of a run's report, if they were asked for.

    Raises:
        UsageFault: One cannot be opened, or wants a package that is not installed; all files are as they were.
    """
    _, lacking = makeable(formats)
    if lacking:
        raise UsageFault(lacking)
    asked = formats.files if report is None else {"report": report, **formats.files}
    with contextlib.ExitStack() as stack:
        streams: dict[str, tuple[Path, TextIO]] = {}
        with contextlib.ExitStack() as made:
            for name, path in asked.items():
                is_new = path != STANDARD_OUTPUT and not os.path.lexists(path)
                streams[name] = (path, out if path == STANDARD_OUTPUT else _opened(name, path, stack))
                if is_new:
                    made.callback(path.unlink, missing_ok=True)
            made.pop_all()
        for name, (path, stream) in streams.items():
            if stream is not out:
                _empty(name, path, stream)
        _, lines = streams.pop("report", (None, None))
        yield Outputs(streams, lines)


def _opened(name: str, path: Path, stack: contextlib.ExitStack) -> TextIO:
    try:
        stream = path.open("a", encoding="utf-8")
    except OSError as error:
        raise UsageFault(f"--{name} {path}: {error}") from error
    stack.callback(_close, stream)
    return stream


def _empty(name: str, path: Path, stream: TextIO) -> None:
    try:
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            stream.truncate(0)
    except OSError as error:
        raise UsageFault(f"--{name} {path}: {error}") from error


def _close(stream: TextIO) -> None:
    # All was flushed when it was written: what fails here failed there, and was told.
    with contextlib.suppress(OSError):
        stream.close()


def write_reports(
    outputs: Outputs,
    lines: Sequence[str],
    options: CommonOptions,
    requirements: Mapping[str, Requirement],
    out: TextIO,
) -> None:
    """
    Every other report of a run is made of the lines of the one.

    Args:
        outputs: Where to.
        lines: Those of the report, so far.
        options: Of the run.
        requirements: All there are, by id.
        out: Standard output.

    Raises:
        UsageFault: A file cannot be written.
        ReaderGone: Nobody reads standard output any more.
    """
    if lines and options.formats.files:
        with told_when_gone(out):
            outputs.write((typed(lines_of(lines, options.report or Path("--report"))),), requirements)
