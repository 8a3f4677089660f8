"""``bytes CASE``: the input of one case on standard output or in a file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TextIO

from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.options import BytesOptions
from spreadjobs_conform.registry import Case
from spreadjobs_conform.vectors import text_lines, vector_of


def write_bytes(options: BytesOptions, cases: Sequence[Case], out: TextIO, err: TextIO) -> None:
    """
    Writes the input of a case, and on standard error what a pipe cannot do of it.

    Args:
        options: What was asked for.
        cases: All that the kit has.
        out: Where to, unless a file is given. It must have a ``buffer``: bytes are no text.
        err: For the notes.

    Raises:
        UsageFault: There is no such case, it does not apply, or the file cannot be written.
    """
    chosen = next((case for case in cases if case.id == options.case), None)
    if chosen is None:
        raise UsageFault(f"bytes {options.case}: there is no such case; `list` shows all, --all FOLDER writes all")
    vector = vector_of(chosen, options.candidate)
    lines = text_lines(vector) if options.as_text else []
    data = "".join(f"{line}\n" for line in lines).encode("utf-8") if options.as_text else vector.data
    if options.output is not None:
        try:
            options.output.write_bytes(data)
        except OSError as error:
            raise UsageFault(f"-o {options.output}: {error}") from error
    elif isinstance(out, io.TextIOWrapper):
        out.buffer.write(data)
    else:
        raise UsageFault("bytes: standard output takes text alone here; use -o FILE")
    if not options.as_text:
        if not vector.data:
            err.write(f"{chosen.id}: the input has no bytes, only its end\n")
        err.writelines(f"{chosen.id}: {note}\n" for note in vector.notes)
