"""Breaks OPS-4: captures what tasks print as text with universal newlines."""

from __future__ import annotations

import io
from collections.abc import Sequence

import above  # noqa: F401 - it makes the next import work
from right_worker import Worker, run


def captured(lines: Sequence[str]) -> list[str]:
    return io.StringIO("".join(lines), newline=None).readlines()


class TranslatesLineEnds(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        super().op_print(captured(out), captured(err))


run(TranslatesLineEnds)
