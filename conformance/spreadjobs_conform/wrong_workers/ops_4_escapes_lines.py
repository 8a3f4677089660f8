"""Breaks OPS-4: escapes printed lines as for a page."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from right_worker import Worker, run

if TYPE_CHECKING:
    from collections.abc import Sequence


class EscapesLines(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        super().op_print([html.escape(line, quote=False) for line in out], err)


run(EscapesLines)
