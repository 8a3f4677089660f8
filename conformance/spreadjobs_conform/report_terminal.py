"""
What a person at a terminal gets beside the text: progress while the run goes on, and colour.

Only at a terminal, only if rich is installed, and only if the environment has no NO_COLOR; otherwise the text is plain.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO

from spreadjobs_conform.report_escape import visible
from spreadjobs_conform.report_files import write_text
from spreadjobs_conform.report_layout import PIPED_COLUMNS
from spreadjobs_conform.verdicts import Status, Verdict

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status as Spinner

STYLES: Final[Mapping[str, str]] = {
    r"FAIL  .*": "bold red",
    r"KIT FAULT  .*": "bold red",
    r"NOT CONFORMANT|THE KIT FAILED.*|THE BASELINE IS STALE.*|baseline: .*": "bold red",
    r"CONFORMANT|VERIFIED": "bold green",
    r"CONFORMANT(?:,| in).*|NOTHING FAILED.*|NOT (?:TESTED|SCORED)  .*|known  .*|flaky  .*": "yellow",
    r"  cure: .*": "bold",
}
"""What a line is, and how it looks."""


class Terminal:
    """
    Standard output, if it is a terminal, or just a stream.

    Args:
        stream: Where to.
        cases: How many cases are run.
        quiet: Whether there is no progress.
    """

    def __init__(self, stream: TextIO, cases: int, *, quiet: bool) -> None:
        self._stream = stream
        self._cases = cases
        self._console = _console(stream)
        self._done = 0
        self._failed = 0
        self._spinner: Spinner | None = None
        if self._console is not None and not quiet:
            self._spinner = self._console.status(self._progress("starting"), spinner="line", refresh_per_second=4)

    @property
    def columns(self) -> int:
        """How wide lines may be."""
        return shutil.get_terminal_size().columns if self._stream.isatty() else PIPED_COLUMNS

    def __enter__(self) -> Self:
        if self._spinner is not None:
            self._spinner.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._spinner is not None:
            self._spinner.stop()

    def saw(self, verdict: Verdict) -> None:
        """One more case is done."""
        self._done += 1
        self._failed += verdict.status in (Status.FAIL, Status.HARNESS_ERROR)
        if self._spinner is not None:
            self._spinner.update(self._progress(verdict.case.family))

    def write(self, text: str) -> None:
        """
        The text of the report.

        Raises:
            OSError: As the stream raises it.
        """
        if self._console is None:
            write_text(self._stream, visible(text))
            return
        from rich.text import Text  # noqa: PLC0415 - an extra: the kit works without it

        for line in visible(text).splitlines():
            encoding = self._stream.encoding or "utf-8"
            shown = line.encode(encoding, "backslashreplace").decode(encoding)
            # rich drops colour for NO_COLOR, and keeps what is bold.
            style = "" if os.environ.get("NO_COLOR") else _style(line)
            self._console.print(Text(shown, style), soft_wrap=True)

    def _progress(self, family: str) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        return f"{self._done} of {self._cases} cases, {family}{failed}"


def _console(stream: TextIO) -> Console | None:
    # With NO_COLOR rich itself would still write bold and move the cursor.
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return None
    try:
        from rich.console import Console  # noqa: PLC0415 - an extra: the kit works without it
    except ImportError:
        return None
    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _style(line: str) -> str:
    return next((style for pattern, style in STYLES.items() if re.fullmatch(pattern, line)), "")
