"""Writing the reports that were asked for: each is made of the lines of a report, whoever has them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO, TypeAlias

import attrs

from spreadjobs_conform.findings import ReaderGone, UsageFault
from spreadjobs_conform.report_badge import badge
from spreadjobs_conform.report_html import check_installed, page
from spreadjobs_conform.report_junit import junit
from spreadjobs_conform.report_markdown import as_markdown
from spreadjobs_conform.report_options import STANDARD_OUTPUT, Formats
from spreadjobs_conform.report_read import Report
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


@contextlib.contextmanager
def open_outputs(formats: Formats, out: TextIO) -> Iterator[Outputs]:
    """
    Opens the files, before a run that would be lost without them.

    Args:
        formats: What was asked for.
        out: Standard output.

    Raises:
        UsageFault: One cannot be opened, or wants a package that is not installed.
    """
    if "html" in formats.files:
        check_installed()
    with contextlib.ExitStack() as stack:
        streams: dict[str, tuple[Path, TextIO]] = {}
        for name, path in formats.files.items():
            if path == STANDARD_OUTPUT:
                streams[name] = (path, out)
                continue
            try:
                stream = path.open("w", encoding="utf-8")
            except OSError as error:
                raise UsageFault(f"--{name} {path}: {error}") from error
            stack.callback(_close, stream)
            streams[name] = (path, stream)
        yield Outputs(streams)


def _close(stream: TextIO) -> None:
    # All was flushed when it was written: what fails here failed there, and was told.
    with contextlib.suppress(OSError):
        stream.close()
