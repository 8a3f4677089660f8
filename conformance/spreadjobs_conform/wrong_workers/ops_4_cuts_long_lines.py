"""Breaks OPS-4: cuts printed lines after 8 KiB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from right_worker import Worker, run

if TYPE_CHECKING:
    from collections.abc import Sequence


MOST = 8192


class CutsLongLines(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        super().op_print([line[:MOST] for line in out], [line[:MOST] for line in err])


run(CutsLongLines)
